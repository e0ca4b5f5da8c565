"""A program has taken a proxy over, and its code does what it likes: it has nothing and reaches nobody.

Each attack works without what confines the proxy, so that it shows what holds. What remains to it is what it
was given: its session's own sockets, and what it may ask the broker for that session.
"""

import ctypes
import mmap
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from broker_scene import policy
from daemon_scene import ORDINARY, USERS, WHOLE, daemon
from ringfence.daemon import confining, forking
from ringfence.daemon.client import SessionRefused
from ringfence.sandbox.linux import kernel, landlock

_SECRET = ctypes.create_string_buffer(b"of the forker and all its children", 64)


class _Attacks:
    """All that is tried, as the proxy. `forker` is a process of the same user."""

    def __init__(self, home: Path, server: int) -> None:
        self.home, self.server, self.forker = home, server, 0

    def read_a_key(self) -> bool:
        return (self.home / "id").read_text() == "key"

    def list_a_folder(self) -> bool:
        return "passwd" in os.listdir("/etc")

    def write_a_file(self) -> bool:
        return bool((self.home / "written").write_text("x"))

    def read_anothers_memory(self) -> bool:
        with open(f"/proc/{self.forker}/mem", "rb", 0) as memory:
            memory.seek(ctypes.addressof(_SECRET))
            return memory.read(64) == _SECRET.raw

    def copy_anothers_memory(self) -> bool:
        there = ctypes.create_string_buffer(64)
        ours = (ctypes.c_size_t * 2)(ctypes.addressof(there), 64)
        theirs = (ctypes.c_size_t * 2)(ctypes.addressof(_SECRET), 64)
        copied = ctypes.CDLL(None).process_vm_readv(self.forker, ours, 1, theirs, 1, 0)
        return copied == 64 and there.raw == _SECRET.raw

    def connect_to_a_server(self) -> bool:
        with socket.socket() as made:
            made.connect(("127.0.0.1", self.server))
        return True

    def bind_a_port(self) -> bool:
        with socket.socket() as made:
            made.bind(("127.0.0.1", 0))
        return True

    def execute_a_program(self) -> bool:
        return subprocess.run(["/bin/true"], check=False).returncode == 0

    def start_a_process(self) -> bool:
        pid = os.fork()
        if not pid:
            os._exit(0)
        return os.waitpid(pid, 0) == (pid, 0)

    def start_a_thread(self) -> bool:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        return True

    def signal_another_process(self) -> bool:
        os.kill(self.forker, 0)
        return True

    def change_a_limit(self) -> bool:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        return True

    def make_memory_that_runs(self) -> bool:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
        return True

    def take_memory_that_nobody_counts(self) -> bool:
        mmap.mmap(-1, 4096, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS).close()
        return True

    def fill_a_file_in_memory(self) -> bool:
        file = os.memfd_create("large")
        return os.pwrite(file, b"x", 1 << 20) == 1

    def all(self) -> list[str]:
        """The names of those that work."""
        return [name for name in _TRIED if self._works(name)]

    def _works(self, name: str) -> bool:
        try:
            return bool(getattr(self, name)())
        except (OSError, RuntimeError, ValueError):
            return False


_TRIED = [name for name in vars(_Attacks) if name[0] != "_" and name != "all"]
_BY_THE_FILTER_ALONE = ["change_a_limit", "make_memory_that_runs", "take_memory_that_nobody_counts"]


