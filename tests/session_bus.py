"""A real session bus, and a server of notices on it that keeps what it is sent."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from needs import missing

__all__ = ["Shown", "notice_server", "session_bus"]

_NAME = "org.freedesktop.Notifications"
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def session_bus(folder: Path, **how: Any) -> Iterator[str]:
    """The address of one that runs in `folder`; `how` is how its process is started."""
    (folder / "bus.conf").write_text(_CONFIG.format(socket=folder / "bus"))
    command = ["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--print-address"]
    try:
        bus = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **how)
    except FileNotFoundError:
        missing("dbus-daemon", "scripts/install-test-needs")
    with bus:
        try:
            assert bus.stdout is not None
            assert bus.stdout.readline().startswith("unix:")
            yield f"unix:path={folder}/bus"
        finally:
            bus.terminate()


@dataclass
class Shown:
    """What the desktop was sent: each notice as it came, and the numbers of those that were taken away."""

    notices: list[dict[str, Any]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    refuses: bool = False
    hangs: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def until(self, notices: int, closed: int = 0) -> "Shown":
        """It, once there were so many."""
        with self._changed:
            there = self._changed.wait_for(
                lambda: len(self.notices) >= notices and len(self.closed) >= closed, timeout=30
            )
        assert there, self
        return self


@contextmanager
def notice_server(address: str, *capabilities: str) -> Iterator[Shown]:
    """Somebody who shows notices on that bus."""
    shown, over = Shown(), threading.Event()
    connection = open_dbus_connection(address)
    connection.send_and_get_reply(message_bus.RequestName(_NAME))
    thread = threading.Thread(target=_serve, args=(connection, shown, over, capabilities))
    thread.start()
    try:
        yield shown
    finally:
        over.set()
        thread.join(10)
        connection.close()


def _serve(
    connection: DBusConnection, shown: Shown, over: threading.Event, capabilities: tuple[str, ...]
) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            message = connection.receive(timeout=0.1)
            if message.header.message_type is MessageType.method_call and not shown.hangs:
                _answer(connection, message, shown, capabilities)


def _answer(connection: DBusConnection, message: Any, shown: Shown, capabilities: tuple[str, ...]) -> None:
    if shown.refuses:
        connection.send(new_error(message, f"{_NAME}.No", "s", ("secret words",)))
        return
    match message.header.fields[HeaderFields.member]:
        case "GetCapabilities":
            connection.send(new_method_return(message, "as", (list(capabilities),)))
        case "Notify":
            keys = ("app", "replaces", "icon", "summary", "body", "actions", "hints", "expires")
            number = message.body[1] or len(shown.notices) + 1
            with shown._changed:
                shown.notices.append(dict(zip(keys, message.body, strict=True)))
                shown._changed.notify_all()
            connection.send(new_method_return(message, "u", (number,)))
        case "CloseNotification":
            with shown._changed:
                shown.closed.append(message.body[0])
                shown._changed.notify_all()
            connection.send(new_method_return(message))
