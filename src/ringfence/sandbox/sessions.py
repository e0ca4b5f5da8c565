"""Sessions of boxes, each with a folder of ringfence's state that only its user can look into.

A session outlives its box: its folder keeps the home that programs saw, private copies and what was refused,
so that `--resume` goes on. While a box is there, `running.json` names its first process, and its supervisor
holds the session: what is not held and still says so was killed.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ringfence.core.dataclass import asdict, dataclass, replace
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.ids import session_name
from ringfence.core.redaction import redact
from ringfence.core.text import printable
from ringfence.gate.state import make_folder, read_private, write_private
from ringfence.sandbox.removing import remove

__all__ = ["CommandNotKept", "NoSession", "Running", "Session", "Sessions"]

_SESSION, _RUNNING, _KILLED, _LOCK = "session.json", "running.json", "killed-by", "lock"
_GONE = ".gone"  # behind the name of a folder that is being removed
_ID_CHARS = 36
_OPTIONS = ("strict", "is_degradable")


class NoSession(RingfenceError):
    """There is none of this name, or several."""


class CommandNotKept(RingfenceError):
    """A session is to go on with its command, and nobody knows that any more."""

    code = ExitCode.NO_BOX


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What was started, and where. `command` is what was typed, or what is kept of it: not its secrets."""

    id: str
    agent: str
    command: tuple[str, ...]
    folder: str
    tree: str
    started_at: str  # RFC 3339, UTC
    options: dict[str, Any]  # of the first start, which a resumed one has too
    is_whole: bool = True  # False: of the command something was cut that looked secret
    home: str = ""  # of `kept_homes`, where it has one of those; empty: its own

    @property
    def name(self) -> str:
        """What people call it by."""
        return session_name(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The box's first process, as the host numbers it; the start tells it from a later one of that number."""

    pid: int
    started: int  # field 22 of /proc/PID/stat, in clock ticks since the machine's start
    at: str  # RFC 3339, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """All of one user's, in `folder`."""

    folder: Path

    def make(self, session: Session) -> Path:
        """The folder of a new one.

        Raises:
            StateRefused: it cannot be made.
        """
        make_folder(self.folder)
        folder = make_folder(self.folder / session.id)
        for name in ("home", "git", "refused"):
            (folder / name).mkdir(mode=0o700)
        write_private(folder / _SESSION, _json(_kept(session)), replace=False)
        return folder

    def going_on(self, session: Session, command: tuple[str, ...]) -> Session:
        """The session with this command from now on; without any, with the one that it had.

        Raises:
            CommandNotKept: it is needed, and there was a secret in it.
        """
        if not command and not session.is_whole:
            raise CommandNotKept(
                f"session {session.name}: its command held what looks secret, which is not kept",
                hint=f"give the command again: ringfence run --resume {session.name} -- COMMAND",
            )
        if not command:
            return session
        now = replace(session, command=command, is_whole=True)
        write_private(self.folder_of(now) / _SESSION, _json(_kept(now)), replace=True)
        return now

    def with_home(self, session: Session, home: str) -> Session:
        """The session with this home, by its name, from now on. Raises StateRefused."""
        if session.home == home:
            return session
        now = replace(session, home=home)
        write_private(self.folder_of(now) / _SESSION, _json(_kept(now)), replace=True)
        return now

    def find(self, name: str) -> Session:
        """The one whose id ends or begins so.

        Raises:
            NoSession: none does, or several do.
        """
        found = [each for each in self.all() if each.id.endswith(name) or each.id.startswith(name)]
        if len(found) == 1 and name:
            return found[0]
        shown = printable(name)
        if found:
            raise NoSession(f"{shown}: {len(found)} sessions are called so", hint="write more of its name")
        raise NoSession(f"{shown}: no session is called so", hint="see them: ringfence run --report")

    def all(self, *, where: Callable[[Path], bool] = lambda _folder: True) -> Iterator[Session]:
        """Every one whose folder is so, the oldest first. What is no session of ours is passed over."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return
        for name in names:
            folder = self.folder / name
            data = read_private(folder / _SESSION) if len(name) == _ID_CHARS and where(folder) else None
            if data is not None and (session := _session(data)) is not None and session.id == name:
                yield session

    def folder_of(self, session: Session) -> Path:
        """Where it keeps what is its own."""
        return self.folder / session.id

    @contextmanager
    def held(self, session: Session) -> Iterator[bool]:
        """Whether nobody else has the session; within, nobody else gets it. The dead let go.

        Raises:
            NoSession: it was forgotten meanwhile.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        path = self.folder_of(session) / _LOCK
        try:
            fd = os.open(path, flags, 0o600)
        except FileNotFoundError as error:
            raise _forgotten(session) from error
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                if not path.exists():
                    raise _forgotten(session)
                yield True
        finally:
            os.close(fd)

    def set_running(self, session: Session, running: Running) -> None:
        """Says which process its box is. When the machine stops, so does the box."""
        write_private(self.folder_of(session) / _RUNNING, _json(running), replace=True, lasts=False)

    @staticmethod
    def has_run(folder: Path) -> bool:
        """Whether something was said of a box and not taken back, without a look at what."""
        return os.path.lexists(folder / _RUNNING)

    def running(self, session: Session) -> Running | None:
        """What was said last, until it ended in good order."""
        data = read_private(self.folder_of(session) / _RUNNING)
        found = _object(data) if data is not None else {}
        try:
            return Running(pid=int(found["pid"]), started=int(found["started"]), at=str(found["at"]))
        except (ValueError, TypeError, KeyError, OverflowError):
            return None

    def set_ended(self, session: Session) -> None:
        """Its box is gone."""
        for name in (_RUNNING, _KILLED):
            (self.folder_of(session) / name).unlink(missing_ok=True)

    def set_killed(self, session: Session, operator: str) -> None:
        """Says who ends its box now; they record it."""
        write_private(self.folder_of(session) / _KILLED, operator.encode(), replace=True)

    def killed_by(self, session: Session) -> str | None:
        """Who ended its box, or is about to."""
        data = read_private(self.folder_of(session) / _KILLED)
        return None if data is None else data.decode("utf-8", "replace")

    def forget(self, session: Session) -> int:
        """Removes the session with all that it kept: at once for whoever looks. How many bytes that frees.

        Raises:
            OSError: something of it cannot be removed; `finish_forgetting` tries again.
        """
        gone = self.folder / f"{session.id}{_GONE}"
        self.folder_of(session).rename(gone)
        return remove(gone)

    def finish_forgetting(self) -> None:
        """Removes what is left of sessions whose forgetting was broken off. Raises OSError."""
        for gone in self.folder.glob(f"*{_GONE}"):
            remove(gone)


def _forgotten(session: Session) -> NoSession:
    return NoSession(f"session {session.name} was forgotten", hint="see others: ringfence run --report")


def _kept(session: Session) -> Session:
    """As it stands on the disk."""
    command = redact(session.command)
    return replace(session, command=command, is_whole=command == session.command)


def _json(value: Session | Running) -> bytes:
    return json.dumps(asdict(value), ensure_ascii=True, sort_keys=True).encode()


def _session(data: bytes) -> Session | None:
    """The session; None for what this version of ringfence did not write."""
    found = _object(data)
    command, options = found.get("command"), found.get("options")
    texts = {name: found.get(name) for name in ("id", "agent", "folder", "tree", "started_at")}
    texts["home"] = found.get("home", "")  # older ones say nothing
    if not isinstance(command, list) or not command or not isinstance(options, dict):
        return None
    if not all(isinstance(each, str) for each in (*texts.values(), *command)):
        return None
    if not all(isinstance(options.get(name), bool) for name in _OPTIONS):
        return None
    is_whole = found.get("is_whole") is True
    return Session(
        **cast("dict[str, str]", texts), command=tuple(command), options=options, is_whole=is_whole
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