def _that_work(user: str) -> list[str] | None:
    """What works in a proxy of that user; None where it did not come to serve."""
    with (
        tempfile.TemporaryDirectory(prefix="ringfence-proxy-", dir="/var/tmp") as home,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        (Path(home) / "id").write_text("key")
        attacks = _Attacks(Path(home), server.getsockname()[1])

        def prepare() -> None:
            attacks.forker = os.getpid()
            sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - of the test's own nothing is left
            if user == "ordinary" and os.geteuid() == 0:
                for each in (home, f"{home}/id"):
                    os.chown(each, ORDINARY, ORDINARY)
                os.setgroups([])
                os.setresgid(ORDINARY, ORDINARY, ORDINARY)
                os.setresuid(ORDINARY, ORDINARY, ORDINARY)
                ctypes.CDLL(None).prctl(4, 1)  # as dumpable as what such a user executes

        def be_proxy(daemon: socket.socket, _broker: socket.socket) -> None:
            daemon.sendall(",".join(["over", *attacks.all()]).encode())

        forker = forking.start_forker(be_proxy, prepare=prepare)
        ours, theirs = socket.socketpair()
        proxy = forker.fork(theirs)
        proxy.channel.setblocking(True)
        with ours:
            said = proxy.channel.recv(4096).decode()
        proxy.end(at_once=False)
        forker.process.end(at_once=False)
    return said.split(",")[1:] if said else None


@pytest.fixture
def not_confined(monkeypatch):
    """Takes layers away, by their names."""

    def no_landlock() -> None:
        raise OSError(38, "not in this kernel")

    def without(*layers: str) -> None:
        for each in layers:
            match each:
                case "all":
                    monkeypatch.setattr(forking, "confine", lambda *_, **__: ())
                    monkeypatch.setattr(forking, "apart", lambda: (*kernel.clone(), ()))
                case "namespaces":
                    monkeypatch.setattr(forking, "apart", lambda: (*kernel.clone(), ()))
                case "filter":
                    monkeypatch.setattr(confining, "load_allowing", lambda *_, **__: None)
                    monkeypatch.setattr(confining, "_try_all", lambda: None)
                case "root":
                    monkeypatch.setattr(confining.os, "chroot", lambda _: None)
                case "landlock":
                    monkeypatch.setattr(landlock, "restrict_to_nothing", no_landlock)

    return without


@pytest.mark.parametrize("user", USERS)
def test_a_proxy_that_was_taken_over_reaches_nothing(user):
    assert _that_work(user) == []


@pytest.mark.parametrize("user", USERS)
def test_all_of_it_works_where_nothing_confines_it(user, not_confined):
    not_confined("all")
    assert _that_work(user) == _TRIED


@pytest.mark.parametrize("user", USERS)
def test_without_the_filter_the_other_layers_still_hold(user, not_confined):
    not_confined("filter")
    assert _that_work(user) == _BY_THE_FILTER_ALONE


@pytest.mark.parametrize("layer", ["namespaces", "landlock", "root"])
@pytest.mark.parametrize("user", USERS)
def test_where_a_layer_cannot_be_had_the_others_hold(user, layer, not_confined):
    not_confined(layer)
    assert _that_work(user) == []


def test_a_proxy_that_can_read_files_does_not_serve(not_confined, capfd):
    not_confined("landlock", "root")
    assert _that_work(USERS[0]) is None
    assert "ringfence: the proxy can read a file\n" in capfd.readouterr().err


def test_what_a_proxy_that_was_taken_over_says_is_shown_to_nobody(tmp_path):
    program = """
from ringfence.daemon.control import put
from ringfence.egress.messages import Refused
from ringfence.egress.wire import encode

def be_proxy(daemon, broker):
    daemon.recv(4096)
    put(daemon, encode(Refused(what="\\x1b]0;owned\\x07", hint=""), 1, True))
    daemon.setblocking(True)
    daemon.recv(4096)
"""
    with daemon(tmp_path, policy(folder=tmp_path, network=WHOLE), program=program) as here:
        with here.open() as box, pytest.raises(SessionRefused) as refused:
            box.attach([])
        assert refused.value.what == "the session's proxy does not serve it"


def test_a_proxy_that_was_taken_over_ends_with_its_daemon():
    """Its code need not heed that the daemon is gone."""

    def stay(daemon: socket.socket, _broker: socket.socket) -> None:
        daemon.sendall(b"here")
        select.select([], [], [])

    forker = forking.start_forker(stay, prepare=lambda: None)
    ours, theirs = socket.socketpair()
    proxy = forker.fork(theirs)
    proxy.channel.setblocking(True)
    with ours:
        assert proxy.channel.recv(4) == b"here"
        forker.process.end(at_once=True)
        ended = select.poll()
        ended.register(proxy.pidfd, select.POLLIN)
        assert ended.poll(20_000)
    proxy.end(at_once=True)


def test_a_proxy_is_forked_from_a_process_that_knows_no_session():
    """Nothing that the daemon learned since is in its memory."""
    learned = bytearray()
    forker = forking.start_forker(lambda daemon, _: daemon.sendall(b"=" + learned), prepare=lambda: None)
    learned += b"a key"
    ours, theirs = socket.socketpair()
    proxy = forker.fork(theirs)
    proxy.channel.setblocking(True)
    with ours:
        assert proxy.channel.recv(99) == b"="
    proxy.end(at_once=False)
    forker.process.end(at_once=False)
