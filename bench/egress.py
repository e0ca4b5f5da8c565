"""What proxy and broker add to requests, against mitmdump: all are told by CONNECT, TLS on both sides."""

import json
import os
import random
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from bench.egress_peers import Started, mitmdump, ours, upstream, yielding
from bench.measure import Result, by_turns

__all__ = ["egress"]

_NEW, _KEPT, _LARGE, _MANY, _EVENTS = 100, 1_000, 60, 500, 50
_LARGE_BYTES = 1024 * 1024
_TURNS = 5
_WARM = 20


def egress(place: Path) -> Iterator[Result]:
    """One row for each limit."""
    place = place / "egress"
    place.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(upstream(place))
        house = stack.enter_context(ours(place, server))
        proxy = stack.enter_context(yielding(place, server))
        other = stack.enter_context(mitmdump(place, server))
        if other is not None:
            yield from _compared(server, house, proxy, other)
        yield _events(server, house)
        yield _connections(server, house)
    yield _clone(place)


class _Client:
    """A connection by way of a proxy, or straight to the server."""

    def __init__(self, server: Started, by: Started) -> None:
        connected = socket.create_connection(("127.0.0.1", by.port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if by is not server:
            connected.sendall(
                b"CONNECT localhost:%d HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % ((server.port,) * 2)
            )
            if not connected.recv(4096).startswith(b"HTTP/1.1 200"):
                raise AssertionError("no tunnel")
        self._host = f"localhost:{server.port}".encode()
        self._tls = _CONTEXTS(by.ca_file).wrap_socket(connected, server_hostname="localhost")
        self._buffer = bytearray(2 * _LARGE_BYTES)

    def get(self, target: bytes) -> int:
        """The bytes of the body."""
        self._tls.sendall(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, self._host))
        view, size, end = memoryview(self._buffer), 0, -1
        while end < 0:
            size += self._tls.recv_into(view[size:])
            end = self._buffer.find(b"\r\n\r\n", 0, size)
        head = bytes(view[:end]).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while size < end + 4 + length:
            size += self._tls.recv_into(view[size:])
        return length

    def lines(self, target: bytes) -> Iterator[bytes]:
        """Those of a body without an end of its own, as they come."""
        self._tls.sendall(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, self._host))
        with self._tls.makefile("rb") as reader:
            for line in reader:
                yield line
                if line == b"0\r\n":
                    return

    def close(self) -> None:
        """Ends it."""
        self._tls.close()


def _contexts() -> Callable[[Path], ssl.SSLContext]:
    known: dict[Path, ssl.SSLContext] = {}

    def context(ca_file: Path) -> ssl.SSLContext:
        if ca_file not in known:
            known[ca_file] = ssl.create_default_context(cafile=str(ca_file))
        return known[ca_file]

    return context


_CONTEXTS = _contexts()


def _compared(server: Started, house: Started, proxy: Started, other: Started) -> Iterator[Result]:
    ways = (server, house, proxy, other)
    for name, limit, measure in (
        ("a new TLS connection with one GET", 0.4, _new_s),
        ("a GET on a kept connection", 0.25, _kept_s),
    ):
        direct, mine, alone, theirs = by_turns(*(_turn(measure, server, way) for way in ways), rounds=_TURNS)
        yield _row(name, limit, direct, mine, theirs)
        yield _row(f"{name}, by a broker that allows all", limit, direct, alone, theirs)
    direct, mine, theirs = by_turns(
        *(_turn(_large_s, server, way) for way in (server, house, other)), rounds=_TURNS
    )
    yield Result(
        name="bodies of 1 MB, rate against mitmdump",
        measured=theirs / mine,
        limit=1.5,
        at_least=True,
        detail=", ".join(f"{1 / each:.0f} MB/s" for each in (mine, theirs))
        + f"; direct {1 / direct:.0f} MB/s",
    )
    mine_bytes, their_bytes = _pss_bytes(house), _pss_bytes(other)
    yield Result(
        name="memory of proxy and broker after all that, against mitmdump",
        measured=mine_bytes / their_bytes,
        limit=0.6,
        detail=f"{mine_bytes / 1e6:.0f} MB and {their_bytes / 1e6:.0f} MB",
    )


