"""What a box is given as its standard streams leads nowhere else: no folder, no network, no other opening.

A socket stays in the network it was made in, and a folder in its root: both come along into the box.
"""

import os
import socket
from collections.abc import Callable

import pytest

import boxes
from leaving_out import no_landlock, no_probe, python
from ringfence.core.errors import RingfenceError
from ringfence.sandbox import serving
from ringfence.sandbox.box import Streams
from ringfence.sandbox.linux import box

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]


def streams_not_looked_at() -> None:
    serving._Serving._check = lambda self, plan, streams: None


def _with(
    stdin: int, script: str | list[str], *, user: str, without: tuple[Callable[[], None], ...] = ()
) -> str:
    """What a program says whose standard input is this; or why it was not started."""

    argv = python(script) if isinstance(script, str) else script

    def ran() -> str:
        read, write = os.pipe()
        try:
            with boxes.launcher(without=without) as launcher:
                given = Streams(stdin=stdin, stdout=write, stderr=write)
                try:
                    begun = boxes.start(
                        launcher,
                        boxes.plan_for(tree=tree, user=user),
                        boxes.command_for(argv, tree=tree),
                        given,
                    )
                except RingfenceError as error:
                    return error.what
                finally:
                    os.close(write)
                with begun:
                    return boxes.follow(begun, stdout=read).stdout.decode().strip()
        finally:
            os.close(read)

    with boxes.tree_of(user) as tree:
        if os.geteuid() == 0 and user == "ordinary":
            return str(boxes.as_user(boxes.ORDINARY, ran))
        return ran()


_ELSEWHERE = """
import socket
given = socket.socket(fileno=0)
connect = 42 if os.uname().machine == "x86_64" else 203
if given.family == socket.AF_INET:
    call(connect, 0, ctypes.create_string_buffer(16), 16)
try:
    given.connect({address!r})
    print("reached")
except OSError as error:
    print(error.strerror)
"""
_NOT_GIVEN = "give a socket that can be connected to somewhere else"


@pytest.mark.parametrize("user", USERS)
def test_a_socket_of_the_internet_is_no_stream_and_as_one_it_would_reach_the_host_s_network(
    user: str,
) -> None:
    with socket.socket() as listener, socket.socket() as other, socket.socket() as given:
        for each in (listener, other):
            each.bind(("127.0.0.1", 0))
            each.listen()
        given.connect(listener.getsockname())
        script = _ELSEWHERE.format(address=other.getsockname())
        assert _NOT_GIVEN in _with(given.fileno(), script, user=user)
        assert _with(given.fileno(), script, user=user, without=(streams_not_looked_at,)) == "reached"
        assert other.accept()[0].getsockname() == other.getsockname()


@pytest.mark.parametrize("user", USERS)
def test_a_local_socket_for_datagrams_is_none_either(user: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind("")
        given, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with given, peer:
            script = _ELSEWHERE.format(address=other.getsockname())
            assert _NOT_GIVEN in _with(given.fileno(), script, user=user)
            held = _with(given.fileno(), script, user=user, without=(streams_not_looked_at,))
            free = (streams_not_looked_at, no_landlock, no_probe)
            assert (held, _with(given.fileno(), script, user=user, without=free)) == (
                "Operation not permitted",
                "reached",
            )


def test_a_local_socket_that_is_connected_is_given_and_leads_nowhere_else() -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("")
        other.listen()
        given, peer = socket.socketpair()
        with given, peer:
            script = _ELSEWHERE.format(address=other.getsockname())
            assert _with(given.fileno(), script, user="ordinary") == "Transport endpoint is already connected"
        with socket.socket(socket.AF_UNIX) as unconnected:
            assert _NOT_GIVEN in _with(unconnected.fileno(), script, user="ordinary")


@pytest.mark.parametrize("user", USERS)
def test_a_folder_is_no_stream_and_as_one_it_would_be_a_way_to_the_host_s_root(user: str) -> None:
    listed = ["/bin/ls", "/proc/self/fd/0/"]
    folder = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert "give a folder as a standard stream" in _with(folder, listed, user=user)
        assert _with(folder, listed, user=user, without=(streams_not_looked_at,)) == ""  # it is tried as well
        free = (streams_not_looked_at, no_landlock, no_probe)
        assert "passwd" in _with(folder, listed, user=user, without=free).split()
    finally:
        os.close(folder)


_OPENED_ANEW = """
for mode in (os.O_RDONLY, os.O_WRONLY):
    try:
        print(os.write(os.open("/proc/self/fd/0", mode), b"planted") if mode else
              os.open("/proc/self/fd/0", mode) > 2)
    except OSError as error:
        print(error.strerror)
"""


def streams_as_they_are_given() -> None:
    box.narrow = lambda stream: None


@pytest.mark.parametrize("user", USERS)
def test_a_file_that_is_given_to_be_read_is_not_opened_anew_to_be_written(user: str) -> None:
    def tried(*without: Callable[[], None]) -> str:
        given = os.open(file, os.O_RDONLY)
        try:
            return _with(given, _OPENED_ANEW, user=user, without=without)
        finally:
            os.close(given)

    with boxes.tree_of(user) as folder:
        folder.chmod(0o755)
        file = folder / "input"
        file.write_text("as it was")
        file.chmod(0o666)
        by_landlock = tried(streams_as_they_are_given, no_probe)
        assert by_landlock == "Permission denied\nPermission denied"
        assert tried(no_landlock, no_probe) == "True\nRead-only file system"
        assert tried().endswith("\nRead-only file system")
        assert file.read_text() == "as it was"
        assert tried(streams_as_they_are_given, no_landlock, no_probe) == "True\n7"
        assert file.read_text() == "plantedas"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives what others cannot reach")
def test_a_file_that_its_user_cannot_reach_is_given_and_not_opened_anew() -> None:
    with boxes.tree_of() as folder:
        folder.chmod(0o700)
        (folder / "input").write_text("as it was")
        (folder / "input").chmod(0o666)
        given = os.open(folder / "input", os.O_RDONLY)
        try:
            said = _with(given, f"print(os.read(0, 99)){_OPENED_ANEW}", user="ordinary")
        finally:
            os.close(given)
    assert said == "b'as it was'\nPermission denied\nPermission denied"
