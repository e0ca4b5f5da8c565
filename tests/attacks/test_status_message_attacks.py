"""A command that would speak in the name of its box: that it ended, that it stands, or by descriptors."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import boxes
from leaving_out import init_can_be_read, no_filter, no_landlock, no_probe, python
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.box import Box
from ringfence.sandbox.linux import command
from ringfence.sandbox.messages import MESSAGE_BYTES, Ended, Ready, Running

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]
_SAY = """
import socket, json
said = json.dumps({"ended": 0}).encode()
found = []
for fd in range(3, 64):
    try:
        socket.socket(fileno=os.dup(fd)).send(said)
        found.append(fd)
    except OSError:
        pass
pidfd = call(434, 1, 0)
for fd in range(64):
    taken = call(438, pidfd, fd, 0)
    if taken >= 0:
        try:
            its = socket.socket(fileno=taken)
            if its.type == socket.SOCK_SEQPACKET:
                its.send(said)
                found.append("init")
        except OSError:
            pass
print(found, flush=True)
os._exit(7)
"""


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("debug", [False, True])
def test_a_command_reaches_nothing_by_which_its_box_speaks(user: str, debug: bool) -> None:
    result = boxes.run(python(_SAY), user=user, debug=debug)
    assert (result.stdout, result.exit) == (b"[]\n", 7)
    assert [type(each) for each in result.messages[-3:]] == [Ready, Running, Ended]


def test_without_the_guards_of_its_init_it_says_what_it_likes() -> None:
    without = (init_can_be_read, no_filter, no_landlock, no_probe)
    result = boxes.run(python(_SAY), user="ordinary", without=without)
    assert b"init" in result.stdout
    assert result.exit == 0


def link_stays_open() -> None:
    real = command._take_streams

    def leave(*given: object) -> socket.socket:
        link: socket.socket = real(*given)
        os.set_inheritable(link.fileno(), True)
        return link

    command._take_streams = leave


def test_the_socket_to_its_init_is_closed_when_it_is_executed_else_nothing_runs() -> None:
    assert boxes.run(python(_SAY), user="ordinary", without=(link_stays_open,)).exit is None


@pytest.mark.parametrize(
    "packet",
    [
        b"", b"{}", b"[]", b"null", b'"ready"', b'{"ended": "x"}', b'{"ready": {}}', b'{"terminal": true}',
        b'{"ended": 1e400}', b'{"running": 1, "ended": 0}', b'{"failed": {"layer": "none"}}', b"\xff\xfe",
        b"[" * 100_000, b'{"ended": ' + b"9" * 5_000 + b"}", b"x" * (MESSAGE_BYTES + 1),
    ],
)  # fmt: skip
def test_what_no_box_says_is_an_error_and_never_a_message(packet: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    box = Box(pid=1, pidfd=-1, status=ours, plan=boxes.plan_for(tree=Path("/")))
    with ours, theirs:
        theirs.send(packet)
        if packet:
            with pytest.raises(RingfenceError):
                box.receive()
        else:
            assert box.receive() is None


def test_a_descriptor_that_nobody_expected_is_closed() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    box = Box(pid=1, pidfd=-1, status=ours, plan=boxes.plan_for(tree=Path("/")))
    with ours, theirs:
        before = len(os.listdir("/proc/self/fd"))
        for message in ({"ended": 0}, {"no": 1}):
            socket.send_fds(theirs, [json.dumps(message).encode()], [theirs.fileno()])
            _quietly(box.receive)
        assert len(os.listdir("/proc/self/fd")) == before


def _quietly(act: Callable[[], object]) -> None:
    try:
        act()
    except RingfenceError:
        return
