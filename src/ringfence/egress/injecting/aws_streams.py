"""A body of chunks that a client of AWS signed one by one, with what a box has instead of the key.

It is sent without the chunks' frames and signatures, as a body that nobody signed, which S3 takes over TLS.
Sums that stand behind such a stream go with it. Pure.

Source: Amazon S3's pages "Signature calculations: transferring payload in multiple chunks", with and without
trailing headers.
"""

import re

from ringfence.egress.injecting.places import Misplaced
from ringfence.protocols.http import Headers, RequestHead

__all__ = ["is_signed_stream", "without_chunks"]

_SUM_HEADER = "x-amz-content-sha256"
_SIGNED = frozenset({"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"})
_LENGTH_HEADER = "x-amz-decoded-content-length"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,14}")
_OF_STREAM = (_LENGTH_HEADER, "x-amz-trailer", "x-amz-sdk-checksum-algorithm", "content-encoding")


def is_signed_stream(head: RequestHead) -> bool:
    """Whether the request's body is one. Its frames are those of HTTP's chunks."""
    return head.headers.one(_SUM_HEADER) in _SIGNED


def without_chunks(head: RequestHead) -> tuple[RequestHead, int]:
    """The request whose body is not signed, and how many bytes that has.

    Raises:
        Misplaced: it does not say how many.
        BadHttp: it says so twice.
    """
    told = head.headers.one(_LENGTH_HEADER)
    if told is None or not _LENGTH.fullmatch(told):
        raise Misplaced(
            "the chunks of a body are signed, and nobody says how long it is",
            hint="have the client send it without: set payload signing or chunked encoding off",
        )
    codings = [each for each in head.headers.listed("content-encoding") if each != "aws-chunked"]
    kept = head.headers.without(*_OF_STREAM).having(_SUM_HEADER, "UNSIGNED-PAYLOAD")
    if codings:
        kept = Headers((*kept, ("Content-Encoding", ",".join(codings))))
    return head.changed(headers=kept), int(told)
