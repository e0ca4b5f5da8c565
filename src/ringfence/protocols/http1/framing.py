"""Where a body ends, as its head says, and what of a head concerns one connection only."""

import re

from ringfence.protocols.http import BadHttp, BodyKind, Headers, RequestHead, ResponseHead

__all__ = [
    "asking_for_trailers",
    "asks_for_trailers",
    "end_to_end",
    "request_body",
    "response_body",
    "trailers_passed_on",
]

_LENGTH = re.compile(r"0|[1-9][0-9]{0,14}")
# RFC 9110, 7.6.1; what is said to a proxy; and `alt-svc`, which leads clients to QUIC.
_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate"),
        *("te", "trailer", "transfer-encoding", "http2-settings", "alt-svc"),
    }
)
_NEVER_TRAILERS = (  # RFC 9110, 6.5.1: framing, routing, what a body is, and what is kept for later
    *("content-length", "content-encoding", "content-type", "content-range", "host", "location"),
    *("set-cookie", "cache-control", "www-authenticate", "authorization"),
)
_NEVER_DROPPED = frozenset({"host", "content-length", "content-type", "authorization", "cookie"})


def request_body(head: RequestHead) -> tuple[BodyKind, int | None]:
    """How the end of a request's body is told, and its length in bytes where that is said beforehand.

    Raises:
        BadHttp: it is told in two ways, or in one that is not known.
    """
    kind, length = _framing(head.headers, version=head.version)
    if head.method == "CONNECT" and kind is not BodyKind.NONE:
        raise BadHttp("CONNECT with a body")
    return kind, length


def response_body(head: ResponseHead, *, method: str) -> tuple[BodyKind, int | None]:
    """How the end of the body is told, of a response to a request of this method.

    Raises:
        BadHttp: it is told in two ways, or in one that is not known.
    """
    kind, length = _framing(head.headers, version=head.version)
    if method == "HEAD" or head.status < 200 or head.status in (204, 304):
        return BodyKind.NONE, None
    if method == "CONNECT" and head.status < 300:
        return BodyKind.NONE, None
    return (BodyKind.UNTIL_CLOSE, None) if kind is BodyKind.NONE else (kind, length)


def end_to_end(headers: Headers, *, upgrade: bool = False) -> Headers:
    """Without what concerns one connection only; `upgrade` keeps the line of that name.

    Raises:
        BadHttp: `connection` names what is never of one connection only.
    """
    return headers.once(_upgraded if upgrade else _end_to_end)


def _end_to_end(headers: Headers) -> Headers:
    return _kept(headers, upgrade=False)


def _upgraded(headers: Headers) -> Headers:
    return _kept(headers, upgrade=True)


def _kept(headers: Headers, *, upgrade: bool) -> Headers:
    named = frozenset(headers.listed("connection"))
    if named & _NEVER_DROPPED:
        raise BadHttp("connection names a header that is not of one connection only")
    dropped = _HOP_BY_HOP | (named - {"upgrade"} if upgrade else named | {"upgrade"})
    return Headers(tuple(each for each in headers if each[0].lower() not in dropped))


def asks_for_trailers(headers: Headers) -> bool:
    """Whether whoever sent a request reads what comes behind a chunked body (RFC 9110, 10.1.4)."""
    return "trailers" in headers.listed("te")


def asking_for_trailers(headers: Headers) -> Headers:
    """The same, which says so on this connection."""
    named = ", ".join((*headers.all("connection"), "TE"))
    return headers.without("connection").having("TE", "trailers").having("Connection", named)


def trailers_passed_on(trailers: Headers) -> Headers:
    """Those that mean nothing for the message that came before them.

    Raises:
        BadHttp: see `end_to_end`.
    """
    return end_to_end(trailers).without(*_NEVER_TRAILERS) if trailers.items else trailers


def _framing(headers: Headers, *, version: str) -> tuple[BodyKind, int | None]:
    codings, lengths = headers.all("transfer-encoding"), headers.all("content-length")
    if codings:
        if lengths:
            raise BadHttp("content-length beside transfer-encoding")
        if len(codings) > 1 or codings[0].lower() != "chunked" or version != "1.1":
            raise BadHttp("a transfer-encoding other than chunked")
        return BodyKind.CHUNKED, None
    if not lengths:
        return BodyKind.NONE, None
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise BadHttp("several content-length headers, or one that is no number")
    return BodyKind.LENGTH, int(lengths[0])
