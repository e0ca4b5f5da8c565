"""Decides actions by a policy's rules: an index finds the rules that can match, `outcomes` makes a decision.

Rules of all tiers are in one index for each type of action. What the same rules matched is decided the same
way, so decisions are kept by the rules that matched; nothing else about an action is remembered.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import Action, ToolCall
from ringfence.core.decisions import Decision, Effect
from ringfence.core.limits import LIMITS
from ringfence.policy.conditions import Fact, check, fact, reader
from ringfence.policy.document import Ruling
from ringfence.policy.index import Key, Lookup, keys
from ringfence.policy.outcomes import Exempt, Hit, Ruled, conclude
from ringfence.policy.rule import Condition, Exemption, Rule
from ringfence.policy.trust import TrustJudge

__all__ = ["Engine"]

_Matched = frozenset[Hit | Exempt]


@dataclass(frozen=True, slots=True, eq=False)
class _Test:
    """A condition, with where its fact stands among those that are read."""

    at: int
    judge: Callable[[Any], bool | None]
    unknown_matches: bool
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class _Exemption:
    id: str
    until: datetime
    tests: tuple[_Test, ...]
    exempt: dict[Ruled, Exempt]


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A rule for one type of action."""

    tests: tuple[_Test, ...]
    hit: Hit  # with every fact known
    until: datetime | None
    exemptions: tuple[_Exemption, ...]
    hits: dict[tuple[str, ...], Hit]  # by what is unknown


class _Table:
    """The rules for one type of action."""

    def __init__(self, action_type: ActionType, rules: Sequence[tuple[Rule, bool]], engine: "Engine") -> None:
        """`rules`: each with whether it is a working tree's."""
        self.sections = action_type.sections
        self._type = action_type
        self._facts: dict[str, int] = {}
        self._made: dict[tuple[Condition, bool], _Test] = {}  # of conditions that several rules share
        self.kept: dict[_Matched, Decision] = {}
        filed: dict[Fact, list[tuple[_Ready, Sequence[Key], bool]]] = {}
        unfiled: list[_Ready] = []
        under = _filing([rule for rule, _ in rules], action_type)
        for (rule, of_tree), its in zip(rules, under, strict=True):
            ready = self._ready(rule, of_tree, engine.exemptions.get((rule.id, of_tree), ()))
            if its is None:
                unfiled.append(ready)
            else:
                about, its_keys, unknown_matches = its
                filed.setdefault(about, []).append((ready, its_keys, unknown_matches))
        self.always = tuple(unfiled)
        self.trust_exemptions = {
            rule_id: tuple(self._exemption(each) for each in exemptions if self._suits(each))
            for rule_id, exemptions in (engine.exemptions.items() if action_type.made is ToolCall else ())
        }
        self.lookups = tuple(
            (self._facts[about.name], Lookup(about, its).find) for about, its in filed.items()
        )
        self.read = reader([fact(name, action_type) for name in self._facts])

    def _ready(self, rule: Rule, of_tree: bool, exemptions: Iterable[Exemption]) -> _Ready:
        ruled = Ruled(
            id=rule.id,
            section=rule.section,
            tier=rule.tier,
            effect=rule.effect,
            mode=rule.mode,
            at=rule.at,
            of_tree=of_tree,
            why=rule.why,
            obligations=rule.obligations,
            controls=rule.controls,
        )
        return _Ready(
            self._tests(rule.conditions, allows=rule.effect is Effect.ALLOW),
            Hit(rule=ruled),
            rule.until,
            tuple(self._exemption(each) for each in exemptions if self._suits(each)),
            {},
        )

    def _suits(self, exemption: Exemption) -> bool:
        """Whether actions of this type have every field that it names; to others it never applies."""
        try:
            for each in exemption.conditions:
                fact(each.field, self._type)
        except KeyError:
            return False
        return True

    def _exemption(self, exemption: Exemption) -> _Exemption:
        return _Exemption(exemption.id, exemption.until, self._tests(exemption.conditions, allows=True), {})

    def _tests(self, conditions: Iterable[Condition], *, allows: bool) -> tuple[_Test, ...]:
        return tuple(self._made.get((each, allows)) or self._test(each, allows=allows) for each in conditions)

    def _test(self, condition: Condition, *, allows: bool) -> _Test:
        made = check(condition, self._type, allows=allows)
        at = self._facts.setdefault(condition.field, len(self._facts))
        test = _Test(at, made.judge, made.unknown_matches, condition.field)
        self._made[condition, allows] = test
        return test


