"""One connection of HTTP/2, from the server's side. It reads and writes no socket.

Whoever owns the socket feeds what comes, does what the events say, and after each call sends `outgoing()`.
It must stop to feed while its own socket takes no more, for each frame may be answered.
"""

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.events import Event as LibraryEvent
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, BodyKind, Headers, RequestHead, ResponseHead
from ringfence.protocols.http1.framing import request_body
from ringfence.protocols.http2.frames import RESET_COST, FrameWatch
from ringfence.protocols.http2.heads import request_head, response_fields, trailer_fields

__all__ = [
    "BodyArrived",
    "BodyEnded",
    "Event",
    "HeadRefused",
    "Http2Server",
    "PeerGone",
    "RequestArrived",
    "RoomGrew",
    "StreamGone",
]

_ANSWER_EARNS, _DATA_EARNS = RESET_COST, 2  # windows are updated for streams and for the connection
_LARGEST_TABLE = 4096  # of headers that were sent before; a client could ask to keep gigabytes
_LARGEST_FRAME = 1 << 16
_NONE = Headers()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestArrived:
    """A request; its body comes unless it is whole. `length` is what it says of itself."""

    stream: int
    head: RequestHead
    length: int | None
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyArrived:
    """Bytes of a request's body. Once they are passed on, `taken(stream, credit)` lets more come."""

    stream: int
    data: bytes
    credit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyEnded:
    """The request is whole."""

    stream: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamGone:
    """The client wants no answer any more."""

    stream: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRefused:
    """A request that is none. Its stream is ended already."""

    stream: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomGrew:
    """More may be sent, on one stream, or (0) on all."""

    stream: int


@dataclass(frozen=True, slots=True)
class PeerGone:
    """The client has ended the connection, and all streams with it."""


Event = RequestArrived | BodyArrived | BodyEnded | StreamGone | HeadRefused | RoomGrew | PeerGone


