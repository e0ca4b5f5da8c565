"""HTTP/2 as a server speaks it, and a client of gRPC: the same values as HTTP/1. Sources: RFC 9113, 7541.

The `h2` library reads and writes it; nobody but this package sees it. What it lets through is bounded before
it gets there (`frames`) and checked behind it (`heads`). No CONNECT, no push, no upgrade from HTTP/1.
"""

from ringfence.protocols.http2.client import Http2Client
from ringfence.protocols.http2.server import (
    BodyArrived,
    BodyEnded,
    Event,
    HeadRefused,
    Http2Server,
    PeerGone,
    RequestArrived,
    RoomGrew,
    StreamGone,
)

__all__ = [
    "BodyArrived",
    "BodyEnded",
    "Event",
    "HeadRefused",
    "Http2Client",
    "Http2Server",
    "PeerGone",
    "RequestArrived",
    "RoomGrew",
    "StreamGone",
]
