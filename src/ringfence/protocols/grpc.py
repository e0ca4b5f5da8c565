"""What gRPC needs of HTTP/2 that nothing else does: a host that speaks it. Pure.

Source: gRPC's "gRPC over HTTP2", PROTOCOL-HTTP2.md.
"""

from ringfence.protocols.http import Headers, RequestHead

__all__ = ["is_coded", "speaks_grpc"]

_KIND = "application/grpc"


def speaks_grpc(head: RequestHead) -> bool:
    """Whether a request is a call of gRPC, which comes by HTTP/2 alone."""
    kind = (",".join(head.headers.all("content-type"))).partition(";")[0].strip().lower()
    return head.version == "2" and (kind == _KIND or kind.startswith(f"{_KIND}+"))


def is_coded(headers: Headers) -> bool:
    """Whether an answer's messages are compressed one by one, so that nobody can look for secrets in them."""
    return any(each != "identity" for each in headers.listed("grpc-encoding"))