def _row(name: str, limit: float, direct: float, mine: float, theirs: float) -> Result:
    told = f"{mine * 1e3:.2f} ms and {theirs * 1e3:.2f} ms; direct {direct * 1e3:.2f} ms"
    return Result(name=f"{name}, against mitmdump", measured=mine / theirs, limit=limit, detail=told)


def _turn(measure: Callable[[Started, Started], float], server: Started, by: Started) -> Callable[[], float]:
    return lambda: measure(server, by)


def _new_s(server: Started, by: Started) -> float:
    begun = time.perf_counter()
    for _ in range(_NEW):
        with closing(_Client(server, by)) as client:
            client.get(b"/small")
    return (time.perf_counter() - begun) / _NEW


def _kept_s(server: Started, by: Started) -> float:
    return _each_s(server, by, b"/small", _KEPT)


def _large_s(server: Started, by: Started) -> float:
    return _each_s(server, by, b"/large", _LARGE)


def _each_s(server: Started, by: Started, target: bytes, times: int) -> float:
    with closing(_Client(server, by)) as client:
        for _ in range(_WARM):
            client.get(target)
        begun = time.perf_counter()
        for _ in range(times):
            client.get(target)
        return (time.perf_counter() - begun) / times


def _events(server: Started, proxy: Started) -> Result:
    straight, late = _lateness_s(server, server), _lateness_s(server, proxy)
    return Result(
        name="an event of a stream, later than without the proxy",
        measured=(late - straight) * 1e3,
        limit=1,
        unit=" ms",
        detail=f"{late * 1e3:.2f} ms and {straight * 1e3:.2f} ms after it was sent",
    )


def _lateness_s(server: Started, by: Started) -> float:
    with closing(_Client(server, by)) as client:
        events = (line for line in client.lines(b"/events") if line.startswith(b"data: "))
        return statistics.median((time.monotonic_ns() - int(event[6:])) / 1e9 for event in events)


def _connections(server: Started, proxy: Started) -> Result:
    with ExitStack() as stack:
        begun = time.perf_counter()
        clients = [stack.enter_context(closing(_Client(server, proxy))) for _ in range(_MANY)]
        answered = sum(client.get(b"/small") == 1024 for client in clients)
        took = time.perf_counter() - begun
        memory = _pss_bytes(proxy)
    return Result(
        name=f"connections of {_MANY} at one time that are answered",
        measured=answered,
        limit=_MANY,
        at_least=True,
        unit="",
        detail=json.dumps({"s": round(took, 2), "MB": round(memory / 1e6)}),
    )


def _clone(place: Path) -> Result:
    repositories = _repositories(place)
    with upstream(place, repositories=repositories) as server, ours(place, server) as proxy:

        def seconds(by: Started) -> float:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                url = f"https://localhost:{server.port}/large.git"
                environment = {**os.environ, "GIT_SSL_CAINFO": str(by.ca_file), "https_proxy": ""}
                if by is not server:
                    environment["https_proxy"] = f"http://127.0.0.1:{by.port}"
                begun = time.perf_counter()
                subprocess.run(["git", "clone", "-q", "--bare", url, folder], env=environment, check=True)
                return time.perf_counter() - begun

        direct, through = by_turns(lambda: seconds(server), lambda: seconds(proxy))
    return Result(
        name="`git clone` of 100 MB, against direct",
        measured=through / direct,
        limit=1.3,
        detail=f"{through:.2f} s and {direct:.2f} s",
    )


def _repositories(place: Path) -> Path:
    """A folder with one repository, of files that do not shrink."""
    folder = place / "repositories"
    if not (folder / "large.git/HEAD").exists():
        tree = place / "large-tree"
        tree.mkdir(exist_ok=True)
        for number in range(10):
            (tree / f"file-{number}").write_bytes(random.Random(number).randbytes(10_000_000))
        author = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "Large files"]):
            subprocess.run(["git", "-C", str(tree), *command], check=True)
        bare = str(folder / "large.git")
        subprocess.run(["git", "clone", "-q", "--bare", str(tree), bare], check=True)
        # As servers keep them: what is sent is read, not made.
        subprocess.run(["git", "-C", bare, "repack", "-adq", "--window=0"], check=True)
    return folder


def _pss_bytes(started: Started) -> int:
    lines = [
        line for pid in started.pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    ]
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
