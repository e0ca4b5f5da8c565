"""Which home a session's box has: one that is kept from run to run where the policy says so, else its own.

A home that is kept is one session's at a time. Another one of the same agent in the same tree has a copy for
itself meanwhile. Files of logins are in a home only while its session lasts.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.app.running.prepare import Around, StillRunning
from ringfence.core.decisions import Place
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.text import printable
from ringfence.policy.sandboxing import sandboxing
from ringfence.sandbox.home_files import open_home
from ringfence.sandbox.login_files import login_paths, remove_login_files
from ringfence.sandbox.plan import Identity, Why
from ringfence.sandbox.planning.identity import identity
from ringfence.sandbox.planning.wanted import WantedHome
from ringfence.sandbox.planning.working_tree import working_tree
from ringfence.sandbox.sessions import Session

if TYPE_CHECKING:
    from ringfence.policy.values import Switch
    from ringfence.sandbox.kept_homes import KeptHome, KeptHomes

__all__ = ["HomeNotKept", "explained_home", "held_home"]


class HomeNotKept(RingfenceError):
    """A session is to go on in a home that the policy no longer lets be kept."""

    code = ExitCode.NO_BOX


@contextmanager
def held_home(
    session: Session, around: Around, *, is_resumed: bool
) -> Iterator[tuple[Session, WantedHome | None]]:
    """The session with its home, which is nobody else's meanwhile; None: its own folder's.

    Raises:
        StillRunning: it goes on, and another session has its home.
        HomeNotKept: it goes on, and the policy says that homes are new.
        StateRefused, InTheWay: something else is where the home should be. A new session is forgotten again.
    """
    with ExitStack() as stack:
        with ExitStack() as unless_it_is_had:
            if not is_resumed:
                unless_it_is_had.callback(around.places.sessions.forget, session)
            entered = stack.enter_context(_held(session, around, is_resumed=is_resumed))
            unless_it_is_had.pop_all()
        yield entered


@contextmanager
def _held(
    session: Session, around: Around, *, is_resumed: bool
) -> Iterator[tuple[Session, WantedHome | None]]:
    kept = _kept(around, session)
    if is_resumed and session.home and not _is_on(kept):
        at = f" ({kept.at})" if kept is not None else ""
        raise HomeNotKept(
            f"session {session.name}: its home was a kept one, and the policy keeps none for it now{at}",
            hint="begin a new session: ringfence run -- COMMAND",
        )
    if kept is None or not kept.is_on or (is_resumed and not session.home):
        with _without_logins(_own(session, around)):
            yield session, None
        return
    from ringfence.sandbox.kept_homes import has_box

    homes, home = around.places.homes, _home(session, around)
    with homes.held(home) as folder:
        before = homes.last(home.name)
        # Who is killed holds nothing any more; the box goes a moment later.
        if folder is None or (before is not None and has_box(before, around.places.sessions)):
            if is_resumed:
                raise _in_use(session, before)
            _copy(homes.path_of(home.name), session, around)
            with _without_logins(_own(session, around)):
                yield session, None
            return
        if homes.take(home):
            _tell_new(home, homes, around, is_resumed=is_resumed)
        with _without_logins(folder):
            yield (
                around.places.sessions.with_home(session, home.name),
                WantedHome(folder=str(folder), why=_why(home.name, kept.at)),
            )


def explained_home(session: Session, around: Around) -> WantedHome | None:
    """The same for a box that is only explained: nothing of a home that is kept is touched."""
    kept = _kept(around, session)
    if kept is None or not kept.is_on:
        return None
    return WantedHome(folder=str(_own(session, around)), why=_why(_home(session, around).name, kept.at))


def _kept(around: Around, session: Session) -> "Switch | None":
    return sandboxing(around.policy.document, session.agent).said.keeps_home


def _is_on(switch: "Switch | None") -> bool:
    return switch is not None and switch.is_on


def _why(name: str, at: Place) -> Why:
    return Why(text=f"kept from run to run as {name}", place=at)


def _own(session: Session, around: Around) -> Path:
    return around.places.sessions.folder_of(session) / "home"


def _who(session: Session, around: Around) -> Identity:
    return identity(around.host, working_tree(session.folder, around.host).path)


def _home(session: Session, around: Around) -> "KeptHome":
    from ringfence.sandbox.kept_homes import KeptHome, home_name, tree_id  # few policies keep any

    folder = tree_id(session.tree)
    return KeptHome(
        name=home_name(session.agent, session.tree, folder, _who(session, around).owner_uid),
        agent=session.agent,
        tree=session.tree,
        session=session.id,
        used_at=around.now.isoformat(timespec="seconds"),
        tree_id=folder,
    )


def _tell_new(home: "KeptHome", homes: "KeptHomes", around: Around, *, is_resumed: bool) -> None:
    """Says that a home is new where somebody thinks that there was one."""
    before = homes.left_behind(home)
    if before is not None:
        was = (
            "another folder was here"
            if before.tree == home.tree
            else f"this folder was at {printable(before.tree)}"
        )
        around.tell(
            f"{was} when {printable(home.agent)} last had a home: it has a new one; the old one stays until "
            f"ringfence forget --homes {before.name}"
        )
    elif is_resumed:
        around.tell("this session's home was forgotten meanwhile: it has a new one")


def _in_use(session: Session, before: "KeptHome | None") -> StillRunning:
    return StillRunning(
        f"session {session.name}: another session of {printable(session.agent)} has its home now",
        hint=f"end that one first: ringfence kill {before.session[-8:] if before else 'SESSION'}",
    )


def _copy(source: Path, session: Session, around: Around) -> None:
    """Gives the session a copy of a home that another one has; a new home where that cannot be had."""
    from ringfence.sandbox.home_copies import TooLarge, copy_home  # few sessions need one
    from ringfence.sandbox.key_answers import copy_ends

    what = f"another session of {printable(session.agent)} has the home that is kept for this tree"
    try:
        copy_home(source, _own(session, around), _who(session, around), without=login_paths(source))
        copy_ends(source, _own(session, around))
    except (TooLarge, OSError) as error:
        why = "it is too large to copy" if isinstance(error, TooLarge) else "it cannot be copied"
        around.tell(f"{what}; {why}, so this one has a new one, which nothing else will have")
    else:
        around.tell(f"{what}: this one has a copy, which nothing else will have")


@contextmanager
def _without_logins(home: Path) -> Iterator[None]:
    """Before and afterwards no file of a login is there, whoever was killed."""
    open_home(home)
    remove_login_files(home)
    try:
        yield
    finally:
        remove_login_files(home)
