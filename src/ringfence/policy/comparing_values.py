"""What one policy's values allow beyond another's: who approves, who needs a second, what is kept, boxes.

Wider is whatever leaves people less protected: more is approved or passes in an emergency, records are kept
longer or more is collected, what a legal hold kept may be forgotten, a box may use more or get out further.
Patterns are compared by the texts that tell them apart (`glob_sets`), so that it does not matter how they are
written. What takes more than `LIMITS.policy_compared` steps is not decided, and said; whoever asks takes it
for a yes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Place
from ringfence.core.limits import LIMITS
from ringfence.policy.comparing_egress import egress_gains
from ringfence.policy.comparing_prices import price_gains
from ringfence.policy.comparing_sandboxes import box_gains
from ringfence.policy.glob_sets import TooManySteps, witnesses
from ringfence.policy.globs import glob
from ringfence.policy.notify_sentences import of_webhook
from ringfence.policy.policy import Policy
from ringfence.policy.sentences import Value, backquoted, duration, listed, moment
from ringfence.policy.values import Approver, BreakGlass, Hold, Keep, Webhook

__all__ = ["ABOUT", "ValueGained", "ValueGains", "value_gains"]

_NOWHERE = Place(file="", line=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueGained:
    """One value that the second policy has wider."""

    about: str  # one of ABOUT
    before: str  # what the first says, in words
    after: str
    before_at: Place | None  # None: it says nothing, or in no single place
    after_at: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueGains:
    """All of them, and what was not decided, in words."""

    found: tuple[ValueGained, ...]
    undecided: tuple[str, ...]


def value_gains(before: Policy, after: Policy, *, now: datetime) -> ValueGains:
    """The values that `after` has wider than `before`, from `now` on."""
    found: list[ValueGained] = []
    undecided: list[str] = []
    for about, look in _LOOKS.items():
        try:
            found += tuple(look(before, after, now, _Fits()))
        except (_TooMuch, TooManySteps):
            undecided.append(f"{about}: more than can be compared")
    return ValueGains(found=tuple(found), undecided=tuple(undecided))


class _TooMuch(Exception):
    """More than LIMITS.policy_compared steps."""


class _Fits:
    """Whether patterns fit, asked no more than so often."""

    def __init__(self) -> None:
        self._steps = 0

    def __call__(self, patterns: Sequence[str], text: str) -> bool:
        self.count(len(patterns) + 1)
        return any(glob(each, FieldKind.TEXT).fits(text) for each in patterns)

    def count(self, steps: int) -> None:
        """So many more were taken, or are about to be."""
        self._steps += steps
        if self._steps > LIMITS.policy_compared:
            raise _TooMuch


def _approve(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """Entries that let some name approve some type as no entry did."""
    old = before.operators.approve
    known = {replace(each, at=_NOWHERE) for each in old}
    new = [each for each in after.operators.approve if replace(each, at=_NOWHERE) not in known]
    names = _told_apart(pattern for each in (*old, *new) for pattern in each.who) if new else ()
    for entry in new:
        types = [each.name for each in ACTION_TYPES if fits(entry.what, each.name)]
        for name in (each for each in names if fits(entry.who, each)):
            theirs = [each for each in old if fits(each.who, name)]
            less = _less(entry, theirs, types, fits)
            if less is not None:
                type_, was = less
                yield ValueGained(
                    about="operators.approve",
                    before=_approver(was)
                    if was
                    else backquoted(("nothing lets ", Value(name), " approve ", Value(type_))),
                    after=_approver(entry),
                    before_at=was.at if was else None,
                    after_at=entry.at,
                )
                break


def _less(
    entry: Approver, theirs: Sequence[Approver], types: Iterable[str], fits: _Fits
) -> tuple[str, Approver | None] | None:
    """A type of which none of `theirs` gives as much, and one that gives some of it."""
    for type_ in types:
        some = [each for each in theirs if fits(each.what, type_)]
        if not any(_within(entry.uses, each.uses) and _within(entry.lasts_s, each.lasts_s) for each in some):
            return type_, next(iter(some), None)
    return None


def _four_eyes(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """Types that took two people."""
    old, new = (
        {each.name for each in ACTION_TYPES if fits(policy.operators.four_eyes, each.name)}
        for policy in (before, after)
    )
    if old - new:
        types = backquoted(listed([(Value(each),) for each in sorted(old - new)], "and"))
        yield ValueGained(
            about="operators.four_eyes",
            before=f"four eyes for {types}",
            after=f"no four eyes for {types}",
            before_at=None,
            after_at=None,
        )


def _break_glass(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """Entries that let some name break the glass for longer. Of several that fit a name the first counts."""
    old, new = before.operators.break_glass, after.operators.break_glass
    if _placeless(old) == _placeless(new):
        return
    told: dict[BreakGlass, None] = {}
    for name in _told_apart(pattern for each in (*old, *new) for pattern in each.who):
        was, will = (next((one for one in each if fits(one.who, name)), None) for each in (old, new))
        if will is None or will in told or (was is not None and will.lasts_s <= was.lasts_s):
            continue
        told[will] = None
        yield ValueGained(
            about="operators.break_glass",
            before=_glass(was) if was else backquoted(("nothing lets ", Value(name), " break the glass")),
            after=_glass(will),
            before_at=was.at if was else None,
            after_at=will.at,
        )


def _notify(before: Policy, after: Policy, _now: datetime, _fits: _Fits) -> Iterator[ValueGained]:
    """Addresses that are told of questions and were not, or are told with less care."""
    old = before.operators.webhooks
    for each in after.operators.webhooks:
        if not any(_as_careful(each, one) for one in old):
            was = next((one for one in old if (one.host, one.port) == (each.host, each.port)), None)
            yield ValueGained(
                about="operators.notify",
                before=_webhook(was) if was else backquoted(("nothing tells ", Value(each.host))),
                after=_webhook(each),
                before_at=was.at if was else None,
                after_at=each.at,
            )


def _events(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """Entries by which records are kept longer. Of several that fit a type the first counts."""
    old, new = before.retention.events, after.retention.events
    if _placeless(old) == _placeless(new):
        return
    told: dict[tuple[Keep | None, Keep | None], None] = {}
    for type_ in _told_apart(each.types for each in (*old, *new)):
        was, will = (next((one for one in each if fits((one.types,), type_)), None) for each in (old, new))
        if (was, will) in told or _within(will.days if will else None, was.days if was else None):
            continue
        told[was, will] = None
        yield ValueGained(
            about="retention.events",
            before=_kept(was, type_),
            after=_kept(will, type_),
            before_at=was.at if was else None,
            after_at=will.at if will else None,
        )


def _legal_hold(before: Policy, after: Policy, now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """Holds of something that is not held any more, or not for so long."""
    new = [each for each in after.retention.holds if each.until is None or now < each.until]
    known = {(each.streams, each.types, each.until) for each in new}
    old = [
        each
        for each in before.retention.holds
        if (each.until is None or now < each.until) and (each.streams, each.types, each.until) not in known
    ]
    streams = _told_apart(each.streams for each in (*old, *new)) if old else ()
    types = _told_apart(each.types for each in (*old, *new)) if old else ()
    for hold in old:
        for stream in (each for each in streams if fits((hold.streams,), each)):
            holding = [each for each in new if fits((each.streams,), stream)]
            less = _freed(hold, holding, types, fits)
            if less is not None:
                type_, will = less
                yield ValueGained(
                    about="retention.legal_hold",
                    before=_held(hold),
                    after=_held(will)
                    if will
                    else backquoted(("nothing holds ", Value(type_), " in ", Value(stream))),
                    before_at=hold.at,
                    after_at=will.at if will else None,
                )
                break


def _freed(
    hold: Hold, holding: Sequence[Hold], types: Iterable[str], fits: _Fits
) -> tuple[str, Hold | None] | None:
    """A type of which none of `holding` holds as long, and one that holds it for some time."""
    for type_ in (each for each in types if fits((hold.types,), each)):
        some = [each for each in holding if fits((each.types,), type_)]
        if not any(each.until is None or (hold.until and hold.until <= each.until) for each in some):
            return type_, next(iter(some), None)
    return None


def _never_collected(before: Policy, after: Policy, _now: datetime, _fits: _Fits) -> Iterator[ValueGained]:
    """What was named and is no longer."""
    kept = frozenset(after.never_collected)
    for text in before.never_collected:
        if text not in kept:
            yield ValueGained(
                about="retention.never_collected",
                before=backquoted((Value(text, is_prose=True), " is never collected")),
                after=backquoted(("nothing says so of ", Value(text, is_prose=True))),
                before_at=None,
                after_at=None,
            )


def _sandbox(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """What an agent's box may use more of."""
    for gain in box_gains(before.document, after.document, count=fits.count):
        yield ValueGained(
            about="agents.sandbox",
            before=gain.before,
            after=gain.after,
            before_at=gain.before_at,
            after_at=gain.after_at,
        )