class Http2Server:
    """Of one connection. Calls for a stream that is gone do nothing."""

    def __init__(self) -> None:
        self._watch = FrameWatch()
        self._open: dict[int, bool] = {}  # whether the request is whole
        self._library = H2Connection(config=H2Configuration(client_side=False, header_encoding=False))
        self._library.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: LIMITS.http2_streams,
                SettingCodes.MAX_HEADER_LIST_SIZE: LIMITS.http_head_bytes,
                SettingCodes.INITIAL_WINDOW_SIZE: LIMITS.http2_window_bytes,
            },
        )
        self._library.decoder.max_header_list_size = LIMITS.http_head_bytes
        self._library.initiate_connection()
        more = LIMITS.http2_connection_window_bytes - self._library.inbound_flow_control_window
        self._library.increment_flow_control_window(more)

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        return self._library.data_to_send()

    def feed(self, data: bytes) -> list[Event]:
        """What the bytes say.

        Raises:
            BadHttp: this is no HTTP/2, or too much of it; the connection is over once `outgoing` is sent.
        """
        try:
            self._watch.see(data)
            found: list[Event] = []
            for each in self._library.receive_data(data):
                found += self._told(each)
        except BadHttp:
            self.close(is_flood=True)
            raise
        except H2Error:
            raise BadHttp("this is no HTTP/2") from None
        return found

    def respond(self, stream: int, head: ResponseHead, *, ends: bool = False) -> None:
        """Begins the answer, or sends an interim one (1xx). `ends`: it has no body.

        Raises:
            BadHttp: the head cannot be written.
        """
        fields = response_fields(head)
        if stream in self._open:
            self._library.send_headers(stream, fields, end_stream=ends)
            self._watch.earn(_ANSWER_EARNS)
            if ends:
                self._answered(stream)

    def room(self, stream: int) -> int:
        """How many bytes `send` takes now."""
        if stream not in self._open:
            return 0
        return max(self._library.local_flow_control_window(stream), 0)

    def send(self, stream: int, data: bytes) -> None:
        """Sends bytes of an answer's body, at most as many as there is room for."""
        if stream not in self._open:
            return
        size = min(self._library.max_outbound_frame_size, _LARGEST_FRAME)
        for at in range(0, len(data), size):
            self._library.send_data(stream, data[at : at + size])
            self._watch.earn(_DATA_EARNS)

    def end(self, stream: int, trailers: Headers = _NONE) -> None:
        """Ends an answer that was begun; what the client still sends of its request is not wanted.

        Raises:
            BadHttp: the trailers cannot be written.
        """
        fields = trailer_fields(trailers)
        if stream not in self._open:
            return
        if fields:
            self._library.send_headers(stream, fields, end_stream=True)
        else:
            self._library.end_stream(stream)
        self._answered(stream)

    def reset(self, stream: int, *, is_refused: bool = False) -> None:
        """Breaks an exchange off; `is_refused`: nothing was done, so that it may be tried again."""
        if self._open.pop(stream, None) is not None:
            code = ErrorCodes.REFUSED_STREAM if is_refused else ErrorCodes.INTERNAL_ERROR
            self._library.reset_stream(stream, code)

    def taken(self, stream: int, credit: int) -> None:
        """Lets so much more of a request's body come."""
        self._library.acknowledge_received_data(credit, stream)

    def close(self, *, is_flood: bool = False) -> None:
        """Says that the connection is over."""
        code = ErrorCodes.ENHANCE_YOUR_CALM if is_flood else ErrorCodes.NO_ERROR
        self._library.close_connection(code)

    def _told(self, event: LibraryEvent) -> list[Event]:
        if isinstance(event, RequestReceived):
            return self._arrived(event)
        if isinstance(event, DataReceived):
            return self._body(event)
        if isinstance(event, StreamEnded):
            return self._ended(event.stream_id)
        if isinstance(event, StreamReset):
            if not event.remote_reset:  # what a client brings about costs as much as what it does itself
                self._watch.spend(RESET_COST)
            return [StreamGone(stream=event.stream_id)] if self._forget(event.stream_id) else []
        if isinstance(event, WindowUpdated):
            return [RoomGrew(stream=event.stream_id or 0)]
        if isinstance(event, RemoteSettingsChanged):
            if SettingCodes.HEADER_TABLE_SIZE in event.changed_settings:
                size = min(self._library.remote_settings.header_table_size, _LARGEST_TABLE)
                self._library.encoder.header_table_size = size
            return [RoomGrew(stream=0)] if SettingCodes.INITIAL_WINDOW_SIZE in event.changed_settings else []
        if isinstance(event, ConnectionTerminated):
            self._open.clear()
            return [PeerGone()]
        return []

    def _arrived(self, event: RequestReceived) -> list[Event]:
        stream = event.stream_id
        try:
            head = request_head(event.headers)
        except BadHttp as error:
            self._watch.spend(RESET_COST)
            self._library.reset_stream(stream, ErrorCodes.PROTOCOL_ERROR)
            return [HeadRefused(stream=stream, what=str(error))]
        kind, length = request_body(head)
        is_whole = event.stream_ended is not None
        self._open[stream] = is_whole
        length = 0 if is_whole and kind is BodyKind.NONE else length
        return [RequestArrived(stream=stream, head=head, length=length, is_whole=is_whole)]

    def _body(self, event: DataReceived) -> list[Event]:
        stream, data, credit = event.stream_id, event.data or b"", event.flow_controlled_length or 0
        if stream in self._open and data:
            return [BodyArrived(stream=stream, data=data, credit=credit)]
        self._library.acknowledge_received_data(credit, stream)
        return []

    def _ended(self, stream: int) -> list[Event]:
        if self._open.get(stream) is not False:  # gone, or told with its head
            return []
        self._open[stream] = True
        return [BodyEnded(stream=stream)]

    def _answered(self, stream: int) -> None:
        if not self._open.pop(stream):
            self._library.reset_stream(stream, ErrorCodes.NO_ERROR)

    def _forget(self, stream: int) -> bool:
        return self._open.pop(stream, None) is not None
