import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.egress.broker.programs import Programs

_NETLINK_SOCK_DIAG = 4


@pytest.fixture
def programs() -> Programs:
    return Programs(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG))


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_connections_program_is_found_by_its_end(programs: Programs, family: int) -> None:
    with socket.create_server(("", 0), family=family) as listener:
        where = ("127.0.0.1" if family == socket.AF_INET else "::1", listener.getsockname()[1])
        with socket.create_connection(where) as ours:
            found = programs.program(ours.getsockname()[:2], ours.getpeername()[:2])
    assert found == os.readlink("/proc/self/exe")
    assert found == str(Path(sys.executable).resolve())


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (("127.0.0.1", 1), ("127.0.0.1", 2)),
        (("nobody", 1), ("127.0.0.1", 2)),
        (("::1", 1), ("127.0.0.1", 2)),
    ],
)
def test_where_there_is_none_it_is_unknown(
    programs: Programs, source: tuple[str, int], destination: tuple[str, int]
) -> None:
    assert programs.program(source, destination) is None


def test_a_socket_that_two_programs_hold_is_nobodys(programs: Programs, tmp_path: Path) -> None:
    """A shell that handed its socket on could be either."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as ours,
    ):
        sleeping = subprocess.Popen(["sleep", "60"], pass_fds=[ours.fileno()])
        try:
            while os.readlink(f"/proc/{sleeping.pid}/exe") == os.readlink("/proc/self/exe"):
                pass
            assert programs.program(ours.getsockname(), ours.getpeername()) is None
        finally:
            sleeping.kill()
            sleeping.wait()
