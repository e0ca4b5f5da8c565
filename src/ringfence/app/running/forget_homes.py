"""Forgets homes that were kept from run to run, with all that agents wrote into them.

Neither one that a session has nor one that a legal hold covers, by a session that had it, is ever touched.
What is forgotten is recorded first; who is killed on the way has it finished by the next.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ringfence.app.running.forget import NotForgotten
from ringfence.app.running.record import stream_of
from ringfence.core.action_types import Durability
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.text import printable
from ringfence.gate.holds import Hold
from ringfence.ledger.events.home_forgotten import HomeForgotten
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.ledger import Ledger
from ringfence.sandbox.kept_homes import KeptHome, KeptHomes, has_box
from ringfence.sandbox.sessions import Sessions

__all__ = [
    "ForgottenHome",
    "ForgottenHomes",
    "HomeStays",
    "NoHome",
    "find_homes",
    "forget_homes",
    "look_at_homes",
]

_TYPE = SandboxStarted.TYPE.partition("/")[0]  # whose events a home holds more of
_IN_USE = "a session has it"


class NoHome(RingfenceError):
    """None is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenHome:
    """One that is gone."""

    name: str
    agent: str
    tree: str
    used_at: datetime  # when the last session that had it began, or was gone on with
    freed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeStays:
    """One that stays."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenHomes:
    """What `ringfence forget --homes` says."""

    started_at: datetime
    complete: bool
    homes: tuple[ForgottenHome, ...]
    kept: tuple[HomeStays, ...]


def find_homes(homes: KeptHomes, names: Sequence[str]) -> tuple[KeptHome, ...]:
    """Those that are called so, or whose agent is; without names all.

    Raises:
        NoHome: nothing is called so.
        StateRefused: one is not as ringfence made it.
    """
    there = homes.all()
    found = dict[str, KeptHome]()
    for name in names:
        called = [each for each in there if name in (each.name, each.agent)]
        if not called:
            raise NoHome(
                f"{printable(name)}: no home is kept that is called so, or whose agent is",
                hint="see them: ringfence run --report",
            )
        found |= {each.name: each for each in called}
    return tuple(found.values()) if names else there


def look_at_homes(
    wanted: Sequence[KeptHome], *, sessions: Sessions, holds: Sequence[Hold], before: datetime | None
) -> tuple[tuple[KeptHome, ...], tuple[HomeStays, ...]]:
    """Which of these may be forgotten, and which stay and why. None of those used since `before`."""
    ended, kept = list[KeptHome](), list[HomeStays]()
    had = dict[str, list[str]]()
    for session in sessions.all():
        had.setdefault(session.home, []).append(session.id)
    for each in wanted:
        if before is not None and datetime.fromisoformat(each.used_at) >= before:
            continue
        streams = {stream_of(id_) for id_ in (*had.get(each.name, ()), each.session)}
        hold = next((one for one in holds if any(one.covers(stream, _TYPE) for stream in streams)), None)
        if has_box(each, sessions):
            kept.append(HomeStays(name=each.name, why=_IN_USE))
        elif hold is not None:
            kept.append(HomeStays(name=each.name, why=f"a legal hold covers it: {hold.why}"))
        else:
            ended.append(each)
    return tuple(ended), tuple(kept)


def forget_homes(
    wanted: Sequence[KeptHome], *, homes: KeptHomes, ledger: Ledger, stream: str, operator: str
) -> Iterator[ForgottenHome | HomeStays]:
    """Forgets each, or says why it stays all the same: a session had it meanwhile.

    Raises:
        LedgerError: it could not be recorded, and was not done.
        NotForgotten: not all of it could be removed.
    """
    for each in wanted:
        with homes.held(each) as folder:
            if folder is None or homes.last(each.name) != each:
                yield HomeStays(name=each.name, why=_IN_USE)
                continue
            event = HomeForgotten(home=each.name, session=each.session, operator=operator)
            ledger.append(event, stream=stream, durability=Durability.FSYNC)
            freed = _removed(each, homes)
        yield ForgottenHome(
            name=each.name,
            agent=each.agent,
            tree=each.tree,
            used_at=datetime.fromisoformat(each.used_at),
            freed_bytes=freed,
        )


def _removed(home: KeptHome, homes: KeptHomes) -> int:
    try:
        return homes.forget(home)
    except OSError as error:
        raise NotForgotten(
            f"home {home.name}: not all of it could be removed: {error.strerror or 'not possible'}",
            hint=f"look at what is left in {homes.folder}, and run it again",
        ) from error
