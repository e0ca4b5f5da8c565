"""What a policy says that is no rule: how long records are kept, who approves, whose agents these are."""

from dataclasses import dataclass
from datetime import datetime

from ringfence.core.decisions import Place

__all__ = ["Approver", "BreakGlass", "Hold", "Keep", "Operators", "Profile", "Retention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long events of these types are kept. Of several that fit, the first holds."""

    types: str  # glob
    days: int
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Events that nobody may prune, whatever their age."""

    streams: str  # glob
    types: str  # glob
    until: datetime | None  # UTC, the first moment it holds no more; None: no end
    why: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Events that nothing here fits are kept for ever."""

    events: tuple[Keep, ...] = ()
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who may approve what, and how much at a time. Rules on grant.give say the same."""

    who: tuple[str, ...]  # globs on an operator's name; `group:NAME` is a group's
    what: tuple[str, ...]  # globs on types of actions
    uses: int | None  # of one grant at most; None: as many as one likes
    lasts_s: int | None  # at most; None: no end
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """Who may pass everything in an emergency, on the record, and for how long."""

    who: tuple[str, ...]
    lasts_s: int
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """Who has a say beside the rules."""

    approve: tuple[Approver, ...] = ()
    four_eyes: tuple[str, ...] = ()  # globs on types of actions that nobody approves for themselves
    break_glass: tuple[BreakGlass, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An agent that somebody answers for."""

    agent: str  # glob on the agent's name
    owner: str | None
    approved_until: datetime | None  # UTC, the first moment it is approved no more
    at: Place
