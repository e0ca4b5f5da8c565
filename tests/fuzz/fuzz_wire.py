"""Fuzzes what boxes and hosts send: heads, bodies, targets, WebSocket, TLS, DNS, HTTP/2.

The first byte chooses what it is, the second how it is split; the rest is what came. What is split anywhere
is read as the same, what is read is written as the same, what is taken is canonical.
"""

import sys
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.core.actions import FieldKind
    from ringfence.policy.canonical import canonical
    from ringfence.protocols.dns import BadDns, answer, read_question
    from ringfence.protocols.http import BadHttp, BodyKind, ResponseHead
    from ringfence.protocols.http1 import (
        BodyReader,
        end_to_end,
        head_end,
        read_request_head,
        read_response_head,
        request_body,
        write_head,
    )
    from ringfence.protocols.http2 import Http2Server, RequestArrived
    from ringfence.protocols.targets import authority, canonical_target
    from ringfence.protocols.tls_hello import BadHello, read_hello
    from ringfence.protocols.websocket import Messages

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
_is_path = canonical("path", FieldKind.NAME)
_is_host = canonical("host", FieldKind.HOST)
assert _is_path and _is_host


def _pieces(data: bytes, step: int) -> list[bytes]:
    return [data[at : at + step] for at in range(0, len(data), step)]


def _request(data: bytes, _: int) -> None:
    with suppress(BadHttp):
        end = head_end(data)
        head = read_request_head(data[:end] if end else data)
        assert len(head.headers.items) == (data[:end].count(b"\n") - 2)
        if head.version == "1.1":
            assert read_request_head(write_head(head)) == head
        assert "\n" not in repr(head.headers).replace("\\n", "")
        request_body(head)
        end_to_end(head.headers)
        canonical_target(head.target)


def _response(data: bytes, _: int) -> None:
    with suppress(BadHttp):
        head = read_response_head(data)
        again = read_response_head(write_head(head))
        assert (again.status, again.reason, again.headers) == (head.status, head.reason, head.headers)


def _body(data: bytes, step: int) -> None:
    def read(pieces: list[bytes]) -> object:
        reader = BodyReader(BodyKind.CHUNKED)
        try:
            return b"".join(map(reader.feed, pieces)), reader.is_done and reader.rest
        except BadHttp:
            return None

    assert read(_pieces(data, step)) == read([data])


def _target(data: bytes, _: int) -> None:
    with suppress(BadHttp):
        taken = canonical_target(data.decode("latin-1"))
        assert _is_path(taken.path) == taken.path
        assert canonical_target(str(taken)) == taken


def _authority(data: bytes, _: int) -> None:
    with suppress(BadHttp):
        host, _ = authority(data.decode("latin-1"))
        assert _is_host(host) == host


def _websocket(data: bytes, step: int) -> None:
    def read(pieces: list[bytes]) -> object:
        reader, found = Messages(from_client=bool(data[:1] > b"\x80")), []
        try:
            for each in pieces:
                found += reader.feed(each)
        except BadHttp:
            return None
        return found

    assert read(_pieces(data, step)) == read([data])


def _hello(data: bytes, step: int) -> None:
    def read(data: bytes) -> object:
        try:
            return read_hello(data)
        except BadHello:
            return "refused"

    assert read(data[:step]) in (None, read(data))


def _dns(data: bytes, _: int) -> None:
    with suppress(BadDns):
        question = read_question(data)
        assert len(answer(question, "198.18.0.1", ttl_s=1)) <= 512


def _http2(data: bytes, step: int) -> None:
    server = Http2Server()
    with suppress(BadHttp):
        server.feed(_PREFACE)
        for piece in _pieces(data, step * 8):
            for event in server.feed(piece):
                if isinstance(event, RequestArrived):
                    request_body(event.head)
                    write_head(event.head)
                    server.respond(
                        event.stream, ResponseHead(status=204, headers=event.head.headers), ends=True
                    )


_WIRES: tuple[Callable[[bytes, int], None], ...] = (
    *(_request, _response, _body, _target, _authority, _websocket, _hello, _dns, _http2),
)


def _wire(data: bytes) -> None:
    if len(data) > 2:
        _WIRES[data[0] % len(_WIRES)](data[2:], data[1] or 1)


if __name__ == "__main__":
    atheris.Setup(sys.argv, _wire)
    atheris.Fuzz()
