import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.websocket import (
    BadWebSocket,
    Frame,
    FrameReader,
    Message,
    Messages,
    Opcode,
    accept_key,
    is_accepted,
    wanted_key,
    write_frame,
)

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_MASK = bytes.fromhex("37fa213d")
_ASKED = Headers(
    (
        *(("Host", "h.example"), ("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket")),
        *(("Sec-WebSocket-Key", _KEY), ("Sec-WebSocket-Version", "13")),
    )
)
_ANSWERED = Headers(
    (
        *(("Connection", "upgrade"), ("Upgrade", "websocket")),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    )
)


def _asked(headers: Headers = _ASKED, method: str = "GET", version: str = "1.1") -> RequestHead:
    return RequestHead(method=method, target="/chat", headers=headers, version=version)


def test_the_key_is_answered_as_the_standards_example_says():
    assert accept_key(_KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_request_that_asks_for_a_websocket_gives_its_key():
    assert wanted_key(_asked()) == _KEY
    assert wanted_key(_asked(_ASKED.without("upgrade"))) is None


@pytest.mark.parametrize(
    "head",
    [
        *(_asked(_ASKED.having("Upgrade", value)) for value in ("h2c", "websocket, h2c", "TLS/1.0")),
        _asked(method="POST"),
        _asked(version="1.0"),
        _asked(_ASKED.without("sec-websocket-key")),
        *(
            _asked(_ASKED.having("Sec-WebSocket-Key", value))
            for value in ("", "x", _KEY[:-1], "d" * 22 + "==")
        ),
        _asked(_ASKED.having("Sec-WebSocket-Version", "8")),
        _asked(Headers((*_ASKED, ("Sec-WebSocket-Key", _KEY)))),
    ],
)
def test_an_upgrade_to_something_else_is_refused(head):
    with pytest.raises(BadHttp):
        wanted_key(head)


def test_only_the_answer_to_this_key_begins_a_websocket():
    assert is_accepted(ResponseHead(status=101, headers=_ANSWERED), _KEY)
    others = [
        ResponseHead(status=200, headers=_ANSWERED),
        *(ResponseHead(status=101, headers=_ANSWERED.without(name)) for name, _ in _ANSWERED),
        ResponseHead(status=101, headers=_ANSWERED.having("Upgrade", "h2c")),
        ResponseHead(status=101, headers=_ANSWERED.having("Connection", "close")),
        ResponseHead(status=101, headers=_ANSWERED.having("Sec-WebSocket-Accept", accept_key("x"))),
        ResponseHead(
            status=101, headers=Headers((*_ANSWERED, ("Sec-WebSocket-Extensions", "permessage-deflate")))
        ),
    ]
    assert not [each for each in others if is_accepted(each, _KEY)]


def test_frames_are_those_of_the_standards_examples():
    hello = Frame(opcode=Opcode.TEXT, payload=b"Hello")
    assert write_frame(hello) == bytes.fromhex("810548656c6c6f")
    assert write_frame(hello, _MASK) == bytes.fromhex("818537fa213d7f9f4d5158")
    large = Frame(opcode=Opcode.BINARY, payload=bytes(65536))
    assert write_frame(large)[:10] == bytes.fromhex("827f0000000000010000")
    assert FrameReader(from_client=True).feed(bytes.fromhex("818537fa213d7f9f4d5158")) == [hello]


_FRAMES = st.builds(
    Frame,
    opcode=st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION]),
    payload=st.binary(max_size=200),
    is_last=st.booleans(),
) | st.builds(Frame, opcode=st.sampled_from([Opcode.PING, Opcode.PONG]), payload=st.binary(max_size=125))


@settings(deadline=None)
@given(st.lists(_FRAMES, max_size=5), st.sampled_from([b"", _MASK]), st.integers(min_value=1, max_value=400))
def test_what_is_written_is_read_wherever_it_is_split(frames, mask, step):
    data = b"".join(write_frame(each, mask) for each in frames)
    reader = FrameReader(from_client=bool(mask))
    assert [each for at in range(0, len(data), step) for each in reader.feed(data[at : at + step])] == frames
    reader.finish()


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, LIMITS.websocket_message_bytes])
def test_every_length_is_read(size):
    frame = Frame(opcode=Opcode.BINARY, payload=b"x" * size)
    assert FrameReader(from_client=True).feed(write_frame(frame, _MASK)) == [frame]


@pytest.mark.parametrize(
    "text",
    [
        *("c100", "a100", "9100", "8300", "8b00", "0900", "8980", "897e007e"),
        *("827e007d", "827f000000000000ffff", "82ff0000000001000001"),
        "827f" + (LIMITS.websocket_message_bytes + 1).to_bytes(8).hex(),
    ],
)
def test_a_frame_that_is_none_is_refused(text):
    with pytest.raises(BadWebSocket):
        FrameReader(from_client=False).feed(bytes.fromhex(text))


def test_a_client_masks_and_a_server_does_not():
    for from_client, mask in ((True, b""), (False, _MASK)):
        with pytest.raises(BadWebSocket, match="masked"):
            FrameReader(from_client=from_client).feed(
                write_frame(Frame(opcode=Opcode.PING, payload=b""), mask)
            )


def _feed(*frames: Frame) -> list[Message]:
    reader = Messages(from_client=False)
    found = reader.feed(b"".join(map(write_frame, frames)))
    reader.finish()
    return found


def _part(payload: bytes, opcode: Opcode = Opcode.CONTINUATION, *, is_last: bool = False) -> Frame:
    return Frame(opcode=opcode, payload=payload, is_last=is_last)


_CLOSE = Frame(opcode=Opcode.CLOSE, payload=b"\3\xe8bye")
_PING = Frame(opcode=Opcode.PING, payload=b"p")


def test_parts_become_one_message_and_frames_of_control_come_between():
    snowman = "☃".encode()
    found = _feed(
        _part(snowman[:1], Opcode.TEXT), _PING, _part(snowman[1:]), _part(b"", is_last=True), _CLOSE
    )
    assert found == [
        Message(opcode=Opcode.PING, payload=b"p"),
        Message(opcode=Opcode.TEXT, payload=snowman),
        Message(opcode=Opcode.CLOSE, payload=b"\3\xe8bye"),
    ]


@pytest.mark.parametrize(
    "frames",
    [
        [_part(b"x", is_last=True)],
        [_part(b"x", Opcode.TEXT), _part(b"y", Opcode.TEXT, is_last=True)],
        [_part(b"x", Opcode.TEXT)],
        [_part(b"\xff", Opcode.TEXT, is_last=True)],
        [_CLOSE, _PING],
        [Frame(opcode=Opcode.CLOSE, payload=b"\3")],
        *(
            [Frame(opcode=Opcode.CLOSE, payload=code.to_bytes(2))]
            for code in (0, 999, 1005, 1006, 1015, 2999, 5000)
        ),
        [Frame(opcode=Opcode.CLOSE, payload=b"\3\xe8\xff")],
        [_part(b"", Opcode.TEXT), *[_part(b"")] * LIMITS.websocket_message_frames],
        [_part(bytes(LIMITS.websocket_message_bytes), Opcode.BINARY), _part(b"x", is_last=True)],
    ],
)
def test_a_message_that_is_none_is_refused(frames):
    with pytest.raises(BadWebSocket):
        _feed(*frames)


def test_a_frame_that_is_cut_short_is_told():
    reader = Messages(from_client=False)
    assert reader.feed(b"\x81\x05Hel") == []
    with pytest.raises(BadWebSocket, match="short"):
        reader.finish()
