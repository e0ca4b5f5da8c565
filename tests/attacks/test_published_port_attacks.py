"""A box whose port is published, and that would have more by it than an answer to whoever connects."""

import socket
import subprocess
from pathlib import Path

import pytest

from real.running import PATIENCE_S, USERS, Place, appears, free_port, place, until

_LOOK = """
import errno, socket, sys
inside, outside, service = map(int, sys.argv[1:4])
listening = socket.create_server(("127.0.0.1", inside))
connected, peer = listening.accept()
listening.close()
found = []
for address in (("127.0.0.1", outside), ("::1", outside), (sys.argv[4], service), peer[:2]):
    try:
        socket.create_connection(address, 5).close()
        found.append("reached")
    except OSError as error:
        found.append(errno.errorcode[error.errno])
connected.sendall(" ".join(found).encode())
connected.shutdown(socket.SHUT_WR)
while connected.recv(100):
    pass
"""
_SERVICE = "127.66.5.4"  # whoever else tries ports meanwhile tries those of 127.0.0.1
_FLOOD = """
import socket, sys
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connected, _ = listening.accept()
connected.settimeout(2)
sent = 0
try:
    while True:
        sent += connected.send(bytes(65536))
except TimeoutError:
    print(sent)
"""


def _publish(here: Place, at: int) -> None:
    here.policy(
        f"version: 1\nagents: {{profiles: {{'*': {{sandbox: {{publish: {{port: 8000, at: {at}}}}}}}}}}}\n"
    )


def _connected(port: int) -> socket.socket:
    """To whoever listens behind that port, once somebody does."""

    def connect() -> socket.socket | None:
        client = socket.socket()
        client.settimeout(PATIENCE_S)
        try:
            client.connect(("127.0.0.1", port))
            client.recv(1, socket.MSG_PEEK)
        except OSError:
            client.close()
            return None
        return client

    found: socket.socket = until(connect, "a connection")
    return found


def _found(port: int) -> list[str]:
    with _connected(port) as client:
        return b"".join(iter(lambda: client.recv(100), b"")).decode().split()


@pytest.mark.parametrize("user", USERS)
def test_whoever_connects_gives_a_box_no_way_to_anything_of_the_machine(user: str) -> None:
    port = free_port()
    with place(user) as here, socket.create_server((_SERVICE, 0)) as service:
        _publish(here, port)
        here.write("look.py", _LOOK)
        arguments = (str(port), str(service.getsockname()[1]), _SERVICE)
        running = here.start("run", "--", "python3", "-I", "look.py", "8000", *arguments)
        assert _found(port) == ["ECONNREFUSED"] * 4
        service.setblocking(False)
        with pytest.raises(BlockingIOError):
            service.accept()
        running.communicate(timeout=PATIENCE_S)


def test_without_a_box_the_same_program_reaches_what_listens(tmp_path: Path) -> None:
    look, inside, port = tmp_path / "look.py", free_port(), free_port()
    look.write_text(_LOOK)
    with socket.create_server((_SERVICE, 0)) as service:
        arguments = map(str, (inside, port, service.getsockname()[1], _SERVICE))
        with subprocess.Popen(["python3", "-I", look, *arguments]):
            assert _found(inside)[2] == "reached"


def test_a_flood_that_nobody_reads_waits_in_the_box() -> None:
    port = free_port()
    with place() as here:
        _publish(here, port)
        here.write("flood.py", _FLOOD)
        running = here.start("run", "--", "python3", "-I", "flood.py", "8000")
        with _connected(port):
            out, _ = running.communicate(timeout=PATIENCE_S)
        assert 0 < int(out) < 32 * 1024 * 1024


@pytest.mark.parametrize("is_published", [False, True])
def test_a_server_in_a_box_is_reached_from_outside_where_its_port_is_published_alone(
    is_published: bool,
) -> None:
    port = free_port()
    with place() as here:
        _publish(here, port if is_published else free_port())
        script = """
            python3 -m http.server -b 127.0.0.1 8000 2>/dev/null &
            until curl -s -o page http://127.0.0.1:8000/; do :; done
            echo up > up
            read line
        """
        running = here.start("run", "--", "sh", "-c", script)
        appears(here.tree / "up")
        with socket.socket() as client:
            assert (client.connect_ex(("127.0.0.1", port)) == 0) == is_published
        running.communicate(timeout=PATIENCE_S)
