"""Homes that are kept from run to run: one for each agent in each working tree, below ringfence's state.

Not one for all trees: what a hostile repository had an agent write into its settings acts in boxes of that
tree and nowhere else. A tree is a folder at its path, and another one where something else is put there. One
session at a time has a home, by a lock that the dead let go; `home.json` says who had it last. Root's boxes
are another user's in a tree of another user's: so the owner counts as well.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ringfence.core.dataclass import asdict, dataclass
from ringfence.core.text import printable
from ringfence.gate.state import StateRefused, make_folder, read_private, write_private
from ringfence.sandbox.linux.kernel import born
from ringfence.sandbox.processes import is_running
from ringfence.sandbox.removing import remove
from ringfence.sandbox.sessions import NoSession, Sessions

__all__ = ["KeptHome", "KeptHomes", "has_box", "home_name", "tree_id"]

_HOME, _NOTE, _LOCK = "home", "home.json", "lock"
_GONE = ".gone"  # behind the name of a folder that is being removed
_SHOWN_CHARS, _DIGEST_CHARS = 24, 12
_TRIES = 8  # of somebody who always comes when it is being forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHome:
    """One of them, and who had it last."""

    name: str
    agent: str
    tree: str
    session: str
    used_at: str  # RFC 3339, UTC; when that session began, or was gone on with
    tree_id: str = ""  # which folder the tree is


def has_box(home: KeptHome, sessions: Sessions) -> bool:
    """Whether the box of the session that had it last is there."""
    try:
        running = sessions.running(sessions.find(home.session))
    except NoSession:
        return False
    return running is not None and is_running(running)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHomes:
    """All of one user's, in `folder`."""

    folder: Path

    @contextmanager
    def held(self, home: KeptHome) -> Iterator[Path | None]:
        """Where it lies, for nobody else meanwhile; None: somebody has it. Made where there is none.

        Raises:
            StateRefused: it cannot be made, or something else is there.
        """
        fd = self._locked(home.name)
        try:
            yield None if fd is None else self.path_of(home.name)
        finally:
            if fd is not None:
                os.close(fd)

    def take(self, home: KeptHome) -> bool:
        """Notes who has it, which is held; whether it is a new one. Raises StateRefused."""
        place = self.folder / home.name
        write_private(place / _NOTE, json.dumps(asdict(home), sort_keys=True).encode(), replace=True)
        try:
            (place / _HOME).mkdir(mode=0o700)
        except FileExistsError:
            return False
        except OSError as error:
            raise StateRefused(
                f"{printable(str(place))}: no home can be made: {os.strerror(error.errno or 0).lower()}",
                hint="make room on the disk",
            ) from error
        return True

    def path_of(self, name: str) -> Path:
        """Where the home of that name lies."""
        return self.folder / name / _HOME

    def last(self, name: str) -> KeptHome | None:
        """What is noted of it. Raises StateRefused."""
        data = read_private(self.folder / name / _NOTE)
        try:
            found = KeptHome(**json.loads(data)) if data is not None else None
        except (ValueError, TypeError, RecursionError):
            return None
        is_whole = found is not None and all(isinstance(each, str) for each in asdict(found).values())
        return found if is_whole and found is not None and found.name == name else None

    def all(self) -> tuple[KeptHome, ...]:
        """Every one, by name. What is no home of ours is passed over. Raises StateRefused."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return ()
        found = (self.last(name) for name in names if not name.endswith(_GONE))
        return tuple(each for each in found if each is not None)

    def left_behind(self, home: KeptHome) -> KeptHome | None:
        """The agent's newest in another folder that was at the tree's path, or in this one at another path.

        Raises:
            StateRefused: see `all`.
        """
        others = (
            each
            for each in self.all()
            if each.agent == home.agent and (each.tree == home.tree) != (each.tree_id == home.tree_id != "")
        )
        return max(others, key=lambda each: each.used_at, default=None)

    def forget(self, home: KeptHome) -> int:
        """Removes it, which is held: at once for whoever looks. How many bytes that frees.

        Raises:
            OSError: something of it cannot be removed; `finish_forgetting` tries again.
        """
        gone = self.folder / f"{home.name}-{home.session}{_GONE}"
        (self.folder / home.name).rename(gone)
        return remove(gone)

    def finish_forgetting(self) -> None:
        """Removes what is left of homes whose forgetting was broken off. Raises OSError."""
        for gone in self.folder.glob(f"*{_GONE}"):
            remove(gone)

    def _locked(self, name: str) -> int | None:
        """A descriptor that holds it; None where another does. Raises StateRefused."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        for _ in range(_TRIES):
            make_folder(self.folder)
            path = make_folder(self.folder / name) / _LOCK
            try:
                fd = os.open(path, flags, 0o600)
            except FileNotFoundError:
                continue  # it was forgotten in between
            except OSError as error:
                raise _no_home(path, error) from error
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return None
            if _is_at(fd, path):
                return fd
            os.close(fd)
        raise StateRefused(
            f"{printable(name)}: this home is being forgotten again and again", hint="try it again"
        )


def tree_id(tree: str) -> str:
    """Which folder is at that path now: its number and when it was made; empty where nobody knows."""
    try:
        found = born(tree)
    except OSError:
        return ""
    return "" if found is None else f"{found[0]}-{found[1]}"


def home_name(agent: str, tree: str, tree_id: str, owner_uid: int) -> str:
    """The same for the same agent in the same tree, of the same owner; people see whose it is."""
    letters = "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in agent)
    data = json.dumps([agent, tree, tree_id, owner_uid]).encode()
    return f"{letters[:_SHOWN_CHARS]}-{hashlib.sha256(data).hexdigest()[:_DIGEST_CHARS]}"


def _is_at(fd: int, path: Path) -> bool:
    """Whether it is still what stands there, and was not forgotten before it was held."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False


def _no_home(path: Path, error: OSError) -> StateRefused:
    return StateRefused(
        f"{printable(str(path))}: it cannot be held: {os.strerror(error.errno or 0).lower()}",
        hint="something else stands there: move it away",
    )
