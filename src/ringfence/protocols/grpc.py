"""What gRPC needs of HTTP/2 that nothing else does: a host that speaks it, and trailers. Pure.

Source: gRPC's "gRPC over HTTP2", PROTOCOL-HTTP2.md.
"""

from ringfence.protocols.http import Headers, RequestHead
from ringfence.protocols.http1.framing import end_to_end

__all__ = ["is_coded", "speaks_grpc", "trailers_passed_on"]

_KIND = "application/grpc"
_NEVER_TRAILERS = (  # RFC 9110, 6.5.1: framing, routing, what a body is, and what is kept for later
    *("content-length", "content-encoding", "content-type", "content-range", "host", "location"),
    *("set-cookie", "cache-control", "www-authenticate", "authorization"),
)


def speaks_grpc(head: RequestHead) -> bool:
    """Whether a request is a call of gRPC, which comes by HTTP/2 alone."""
    kind = (",".join(head.headers.all("content-type"))).partition(";")[0].strip().lower()
    return head.version == "2" and (kind == _KIND or kind.startswith(f"{_KIND}+"))


def is_coded(headers: Headers) -> bool:
    """Whether an answer's messages are compressed one by one, so that nobody can look for secrets in them."""
    return any(each != "identity" for each in headers.listed("grpc-encoding"))


def trailers_passed_on(trailers: Headers) -> Headers:
    """Those that mean nothing for the message that came before them.

    Raises:
        BadHttp: see `end_to_end`.
    """
    return end_to_end(trailers).without(*_NEVER_TRAILERS)
