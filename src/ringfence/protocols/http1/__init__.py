"""HTTP/1.1 as bytes, read in the one way that no reader along the way can mistake. Sources: RFC 9110, 9112.

Refused is whatever two readers could take differently: bare line feeds, folded lines, two ways of telling a
body's end, codings other than `chunked`, a space before a colon, control characters. Chunk extensions are
read and dropped.
"""

from ringfence.protocols.http1.bodies import LAST_CHUNK, BodyReader, chunk, last_chunk
from ringfence.protocols.http1.framing import (
    asking_for_trailers,
    asks_for_trailers,
    end_to_end,
    request_body,
    response_body,
    trailers_passed_on,
)
from ringfence.protocols.http1.heads import head_end, read_request_head, read_response_head, write_head

__all__ = [
    "LAST_CHUNK",
    "BodyReader",
    "asking_for_trailers",
    "asks_for_trailers",
    "chunk",
    "end_to_end",
    "head_end",
    "last_chunk",
    "read_request_head",
    "read_response_head",
    "request_body",
    "response_body",
    "trailers_passed_on",
    "write_head",
]
