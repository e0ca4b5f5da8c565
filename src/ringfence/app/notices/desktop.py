"""Notices on the desktop, by the session bus: one for each question, taken away when it is over.

There are no buttons: a notice says what to run, and whoever answers sees the whole question there. What a
server of notices answers is a number for the notice, and which markup it knows; nothing else is read.

Sources: the Desktop Notifications Specification 1.2, the D-Bus Specification.
"""

import os
import socket
import stat
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import field
from html import escape
from typing import Any

from ringfence.app.notices.noticing import Happened, Notice
from ringfence.app.notices.outbox import NotTold
from ringfence.app.notices.saying import moment, quoted
from ringfence.core.dataclass import dataclass
from ringfence.core.ids import session_name

__all__ = ["Desktop", "body", "session_bus", "summary"]

_NAME = "org.freedesktop.Notifications"
_WITHIN_S = 5.0
_PIECE_BYTES = 4_096
_ANSWER_BYTES = 64 << 10  # of one answer, and of signals before it
_HINT = "log in to a desktop, or write `desktop: false` into the policy's operators.notify"
_NO_LIBRARY = "what speaks D-Bus is missing: pip install jeepney"


def session_bus(environment: Mapping[str, str], *, user_id: int) -> str | None:
    """The address of the user's session bus: the one that is named, or the one where systemd has it."""
    named = environment.get("DBUS_SESSION_BUS_ADDRESS")
    if named:
        return named
    path = f"/run/user/{user_id}/bus"
    with suppress(OSError):
        status = os.stat(path, follow_symlinks=False)  # noqa: PTH116
        if stat.S_ISSOCK(status.st_mode) and status.st_uid == user_id:
            return f"unix:path={path}"
    return None


def summary(notice: Notice) -> str:
    """Its one line; nothing in it is anybody else's text."""
    if notice.happened is Happened.MORE:
        return f"{notice.waiting} more questions wait" if notice.waiting > 1 else "1 more question waits"
    return f"{notice.action_type} waits for your answer"


def body(notice: Notice) -> str:
    """What there is to say, as plain text; what is anybody's comes last, in quotes."""
    if notice.happened is Happened.MORE:
        return "all of them: ringfence asks, or ringfence tui"
    who = f"{notice.agent or 'somebody'}, session {session_name(notice.session or 'none')}"
    more = f" and {notice.others} more that ask the same" if notice.others else ""
    until = f", open until {moment(notice.expires_at)}" if notice.expires_at else ""
    how = f"ringfence approve {notice.short_id}, or ringfence deny {notice.short_id}"
    if not notice.complete:  # nobody is to say yes to what was not shown
        how = "too long to be shown whole, look first: ringfence asks"
    said = f"{how}\nby {quoted(who)}{more}{until}\n{quoted(notice.subject or '')}"
    return f"{said}\n{', '.join(notice.facts)}" if notice.facts else said


@dataclass(slots=True, kw_only=True)
class Desktop:
    """The user's desktop. One thread speaks with it."""

    address: str  # of the session bus
    name: str = "desktop"
    _bus: "_Bus | None" = None
    _shown: dict[str, int] = field(default_factory=dict)  # the server's numbers of what is shown

    def send(self, notice: Notice) -> None:
        """Shows it, or takes away what is over. A desktop that is gone is looked for anew by the next one."""
        try:
            self._send(notice)
        except (OSError, ValueError, KeyError, TypeError, StopIteration, RuntimeError) as error:
            self._leave()
            raise NotTold(f"the desktop shows no notices: {_said(error)}", hint=_HINT) from error

    def _send(self, notice: Notice) -> None:
        if self._bus is None:
            self._bus = _Bus(self.address)
        shown = self._shown.get(notice.key, 0)
        is_over = notice.happened is not Happened.ASKED and not notice.waiting
        if is_over:
            if shown:
                del self._shown[notice.key]
                with suppress(ValueError):  # a person has closed it already
                    self._bus.call("CloseNotification", "u", (shown,))
            return
        text = body(notice)
        if self._bus.knows_markup:
            text = escape(text, quote=False)
        hints = {"urgency": ("y", 1), "category": ("s", "im.received")}
        (number,) = self._bus.call(
            "Notify",
            "susssasa{sv}i",
            ("ringfence", shown, "dialog-question", summary(notice), text, [], hints, -1),
        )
        self._shown[notice.key] = int(number)

    def _leave(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = None
        self._shown.clear()  # numbers are those of a server that may be another one by then


class _Bus:
    """A connection to the session bus, which answers within a time or is left."""

    def __init__(self, address: str) -> None:
        try:
            import jeepney.bus  # type: ignore[import-untyped]
            import jeepney.bus_messages  # type: ignore[import-untyped]
            import jeepney.io.blocking  # type: ignore[import-untyped]
            import jeepney.low_level  # type: ignore[import-untyped]
        except ImportError:
            raise NotTold("nothing here speaks D-Bus", hint=_NO_LIBRARY) from None
        self._jeepney: Any = jeepney
        self._serial = 0
        at = jeepney.bus.get_bus(address)
        self._sock: socket.socket = jeepney.io.blocking.prep_socket(at, timeout=_WITHIN_S)
        with ExitStack() as unless_it_answers:
            unless_it_answers.callback(self.close)
            self._ask(self._jeepney.bus_messages.message_bus.Hello())
            self.knows_markup = "body-markup" in self.call("GetCapabilities", "", ())[0]
            unless_it_answers.pop_all()

    def call(self, method: str, signature: str, arguments: tuple[object, ...]) -> tuple[Any, ...]:
        """What the server of notices answers.

        Raises:
            OSError: nobody answers in time.
            ValueError: it answers with an error.
        """
        place = self._jeepney.DBusAddress("/org/freedesktop/Notifications", bus_name=_NAME, interface=_NAME)
        answer = self._ask(
            self._jeepney.new_method_call(place, method, signature, arguments)
            if signature
            else self._jeepney.new_method_call(place, method)
        )
        return tuple(answer)

    def close(self) -> None:
        """Leaves the bus."""
        self._sock.close()

    def _ask(self, message: Any) -> Any:  # noqa: ANN401 - a message of the library's
        end = time.monotonic() + _WITHIN_S
        self._serial += 1
        self._sock.settimeout(_WITHIN_S)
        self._sock.sendall(message.serialise(serial=self._serial))
        parser, fields = self._jeepney.low_level.Parser(), self._jeepney.HeaderFields
        left = _ANSWER_BYTES
        while True:
            answer = parser.get_next_message()
            if answer is None:
                self._sock.settimeout(max(0.01, end - time.monotonic()))
                data = self._sock.recv(min(_PIECE_BYTES, left))
                if not data:
                    raise ConnectionResetError("the bus is gone")
                left -= len(data)
                parser.add_data(data)
            elif answer.header.fields.get(fields.reply_serial) == self._serial:
                if answer.header.message_type is not self._jeepney.MessageType.method_return:
                    raise ValueError("it answers with an error")
                return answer.body


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "nobody answers in time"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return "nothing there shows notices"
