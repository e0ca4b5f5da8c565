"""One connection of HTTP/2, from the client's side: one request after the other. It reads no socket.

Whoever owns the socket feeds what comes and sends `outgoing()` after each call. What comes is bounded by what
was not taken of it yet, and by `FrameWatch`. Nothing is pushed.
"""

from collections import deque
from contextlib import suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.events import Event as LibraryEvent
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp, Headers, RequestHead, ResponseHead
from ringfence.protocols.http2.frames import RESET_COST, FrameWatch
from ringfence.protocols.http2.heads import request_fields, response_head, trailers_in

__all__ = ["Http2Client"]

_DATA_EARNS = 2  # windows are updated for streams and for the connection
_LARGEST_TABLE = 4096  # of headers that were sent before
_LARGEST_FRAME = 1 << 14


class Http2Client:
    """Of one connection. `begin`, `send`, `end` a request; its answer stands in `head`, `taken` the rest."""

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.trailers = Headers()
        self.has_ended = False  # the answer is whole
        self.is_over = False  # the connection takes no more requests
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._stream = 0
        self._has_sent = True
        self._watch = FrameWatch(preface=False)
        self._library = H2Connection(config=H2Configuration(client_side=True, header_encoding=False))
        self._library.local_settings = Settings(
            client=True,
            initial_values={
                SettingCodes.ENABLE_PUSH: 0,
                SettingCodes.MAX_HEADER_LIST_SIZE: LIMITS.http_head_bytes,
                SettingCodes.INITIAL_WINDOW_SIZE: LIMITS.http2_window_bytes,
            },
        )
        self._library.decoder.max_header_list_size = LIMITS.http_head_bytes
        self._library.initiate_connection()
        more = LIMITS.http2_window_bytes - self._library.inbound_flow_control_window
        self._library.increment_flow_control_window(more)

    @property
    def is_done(self) -> bool:
        """Whether the request was sent, and its answer is whole and taken."""
        return self._has_sent and self.has_ended and not self._pieces

    @property
    def has_pieces(self) -> bool:
        """Whether something of the answer's body is there."""
        return bool(self._pieces)

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        return self._library.data_to_send()

    def begin(self, head: RequestHead, *, is_secure: bool) -> None:
        """A new request.

        Raises:
            BadHttp: it cannot be written.
        """
        self.head, self.trailers, self.has_ended, self._has_sent = None, Headers(), False, False
        self._pieces.clear()
        fields = request_fields(head, scheme="https" if is_secure else "http")
        try:
            self._stream = self._library.get_next_available_stream_id()
            self._library.send_headers(self._stream, fields)
        except H2Error:
            raise BadHttp("the request cannot be written as HTTP/2") from None

    def room(self) -> int:
        """How many bytes `send` takes now."""
        if self.has_ended or self.is_over:
            return 0
        with suppress(H2Error):  # the host has broken it off
            return max(self._library.local_flow_control_window(self._stream), 0)
        return 0

    def send(self, data: bytes) -> None:
        """Sends bytes of the request's body, at most as many as there is room for."""
        size = min(self._library.max_outbound_frame_size, _LARGEST_FRAME)
        for at in range(0, len(data), size):
            self._library.send_data(self._stream, data[at : at + size])
            self._watch.earn(_DATA_EARNS)

    def end(self) -> None:
        """The request is whole."""
        if not self._has_sent and not self.has_ended:
            with suppress(H2Error):  # the host has broken it off
                self._library.end_stream(self._stream)
        self._has_sent = True

    def taken(self) -> bytes:
        """The next piece of the answer's body, which lets more come; nothing where none is there."""
        if not self._pieces:
            return b""
        data, credit = self._pieces.popleft()
        with suppress(H2Error):  # the host sends no more
            self._library.acknowledge_received_data(credit, self._stream)
        return data

    def feed(self, data: bytes) -> None:
        """Takes what came.

        Raises:
            BadHttp: this is no answer, or no HTTP/2, or too much of it.
        """
        try:
            self._watch.see(data)
            for each in self._library.receive_data(data):
                self._told(each)
        except H2Error:
            raise BadHttp("this is no HTTP/2") from None

    def _told(self, event: LibraryEvent) -> None:
        match event:
            case RemoteSettingsChanged():
                if SettingCodes.HEADER_TABLE_SIZE in event.changed_settings:
                    size = min(self._library.remote_settings.header_table_size, _LARGEST_TABLE)
                    self._library.encoder.header_table_size = size
            case InformationalResponseReceived():
                self._watch.spend(RESET_COST)
            case ConnectionTerminated():
                self.is_over = True
                if event.error_code != ErrorCodes.NO_ERROR and not self.has_ended:
                    raise BadHttp("the host ends the connection")
            case ResponseReceived() | DataReceived() | TrailersReceived() | StreamEnded() | StreamReset():
                if event.stream_id == self._stream:
                    self._answered(event)

    def _answered(
        self, event: ResponseReceived | DataReceived | TrailersReceived | StreamEnded | StreamReset
    ) -> None:
        match event:
            case ResponseReceived():
                self.head = response_head(event.headers)
            case TrailersReceived():
                self.trailers = trailers_in(event.headers)
            case StreamEnded():
                self.has_ended = True
            case StreamReset():
                if not self.has_ended:
                    raise BadHttp("the host breaks its answer off")
            case DataReceived():
                data, credit = event.data or b"", event.flow_controlled_length or 0
                if data:
                    self._pieces.append((data, credit))
                elif credit:
                    self._library.acknowledge_received_data(credit, self._stream)