class Engine:
    """A policy's rules, ready. Raises what `conditions.check` does for rules that fit no action."""

    def __init__(self, joined: Ruling, tree: Ruling | None, *, policy_digest: str) -> None:
        self.exemptions: dict[tuple[str, bool], tuple[Exemption, ...]] = {}
        self._digest = policy_digest
        self._modes = joined.modes
        self._tree_modes = {} if tree is None else tree.modes
        by_type: dict[str, list[tuple[Rule, bool]]] = {each.name: [] for each in ACTION_TYPES}
        for ruling, of_tree in ((joined, False), (tree, True)):
            if ruling is None:
                continue
            for each in ruling.exemptions:
                key = (each.rule, of_tree)
                self.exemptions[key] = (*self.exemptions.get(key, ()), each)
            for rule in ruling.rules:
                for name in rule.action_types:
                    by_type[name].append((rule, of_tree))
        self._tables: Mapping[type[Action], _Table] = {
            each.made: _Table(each, by_type[each.name], self) for each in ACTION_TYPES
        }
        self._trusts = tuple(
            TrustJudge(ruling.trust, of_tree=of_tree)
            for ruling, of_tree in ((joined, False), (tree, True))
            if ruling is not None and ruling.trust is not None
        )

    def decide(self, action: Action, *, now: datetime) -> Decision:
        """What the policy says of `action` at `now` (UTC)."""
        table = self._tables[type(action)]
        values = table.read(action)
        candidates = table.always
        for at, find in table.lookups:
            candidates += find(values[at])
        matched: set[Hit | Exempt] = set()
        for rule in candidates:
            unknown: tuple[str, ...] = ()
            for test in rule.tests:
                value = values[test.at]
                met = None if value is None else test.judge(value)
                if met:
                    continue
                if met is None and test.unknown_matches:
                    unknown += (test.name,)
                    continue
                break
            else:
                if rule.until is None or now < rule.until:
                    hit = _with_unknown(rule, unknown) if unknown else rule.hit
                    matched.add(_unless(hit, rule.exemptions, values, now) if rule.exemptions else hit)
        if self._trusts and isinstance(action, ToolCall):
            for judge in self._trusts:
                for hit in judge.judge(action):
                    exemptions = table.trust_exemptions.get((hit.rule.id, hit.rule.of_tree), ())
                    matched.add(_unless(hit, exemptions, values, now))
        key = frozenset(matched)
        return table.kept.get(key) or self._decided(table, key)

    def _decided(self, table: _Table, matched: _Matched) -> Decision:
        decision = conclude(
            matched,
            table.sections,
            joined=self._modes,
            tree=self._tree_modes,
            policy_digest=self._digest,
        )
        if len(table.kept) >= LIMITS.policy_outcomes:
            table.kept.clear()
        table.kept[matched] = decision
        return decision


def _with_unknown(rule: _Ready, unknown: tuple[str, ...]) -> Hit:
    return rule.hits.setdefault(unknown, Hit(rule=rule.hit.rule, unknown=unknown))


def _unless(
    hit: Hit, exemptions: Iterable[_Exemption], values: Sequence[object], now: datetime
) -> Hit | Exempt:
    """The hit, or the exception that is there for it: of several, the first by its id."""
    found = [
        each
        for each in exemptions
        if now < each.until
        and all(values[test.at] is not None and test.judge(values[test.at]) for test in each.tests)
    ]
    if not found:
        return hit
    first = min(found, key=lambda each: each.id)
    return first.exempt.setdefault(hit.rule, Exempt(rule=hit.rule, exception=first.id))


def _filing(
    rules: Iterable[Rule], action_type: ActionType
) -> list[tuple[Fact, tuple[Key, ...], bool] | None]:
    """Under which condition each rule is filed: the one that leads to the fewest others. None: under none."""
    ways: list[list[tuple[Fact, tuple[Key, ...], bool]]] = []
    shared: Counter[tuple[str, Key]] = Counter()
    for rule in rules:
        its: list[tuple[Fact, tuple[Key, ...], bool]] = []
        for condition in rule.conditions:
            about = fact(condition.field, action_type)
            if found := keys(condition, about):
                is_known = rule.effect is Effect.ALLOW or condition.ignores_unknown
                its.append((about, found, not is_known))
                shared.update((about.name, key) for key in found)
        ways.append(its)
    return [
        min(its, key=lambda way: max(shared[way[0].name, key] for key in way[1]), default=None)
        for its in ways
    ]
