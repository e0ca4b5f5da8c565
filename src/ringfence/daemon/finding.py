"""The daemons of a user: which run, and how one is ended.

Source: unix(7) on SO_PEERCRED, pidfd_open(2).
"""

import os
import select
import signal
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ringfence.app.notices.standing import BOARD, Standing, read_board
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.daemon.control import connect, peer_of
from ringfence.daemon.starting import FOLDER

__all__ = ["Daemon", "Daemons", "StillThere", "running_in", "stop"]

_ENDS_WITHIN_MS = 10_000  # its children record what they have to


class StillThere(RingfenceError):
    """A daemon was told to end and did not."""

    code = ExitCode.NOT_EXAMINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """One that listens."""

    pid: int
    folder: str
    notices: tuple[Standing, ...] = ()  # who is told of questions; none: nothing is said of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemons:
    """What `ringfence daemon` says."""

    started_at: datetime
    complete: bool
    daemons: tuple[Daemon, ...]
    proxies_lack: tuple[str, ...] | None  # layers that this machine does not give them; None: not tried


def running_in(state: Path) -> tuple[Daemon, ...]:
    """All that listen below ringfence's state folder."""
    found = []
    with suppress(FileNotFoundError):
        for folder in sorted((state / FOLDER).iterdir()):
            with suppress(OSError), connect(folder) as connection:
                notices = read_board(folder / BOARD)
                found.append(Daemon(pid=peer_of(connection), folder=str(folder), notices=notices))
    return tuple(found)


def stop(daemon: Daemon) -> None:
    """Ends it and waits for that. Sessions that it has go on with another one, which their runs start.

    Raises:
        StillThere: it does not end.
    """
    with suppress(ProcessLookupError):
        pidfd = os.pidfd_open(daemon.pid)
        try:
            if not _is_listening(daemon):  # the number may be another process's by now
                return
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            if not ended.poll(_ENDS_WITHIN_MS):
                raise StillThere(
                    f"the daemon, process {daemon.pid}, does not end",
                    hint=f"end it at once: kill -9 {daemon.pid}",
                )
        finally:
            os.close(pidfd)


def _is_listening(daemon: Daemon) -> bool:
    try:
        with connect(Path(daemon.folder)) as connection:
            return peer_of(connection) == daemon.pid
    except OSError:
        return False
