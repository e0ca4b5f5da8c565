"""Heads of HTTP/2 as those of HTTP/1, and back."""

import re
from collections.abc import Iterable

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1.framing import end_to_end, request_body
from ringfence.protocols.http1.heads import check_names, check_text
from ringfence.protocols.targets import authority

__all__ = [
    "request_fields",
    "request_head",
    "response_fields",
    "response_head",
    "trailer_fields",
    "trailers_in",
]

_STATUS = re.compile(rb"[1-9][0-9]{2}")
_METHOD = re.compile(r"[A-Z][A-Z0-9_-]{0,31}")
_OF_REQUESTS = frozenset({":method", ":path", ":scheme", ":authority"})
_OF_ONE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings"}
)
_TARGET = re.compile(r"/[!-~\x80-\xff]*")


def request_head(fields: Iterable[tuple[bytes, bytes]]) -> RequestHead:
    """The request, with `host` first, whether it was `:authority` or `host` that named it.

    The library has put cookies on one line, as HTTP/1 has them.

    Raises:
        BadHttp: it could not be the same in HTTP/1, or says in two ways whom it is for.
    """
    special: dict[str, str] = {}
    named: list[tuple[str, str]] = []
    for name, value in fields:
        check_text(value)
        if name[:1] == b":":
            if named or name.decode("latin-1") in special:
                raise BadHttp("a header of the protocol that comes twice or too late")
            special[name.decode("latin-1")] = value.decode("latin-1")
        else:
            named.append((name.decode("latin-1"), value.decode("latin-1")))
    if len(named) > LIMITS.http_headers:
        raise BadHttp(f"more than {LIMITS.http_headers} headers")
    headers = Headers((*named,))
    check_names(headers)
    method, target = special.get(":method", ""), special.get(":path", "")
    if not _METHOD.fullmatch(method) or method == "CONNECT" or special.keys() - _OF_REQUESTS:
        raise BadHttp("a method that is none, or CONNECT")
    if special.get(":scheme") != "https":
        raise BadHttp("a scheme other than https")
    if len(target) > LIMITS.http_target_chars or not (
        _TARGET.fullmatch(target) or (target == "*" and method == "OPTIONS")
    ):
        raise BadHttp("a path that is none")
    host = _host(special.get(":authority"), headers.one("host"))
    head = RequestHead(
        method=method,
        target=target,
        headers=Headers((("host", host), *headers.without("host"))),
        version="2",
    )
    if any(name.lower() in _OF_ONE_CONNECTION for name, _ in head.headers):
        raise BadHttp("a header of one connection only")
    request_body(head)
    return head


def response_fields(head: ResponseHead) -> list[tuple[bytes, bytes]]:
    """The response as fields.

    Raises:
        BadHttp: a header could not be written.
    """
    return [(b":status", str(head.status).encode()), *trailer_fields(head.headers)]


def trailer_fields(trailers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers, or trailers, as fields.

    Raises:
        BadHttp: one could not be written.
    """
    headers = end_to_end(trailers)
    check_names(headers)
    fields = []
    for name, value in headers:
        try:
            data = value.strip().encode("latin-1")
        except UnicodeEncodeError:
            raise BadHttp("a header has characters that no header can have") from None
        check_text(data)
        fields.append((name.lower().encode(), data))
    return fields


def request_fields(head: RequestHead, *, scheme: str) -> list[tuple[bytes, bytes]]:
    """A request of HTTP/1.1 as fields, with what gRPC wants of the connection.

    Raises:
        BadHttp: it could not be written.
    """
    special = ((":method", head.method), (":scheme", scheme), (":path", head.target))
    named = ((":authority", head.headers.one("host") or ""),)
    fields = [(name.encode(), value.encode("latin-1")) for name, value in (*special, *named)]
    return [*fields, *trailer_fields(head.headers.without("host")), (b"te", b"trailers")]


def response_head(fields: Iterable[tuple[bytes, bytes]]) -> ResponseHead:
    """The response.

    Raises:
        BadHttp: it could not be the same in HTTP/1.
    """
    (name, value), *rest = fields
    if name != b":status" or not _STATUS.fullmatch(value):
        raise BadHttp("a response without a status")
    return ResponseHead(status=int(value), headers=trailers_in(rest), version="2")


def trailers_in(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers, or trailers.

    Raises:
        BadHttp: see `response_head`.
    """
    named = []
    for name, value in fields:
        check_text(value)
        named.append((name.decode("latin-1"), value.decode("latin-1")))
    if len(named) > LIMITS.http_headers:
        raise BadHttp(f"more than {LIMITS.http_headers} headers")
    headers = Headers((*named,))
    check_names(headers)
    if any(name.lower() in _OF_ONE_CONNECTION for name, _ in headers):
        raise BadHttp("a header of one connection only")
    return headers


def _host(named: str | None, header: str | None) -> str:
    host = named if named is not None else header
    if host is None:
        raise BadHttp("no host header")
    if header is not None and authority(header) != authority(host):
        raise BadHttp("host and :authority are not the same")
    authority(host)
    return host
