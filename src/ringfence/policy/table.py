"""A policy's rules for one type of action: filed so that few are looked at, compiled when first looked at."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ringfence.core.action_types import ActionType
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect
from ringfence.policy.conditions import Fact, check, fact, reader
from ringfence.policy.index import Key, Lookup, keys
from ringfence.policy.outcomes import Exempt, Hit, Ruled
from ringfence.policy.rule import Condition, Exemption, Rule, asked_of

__all__ = ["Excepted", "Filed", "Ready", "Table", "Trial"]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A condition, with where its fact stands among those that are read."""

    at: int
    judge: Callable[[Any], bool | None]
    unknown_matches: bool
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Excepted:
    """An exception, for rules about this type of action."""

    id: str
    until: datetime
    trials: tuple[Trial, ...]
    exempt: dict[Ruled, Exempt]  # the one for each rule


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A rule, compiled."""

    trials: tuple[Trial, ...]
    hit: Hit  # with every fact known
    until: datetime | None
    exceptions: tuple[Excepted, ...]
    hits: dict[tuple[str, ...], Hit]  # by what is unknown


class Filed:
    """A rule, to be compiled when it is first looked at."""

    __slots__ = ("of_tree", "ready", "rule")

    def __init__(self, rule: Rule, *, of_tree: bool) -> None:
        self.rule = rule
        self.of_tree = of_tree
        self.ready: Ready | None = None


class Table:
    """The rules for one type of action, and its decisions by what matched."""

    def __init__(
        self,
        action_type: ActionType,
        rules: Sequence[Filed],
        exemptions: Mapping[tuple[str, bool], Sequence[Exemption]],
    ) -> None:
        """`exemptions`: by rule, and whether it is a working tree's."""
        self.sections = action_type.sections
        self.kept: dict[frozenset[Hit | Exempt], Decision] = {}
        self.kept_enforced: dict[frozenset[Hit | Exempt], Decision] = {}
        self._type = action_type
        self._trials: dict[tuple[Condition, bool], Trial] = {}  # of conditions that several rules share
        self._exemptions = {
            key: suiting
            for key, several in exemptions.items()
            if (suiting := [each for each in several if self._suits(each)])
        }
        conditions = [condition for each in rules for condition in asked_of(each.rule, action_type.name)]
        conditions += [
            condition
            for several in self._exemptions.values()
            for each in several
            for condition in each.conditions
        ]
        names = dict.fromkeys(each.field for each in conditions)
        self._at = {name: at for at, name in enumerate(names)}
        self.read = reader([fact(name, action_type) for name in names])
        filed: dict[Fact, list[tuple[Filed, Sequence[Key], bool]]] = {}
        unfiled: list[Filed] = []
        for each, way in zip(rules, _ways([each.rule for each in rules], action_type), strict=True):
            if way is None:
                unfiled.append(each)
            else:
                about, its_keys, unknown_matches = way
                filed.setdefault(about, []).append((each, its_keys, unknown_matches))
        self.always = tuple(unfiled)
        self.lookups = tuple((self._at[about.name], Lookup(about, its).find) for about, its in filed.items())

    def prepare(self, filed: Filed) -> Ready:
        """The rule, compiled from now on.

        Raises:
            BadGlob, ValueError: a condition's pattern or word is none.
        """
        rule = filed.rule
        ruled = Ruled(
            id=rule.id,
            section=rule.section,
            tier=rule.tier,
            effect=rule.effect,
            mode=rule.mode,
            at=rule.at,
            of_tree=filed.of_tree,
            why=rule.why,
            obligations=rule.obligations,
            controls=rule.controls,
        )
        ready = Ready(
            self._prepared(asked_of(rule, self._type.name), allows=rule.effect is Effect.ALLOW),
            Hit(rule=ruled),
            rule.until,
            self.exceptions(rule.id, of_tree=filed.of_tree),
            {},
        )
        filed.ready = ready
        return ready

    def exceptions(self, rule_id: str, *, of_tree: bool) -> tuple[Excepted, ...]:
        """The exceptions to a rule, compiled."""
        return tuple(
            Excepted(each.id, each.until, self._prepared(each.conditions, allows=True), {})
            for each in self._exemptions.get((rule_id, of_tree), ())
        )

    def _suits(self, exemption: Exemption) -> bool:
        """Whether actions of this type have every field that it names; to others it never applies."""
        try:
            for each in exemption.conditions:
                fact(each.field, self._type)
        except KeyError:
            return False
        return True

    def _prepared(self, conditions: Iterable[Condition], *, allows: bool) -> tuple[Trial, ...]:
        return tuple(
            self._trials.get((each, allows)) or self._trial(each, allows=allows) for each in conditions
        )

    def _trial(self, condition: Condition, *, allows: bool) -> Trial:
        made = check(condition, self._type, allows=allows)
        trial = Trial(self._at[condition.field], made.judge, made.unknown_matches, condition.field)
        self._trials[condition, allows] = trial
        return trial


def _ways(rules: Iterable[Rule], action_type: ActionType) -> list[tuple[Fact, tuple[Key, ...], bool] | None]:
    """Under which condition each rule is filed: the one that leads to the fewest others. None: under none.

    With it goes whether an unknown fact leads to the rule as well.
    """
    ways: list[list[tuple[Fact, tuple[Key, ...], bool]]] = []
    shared: Counter[tuple[str, Key]] = Counter()
    for rule in rules:
        its: list[tuple[Fact, tuple[Key, ...], bool]] = []
        for condition in rule.conditions:
            about = fact(condition.field, action_type)
            if found := keys(condition, about):
                is_known = rule.effect is Effect.ALLOW or condition.ignores_unknown
                its.append((about, found, not is_known))
                for key in found:
                    shared[about.name, key] += 1
        ways.append(its)
    return [
        min(its, key=lambda way: max(shared[way[0].name, key] for key in way[1]), default=None)
        if len(its) != 1
        else its[0]
        for its in ways
    ]
