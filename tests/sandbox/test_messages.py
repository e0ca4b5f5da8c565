"""What a box says becomes a value, and nothing else does."""

import json
import os
import socket
from pathlib import Path

import pytest

from boxes import plan_for
from ringfence.sandbox.box import Box
from ringfence.sandbox.framing import DOCUMENT_BYTES, receive, send
from ringfence.sandbox.messages import (
    MESSAGE_BYTES,
    BadMessage,
    BoxSocket,
    Ended,
    Failed,
    Listener,
    NotRun,
    Proof,
    Ready,
    Running,
    Socket,
    Sockets,
    Stopped,
    Terminal,
    read,
)
from ringfence.sandbox.plan import Layer, SocketKind


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"failed": {"layer": "Landlock", "errno": 38, "what": "x"}},
            Failed(layer=Layer.LANDLOCK, errno=38, what="x"),
        ),
        ({"failed": {"layer": None, "errno": 11, "what": "x"}}, Failed(layer=None, errno=11, what="x")),
        ({"terminal": True}, Terminal(fd=7)),
        ({"listener": True}, Listener(fd=7)),
        (
            {"sockets": {"sockets": [["redirected", 1]], "catches_all": True}},
            Sockets(sockets=(BoxSocket(SocketKind.REDIRECTED, 1, 7),), catches_all=True),
        ),
        (
            {
                "ready": {
                    "layers": ["limits"],
                    "lacking": [["Landlock", "why"]],
                    "proofs": [["limits", "raise", "EPERM"]],
                }
            },
            Ready(
                layers=(Layer.LIMITS,),
                lacking=((Layer.LANDLOCK, "why"),),
                proofs=(Proof(layer=Layer.LIMITS, tried="raise", result="EPERM"),),
            ),
        ),
        ({"socket": True}, Socket(fd=7)),
        ({"not_run": 2}, NotRun(errno=2)),
        ({"running": 2}, Running(pid=2)),
        ({"stopped": 20}, Stopped(signal=20)),
        ({"ended": 256}, Ended(status=256)),
    ],
)
def test_every_message_is_read(said: object, message: object) -> None:
    assert read(json.dumps(said).encode(), (7,)) == message


def test_a_socket_that_is_not_there_comes_without_a_descriptor() -> None:
    assert read(b'{"socket": false}', ()) == Socket(fd=None)
    for said, fds in ((b'{"socket": false}', (7,)), (b'{"socket": true}', ()), (b'{"socket": true}', (7, 8))):
        with pytest.raises(BadMessage):
            read(said, fds)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"{}",
        b"[]",
        b"1",
        b"\xff",
        b"[" * 100_000,
        b'{"other": 1}',
        b'{"ended": 1, "running": 2}',
        b'{"ended": "x"}',
        b'{"terminal": true}',
        b'{"sockets": {"sockets": [["proxy", 3128]], "catches_all": true}}',
        b'{"sockets": {"sockets": [["other", 3128]], "catches_all": true}}',
        b'{"ready": {"layers": ["x"], "lacking": [], "proofs": []}}',
        b'{"ready": {"layers": [], "lacking": [["limits"]], "proofs": []}}',
        b'{"failed": {"layer": "x", "errno": 1, "what": ""}}',
        b'{"failed": 1}',
    ],
)
def test_what_is_no_message_is_refused(packet: bytes) -> None:
    with pytest.raises(BadMessage):
        read(packet, ())


def test_a_message_that_is_too_long_is_refused_and_its_descriptor_closed() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, open(os.devnull) as null:
        box = Box(pid=1, pidfd=-1, status=ours, plan=plan_for(tree=Path("/")))
        before = len(os.listdir("/proc/self/fd"))
        socket.send_fds(theirs, [b" " * (MESSAGE_BYTES + 1)], [null.fileno()])
        with pytest.raises(BadMessage):
            box.receive()
        assert len(os.listdir("/proc/self/fd")) == before


def test_documents_arrive_whole_with_their_descriptors() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, open(os.devnull) as null:
        send(ours, b"document", [null.fileno()])
        send(ours, b"")
        document, fds = receive(theirs, max_fds=1)
        assert (document, os.fstat(fds[0]).st_rdev) == (b"document", os.fstat(null.fileno()).st_rdev)
        assert os.get_inheritable(fds[0]) is False
        os.close(fds[0])
        assert receive(theirs, max_fds=1) == (b"", [])
        ours.close()
        assert receive(theirs, max_fds=1) == (None, [])


@pytest.mark.parametrize("sent", [b"\0", b"\0\0\0\x05ab", b"\xff\xff\xff\xff"])
def test_what_is_no_document_is_refused(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(sent)
        ours.close()
        with pytest.raises(OSError):
            receive(theirs, max_fds=1)


def test_a_document_that_nobody_would_read_is_not_sent() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ValueError, match="too long"):
        send(ours, b" " * (DOCUMENT_BYTES + 1))