def _egress(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """What an agent's way out may do more of."""
    for gain in egress_gains(before.document, after.document, count=fits.count):
        yield ValueGained(
            about="agents.egress",
            before=gain.before,
            after=gain.after,
            before_at=gain.before_at,
            after_at=gain.after_at,
        )


def _prices(before: Policy, after: Policy, _now: datetime, fits: _Fits) -> Iterator[ValueGained]:
    """What counts for less where money is limited."""
    for gain in price_gains(before.document, after.document, count=fits.count):
        yield ValueGained(about="prices", before=gain.before, after=gain.after, before_at=None, after_at=None)


_LOOKS: dict[str, Callable[[Policy, Policy, datetime, _Fits], Iterator[ValueGained]]] = {
    "operators.approve": _approve,
    "operators.four_eyes": _four_eyes,
    "operators.break_glass": _break_glass,
    "operators.notify": _notify,
    "retention.events": _events,
    "retention.legal_hold": _legal_hold,
    "retention.never_collected": _never_collected,
    "agents.sandbox": _sandbox,
    "agents.egress": _egress,
    "prices": _prices,
}
ABOUT = tuple(_LOOKS)


def _told_apart(patterns: Iterable[str]) -> tuple[str, ...]:
    return witnesses(tuple(patterns), FieldKind.TEXT)


def _placeless(values: Iterable[Keep] | Iterable[BreakGlass]) -> list[Keep | BreakGlass]:
    return [replace(each, at=_NOWHERE) for each in values]


def _within(amount: int | None, limit: int | None) -> bool:
    """Whether it is no more; None has no end."""
    return limit is None or (amount is not None and amount <= limit)


def _approver(entry: Approver) -> str:
    who, what = (listed([(Value(each),) for each in texts], "or") for texts in (entry.who, entry.what))
    ends = [] if entry.uses is None else [f"at most {entry.uses} use{'' if entry.uses == 1 else 's'}"]
    ends += [] if entry.lasts_s is None else [f"for at most {duration(entry.lasts_s)}"]
    return backquoted((*who, " may approve ", *what, *(f", {each}" for each in ends or ["without an end"])))


def _glass(entry: BreakGlass) -> str:
    who = listed([(Value(each),) for each in entry.who], "or")
    return backquoted((*who, f" may let everything pass for {duration(entry.lasts_s)}"))


def _as_careful(entry: Webhook, other: Webhook) -> bool:
    """Whether it tells the same address as the other one, signed and at addresses as that is."""
    bare = (replace(each, at=_NOWHERE, secret=None, private=()) for each in (entry, other))
    return (
        next(bare) == next(bare)
        and (other.secret is None or entry.secret == other.secret)
        and set(entry.private) <= set(other.private)
    )


def _webhook(entry: Webhook) -> str:
    return backquoted(of_webhook(entry))


def _kept(keep: Keep | None, type_: str) -> str:
    if keep is None:
        return backquoted((Value(type_), " is kept for ever: nothing fits it"))
    return backquoted((Value(keep.types), f" is kept for {keep.days} day{'' if keep.days == 1 else 's'}"))


def _held(hold: Hold) -> str:
    until = f" until {moment(hold.until)}" if hold.until else ""
    what = Value(hold.types), " in ", Value(hold.streams)
    return backquoted((*what, f" is held{until}. Why: ", Value(hold.why, is_prose=True)))
