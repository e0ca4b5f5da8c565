"""What another edition of a policy makes possible that was not, and what it no longer does."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from ringfence.app.policy.explain import OUTCOMES, known_facts
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect, Mode, Reason, Section
from ringfence.policy.comparing import Gained, Gains, gains, level
from ringfence.policy.comparing_values import ABOUT, ValueGained, value_gains
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Rule, RuleId, Tier
from ringfence.policy.sentences import all_of, backquoted, obligation_words, of_actions, of_rule

__all__ = ["Change", "PolicyDiff", "ValueChange", "Word", "compare"]

_WIDER = (
    "more is approved",
    "people approve what they asked for themselves",
    "more passes in an emergency",
    "others are told of questions",
    "records are kept longer",
    "what was held may be forgotten",
    "what was never collected may be",
    "an agent's box may use more",
    "an agent may get out further",
    "models count for less where money is limited",
)
_NARROWER = (
    "less is approved",
    "people approve no more what they asked for themselves",
    "less passes in an emergency",
    "some are told of questions no more",
    "records are kept shorter",
    "what was not held may not be forgotten",
    "what might be collected never is",
    "an agent's box may use less",
    "an agent may get out less far",
    "models count for more where money is limited",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one of the policies says of it."""

    outcome: str  # happens, is asked about, does not happen
    effect: Effect
    mode: Mode
    rule: str | None  # None: no rule; the section's mode decides
    at: str | None
    obligations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One kind of actions that ends differently."""

    actions: tuple[str, ...]  # their types
    what: str  # in words, by the rule that is responsible
    in_box: bool  # only as it is decided for boxes, where everything is enforced
    before: Word
    after: Word
    example: Mapping[str, object]  # facts of such an action: only those that are known
    starts_at: datetime | None  # None: now
    ends_at: datetime | None  # None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A value that is no rule, of operators, retention, agents' boxes or ways out, and says more or less."""

    about: str  # operators.approve
    what: str  # in words
    before: str
    before_at: str | None  # None: nothing said so, or in no single place
    after: str
    after_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """What differs. The new policy is wider when anything is possible that was not, or may be."""

    started_at: datetime  # UTC
    complete: bool  # everything was decided
    wider: bool
    old_digest: str
    new_digest: str
    possible: tuple[Change, ...]  # that was not before
    impossible: tuple[Change, ...]  # that was possible before
    wider_values: tuple[ValueChange, ...]
    narrower_values: tuple[ValueChange, ...]
    undecided: tuple[str, ...]  # what was not decided, and so counts as wider


def compare(old: Policy, new: Policy, *, started_at: datetime) -> PolicyDiff:
    """What differs from `started_at` on."""
    wins, losses = gains(old, new, now=started_at), gains(new, old, now=started_at)
    more, less = value_gains(old, new, now=started_at), value_gains(new, old, now=started_at)
    undecided = tuple(dict.fromkeys(one for each in (wins, losses, more, less) for one in each.undecided))
    return PolicyDiff(
        started_at=started_at,
        complete=not undecided,
        wider=bool(wins.found or more.found or undecided),
        old_digest=old.digest,
        new_digest=new.digest,
        possible=tuple(_changes(wins, old, new, is_gain=True)),
        impossible=tuple(_changes(losses, old, new, is_gain=False)),
        wider_values=tuple(_value_change(each, is_gain=True) for each in more.found),
        narrower_values=tuple(_value_change(each, is_gain=False) for each in less.found),
        undecided=undecided,
    )


class _Rules:
    """The rules of one policy, by id and by what they say."""

    def __init__(self, policy: Policy) -> None:
        self._by_id = {rule.id: rule for rule in policy.rules}
        self._said = {_said(rule) for rule in policy.rules}

    def named(self, name: str | None) -> Rule | None:
        return None if name is None else self._by_id.get(RuleId(name))

    def has(self, rule: Rule) -> bool:
        """Whether there is one that says the same."""
        return _said(rule) in self._said


def _said(rule: Rule) -> tuple[Section, Tier, str]:
    return rule.section, rule.tier, backquoted(of_rule(rule))


def _changes(found: Gains, old: Policy, new: Policy, *, is_gain: bool) -> Iterator[Change]:
    """What was found, put together by the rules that decide before and after."""
    rules = _Rules(old), _Rules(new)
    groups: dict[object, list[Gained]] = {}
    for each in found.found:
        was, will = _sorted(each, is_gain=is_gain)
        reasons = _reasons(each, is_gain=is_gain)
        groups.setdefault(
            (*((one.section, one.rule) for one in reasons), level(was), level(will), each.in_box), []
        ).append(each)
    for group in groups.values():
        first = group[0]
        was, will = _sorted(first, is_gain=is_gain)
        before, after = _reasons(first, is_gain=is_gain)
        types = dict.fromkeys(each.action_type for each in group)
        times = [found.times.index(each.at) for each in group]
        yield Change(
            actions=tuple(types),
            what=("in a box: " if first.in_box else "") + _what(tuple(types), before, after, rules),
            in_box=first.in_box,
            before=_word(was, before),
            after=_word(will, after),
            example=known_facts(first.action),
            starts_at=found.times[min(times)] if min(times) else None,
            ends_at=found.times[max(times) + 1] if max(times) + 1 < len(found.times) else None,
        )


def _sorted(each: Gained, *, is_gain: bool) -> tuple[Decision, Decision]:
    """The old and the new decision."""
    return (each.before, each.after) if is_gain else (each.after, each.before)


def _reasons(each: Gained, *, is_gain: bool) -> tuple[Reason, Reason]:
    """The old and the new policy's, of the section that stops it in one of them."""
    section = each.before.reasons[0].section
    was, will = _sorted(each, is_gain=is_gain)
    of_old, of_new = (
        next(one for one in decision.reasons if one.section is section) for decision in (was, will)
    )
    return of_old, of_new


def _what(types: tuple[str, ...], before: Reason, after: Reason, rules: tuple[_Rules, _Rules]) -> str:
    """The actions in words, by the rule that only one of the policies has."""
    doing = of_actions(types)
    old, new = rules[0].named(before.rule), rules[1].named(after.rule)
    only = [rule for rule, others in ((new, rules[0]), (old, rules[1])) if rule and not others.has(rule)]
    for rule in (*only, new, old):
        if rule is not None:
            conditions = all_of(rule.conditions, allows=rule.effect is Effect.ALLOW)
            return f"{doing} if {backquoted(conditions)}" if conditions else doing
    return f"{doing}, where no rule of section {before.section} decides"


def _word(decision: Decision, reason: Reason) -> Word:
    return Word(
        outcome=OUTCOMES[level(decision)],
        effect=reason.effect,
        mode=reason.mode,
        rule=reason.rule,
        at=str(reason.at) if reason.at else None,
        obligations=tuple(obligation_words(each) for each in decision.obligations),
    )


def _value_change(found: ValueGained, *, is_gain: bool) -> ValueChange:
    words = dict(zip(ABOUT, _WIDER if is_gain else _NARROWER, strict=True))
    was, will = (found.before, found.before_at), (found.after, found.after_at)
    (before, before_at), (after, after_at) = (was, will) if is_gain else (will, was)
    return ValueChange(
        about=found.about,
        what=words[found.about],
        before=before,
        before_at=str(before_at) if before_at else None,
        after=after,
        after_at=str(after_at) if after_at else None,
    )
