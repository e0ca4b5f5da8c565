"""What one policy lets happen that another does not: every kind of action for which that is so, or a note.

Both policies' rules are followed side by side, fact by fact: for each kind of value (`kinds`) the rules that
it rules out are left behind. Where the same rules are left on both sides nothing differs, and where the first
policy stops nothing that the second lets pass nothing is gained; there it goes no further. So the work grows
with what differs and not with what there is. Only actions that a rule fits which just one side has can end
differently, unless the sections' modes differ.

What comes out of boxes is compared as it is decided there as well, with all of it enforced.

What is found is an action, decided by both policies. What is not decided, since it would take more than
`LIMITS.policy_compared` steps or the language has no end there, is said; whoever asks takes it for a yes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import Action, FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect, Mode, Obligation, Place, Section
from ringfence.core.limits import LIMITS
from ringfence.policy.conditions import fact
from ringfence.policy.glob_sets import TooManySteps, witnesses
from ringfence.policy.globs import glob
from ringfence.policy.kinds import action_with, kinds, part_of, said
from ringfence.policy.open_rules import LEVELS, Answers, Open, Side, side
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Condition, Like, Rule, RuleId, Tier
from ringfence.policy.trust_words import Trust

__all__ = ["Gained", "Gains", "gains", "level"]

_GLOBS = frozenset({FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST})
_OF_BOXES = frozenset({"host.connect", "http.request", "git.push", "credential.use", "tool.call"})
_Asked = frozenset[tuple[Condition, bool]]  # with where something is allowed by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Gained:
    """An action that the first policy stops, or asks about, or limits, and the second does less."""

    action_type: str
    action: Action
    at: datetime
    before: Decision
    after: Decision
    in_box: bool = False  # decided as for boxes, where everything is enforced


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """All kinds of them, and what was not decided, in words."""

    found: tuple[Gained, ...]
    undecided: tuple[str, ...]
    times: tuple[datetime, ...]  # from each of which on something may be different


def level(decision: Decision) -> int:
    """What becomes of the action: it happens (0), somebody is asked (1), it does not (2)."""
    return 0 if decision.may_proceed else LEVELS[decision.effect]


def gains(before: Policy, after: Policy, *, now: datetime) -> Gains:
    """What `after` lets happen that `before` does not, from `now` on."""
    return _Search(before, after, now).run()


class _TooMuch(Exception):
    """More than LIMITS.policy_compared steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is looked at: one type of action, at one time, where a rule fits that one side alone has."""

    of: ActionType
    at: datetime
    policies: tuple[Policy, Policy]
    in_box: bool
    focus: Open | None = None  # None: wherever


class _Search:
    """Looks for gains, from `before` to `after`."""

    def __init__(self, before: Policy, after: Policy, now: datetime) -> None:
        self._policies = before, after
        self._times = _times(before, after, now=now)
        self._steps = 0
        self._undecided: dict[str, None] = {}
        self._kinds: dict[tuple[str, str, _Asked], list[tuple[object, Answers]]] = {}

    def run(self) -> Gains:
        """All types of actions, at all times."""
        found: list[Gained] = []
        for of in ACTION_TYPES:
            for pair in self._pairs(of):
                found += self._of_type(of, pair, in_box=False)
                if of.name in _OF_BOXES and not all(_is_enforced(each, of) for each in pair):
                    known = {_outcome(each) for each in found}
                    boxed = self._of_type(of, pair, in_box=True)
                    found += (each for each in boxed if _outcome(each) not in known)
        return Gains(found=tuple(found), undecided=tuple(self._undecided), times=self._times)

    def _pairs(self, of: ActionType) -> list[tuple[Policy, Policy]]:
        """The policies to decide by. Of a tool call: once without trust, once with trust that allows.

        Where both have the same trust nothing else can come of it: what it denies or asks, both do.
        """
        before, after = self._policies
        if of.name != "tool.call" or (_trust(before) == _trust(after) == ((), ())):
            return [(before, after)]
        if _trust(before) != _trust(after):
            self._undecided["tool.call: what values must be worth (agents.trust) differs"] = None
        return [
            (_without_trust(before, allowing=allowing), _without_trust(after, allowing=allowing))
            for allowing in (False, True)
        ]

    def _of_type(self, of: ActionType, policies: tuple[Policy, Policy], *, in_box: bool) -> list[Gained]:
        self._steps = 0
        found: list[Gained] = []
        known: dict[object, list[Gained]] = {}
        try:
            for at in self._times:
                self._step()
                before, after = (side(each, of, at, enforcing=in_box) for each in policies)
                key = before.keys, before.fallbacks, after.keys, after.fallbacks
                look = _Look(of=of, at=at, policies=policies, in_box=in_box)
                if key in known:
                    found += (replace(each, at=at) for each in known[key])
                    continue
                known[key] = []
                for each in self._at_once(look, before, after):
                    known[key].append(each)
                    found.append(each)
        except _TooMuch:
            self._undecided[f"{of.name}: more than {LIMITS.policy_compared} steps"] = None
        return found

    def _at_once(self, look: _Look, before: Side, after: Side) -> Iterator[Gained]:
        if before.fallbacks != after.fallbacks:
            yield from self._follow(look, before, after, {})
            return
        sides, theirs = (before, after), (after.keys, before.keys)
        for which, keys in enumerate(theirs):
            for each in sides[which].rules:
                if each.key in keys:
                    continue
                self._step()
                near = [[one for one in both.rules if _meet(one, each, look.of)] for both in sides]
                near[which] = [replace(each, is_focus=True), *(one for one in near[which] if one is not each)]
                ours, others = (
                    Side(tuple(rules), both.fallbacks) for rules, both in zip(near, sides, strict=True)
                )
                yield from self._follow(replace(look, focus=each), ours, others, {})

    def _follow(self, look: _Look, before: Side, after: Side, chosen: dict[str, object]) -> Iterator[Gained]:
        self._step()
        if look.focus is not None and not any(each.is_focus for each in before.rules + after.rules):
            return
        if before.fallbacks == after.fallbacks and before.keys == after.keys:
            return
        if before.most() <= after.least() and not any(each.rule.obligations for each in before.rules):
            return
        part, asked = _next(before, after, look.focus)
        if part is None:
            yield from _decided(look, chosen)
            return
        for value, answers in self._values(look.of, part, asked):
            rest = before.narrowed(part, answers), after.narrowed(part, answers)
            yield from self._follow(look, *rest, chosen | {part: value})

    def _values(self, of: ActionType, part: str, asked: _Asked) -> list[tuple[object, Answers]]:
        key = of.name, part, asked
        if key not in self._kinds:
            order = sorted(asked, key=repr)
            found = kinds(part, order, of)
            if not found.complete:
                self._steps += LIMITS.policy_compared // 10  # it took long, and all of it is in doubt now
                self._undecided[f"{of.name}: not every kind of `{part}` was looked at"] = None
            self._kinds[key] = [
                (value, dict(zip(order, said(order, action_with({part: value}, of), of), strict=True)))
                for value in found.values
            ]
        return self._kinds[key]

    def _step(self) -> None:
        self._steps += 1
        if self._steps > LIMITS.policy_compared:
            raise _TooMuch


def _is_enforced(policy: Policy, of: ActionType) -> bool:
    """Whether all that the policy says of such actions is enforced in any case."""
    modes = (policy.modes.get(section, (Mode.OBSERVE, None))[0] for section in of.sections)
    return all(each is Mode.ENFORCE for each in modes) and not any(
        of.name in rule.action_types and rule.mode not in (None, Mode.ENFORCE) for rule in policy.rules
    )


def _outcome(gained: Gained) -> object:
    """What is the same where the same is found twice."""
    sides = ((level(each), each.reasons[0].rule) for each in (gained.before, gained.after))
    return gained.action, gained.at, *sides


def _decided(look: _Look, chosen: Mapping[str, object]) -> Iterator[Gained]:
    action = action_with(chosen, look.of)
    before, after = (each.decide(action, now=look.at, enforcing=look.in_box) for each in look.policies)
    stops = level(before)
    if level(after) < stops or (stops < 2 and _is_freer(before.obligations, after.obligations)):
        yield Gained(
            action_type=look.of.name,
            action=action,
            at=look.at,
            before=before,
            after=after,
            in_box=look.in_box,
        )


def _next(before: Side, after: Side, focus: Open | None) -> tuple[str | None, _Asked]:
    """The part to look at next, and all that is asked of it: first what decides whether the focus counts."""
    asked: dict[str, set[tuple[Condition, bool]]] = {}
    for each in before.rules + after.rules:
        allows = each.rule.effect is Effect.ALLOW
        for condition in each.conditions:
            asked.setdefault(part_of(condition.field), set()).add((condition, allows))
        for exception in each.exceptions:
            for condition in exception:
                asked.setdefault(part_of(condition.field), set()).add((condition, True))
    if not asked:
        return None, frozenset()
    first = {part_of(each.field) for each in focus.conditions} if focus else set()
    part = min(asked, key=lambda name: (name not in first, len(asked[name]), name))
    return part, frozenset(asked[part])


def _times(*policies: Policy, now: datetime) -> tuple[datetime, ...]:
    """Now, and each time from which on something counts no more."""
    ends = {rule.until for policy in policies for rule in policy.rules if rule.until is not None}
    ends |= {each.until for policy in policies for each in policy.exemptions}
    return (now, *sorted(each for each in ends if each > now))


def _is_freer(before: Iterable[Obligation], after: Sequence[Obligation]) -> bool:
    """Whether something that had to be done need not be, or not so much."""
    return not all(
        any(
            (other.kind, other.unit, other.per) == (each.kind, each.unit, each.per)
            and (other.amount or 0) <= (each.amount or 0)
            for other in after
        )
        for each in before
    )


def _meet(one: Open, other: Open, of: ActionType) -> bool:
    """Whether some action may fit both rules; yes when that is not easily said."""
    for each in one.conditions:
        for their in other.conditions:
            if each.field == their.field and isinstance(each.test, Like) and isinstance(their.test, Like):
                about = fact(each.field, of)
                if about.has_several or about.kind not in _GLOBS or about.words or each.field == "license":
                    continue
                both_ask = Effect.ALLOW not in {one.rule.effect, other.rule.effect}
                if both_ask and not each.ignores_unknown and not their.ignores_unknown:
                    continue
                if not any(_share(a, b, about.kind) for a in each.test.patterns for b in their.test.patterns):
                    return False
    return True


@cache
def _share(one: str, other: str, kind: FieldKind) -> bool:
    """Whether some text fits both patterns."""
    ours, theirs = glob(one, kind), glob(other, kind)
    if ours.exact is not None:
        return theirs.matches(ours.exact)
    if theirs.exact is not None:
        return ours.matches(theirs.exact)
    try:
        return any(ours.fits(each) and theirs.fits(each) for each in witnesses((one, other), kind))
    except TooManySteps:
        return True


def _trust(policy: Policy) -> tuple[object, object]:
    """What both groups of tiers say of trust and of exceptions to it, without places."""
    rulings = (policy.document.joined, policy.document.tree)
    trusts = [trust for each in rulings if each is not None for trust in (each.trust, each.ceiling_trust)]
    said_of_it = tuple(_meaning(each) for each in trusts if each is not None)
    names = {rule.id for each in rulings if each is not None and each.trust for rule in each.trust.rules}
    excepted = tuple(
        (each.rule, each.conditions, each.until) for each in policy.exemptions if each.rule in names
    )
    return said_of_it, excepted


def _meaning(trust: Trust) -> Trust:
    nowhere = Place(file="", line=1)
    return Trust(
        tools=tuple(replace(each, at=nowhere) for each in trust.tools),
        stores=tuple(replace(each, at=nowhere) for each in trust.stores),
        rules=tuple(replace(each, at=nowhere, why=None) for each in trust.rules),
        contexts=tuple(replace(each, at=nowhere) for each in trust.contexts),
    )


def _without_trust(policy: Policy, *, allowing: bool) -> Policy:
    """The policy as it decides tool calls of which trust says nothing, or that it allows."""
    document = policy.document
    allowed = Rule(
        id=RuleId("trust"),
        section=Section.AGENTS,
        tier=Tier.SYSTEM,
        at=Place(file="trust", line=1),
        action_types=frozenset({"tool.call"}),
        conditions=(),
        effect=Effect.ALLOW,
    )
    more = (allowed,) if allowing else ()
    joined = replace(document.joined, trust=None, ceiling_trust=None, rules=document.joined.rules + more)
    tree = replace(document.tree, trust=None) if document.tree else None
    return Policy(replace(document, joined=joined, tree=tree))
