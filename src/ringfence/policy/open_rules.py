"""A policy's rules for one type of action as far as they may still match, while facts become known."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from ringfence.core.action_types import ActionType
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Mode, Section
from ringfence.policy.conditions import fact
from ringfence.policy.document import Ruling
from ringfence.policy.kinds import part_of
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Condition, Rule, RuleId, Tier, asked_of

__all__ = ["LEVELS", "Answers", "Open", "Side", "side"]

_MODES = {mode: rank for rank, mode in enumerate(Mode)}
LEVELS = {Effect.ALLOW: 0, Effect.ASK: 1, Effect.DENY: 2}
_Fallback = tuple[Section, bool, Mode]  # what a section does with the rest; of a working tree or not
Answers = Mapping[tuple[Condition, bool], bool | None]
"""What conditions say of a value; with each goes whether it stands where something is allowed."""


@dataclass(frozen=True, slots=True)
class Open:
    """A rule that may still match, and what is not known of that yet."""

    rule: Rule
    mode: Mode
    conditions: tuple[Condition, ...]
    exceptions: tuple[tuple[Condition, ...], ...]
    opens: bool = True  # it keeps its section from denying what nothing matched
    is_focus: bool = False

    @property
    def key(self) -> object:
        """Equal for rules that do the same from here on."""
        rule = self.rule
        return (
            rule.section,
            rule.tier is Tier.WORKING_TREE,
            rule.effect,
            self.mode,
            self.opens,
            frozenset(rule.obligations),
            frozenset(self.conditions),
            frozenset(map(frozenset, self.exceptions)),
        )

    @property
    def level(self) -> int:
        return LEVELS[self.rule.effect] if self.mode is Mode.ENFORCE else 0

    @property
    def is_certain(self) -> bool:
        return not self.conditions and not self.exceptions


@dataclass(frozen=True, slots=True)
class Side:
    """One policy, as far as it has a say on what is looked at."""

    rules: tuple[Open, ...]
    fallbacks: tuple[_Fallback, ...]

    @property
    def keys(self) -> frozenset[object]:
        return frozenset(each.key for each in self.rules)

    def most(self) -> int:
        """The gravest that can become of an action here."""
        return max([each.level for each in self.rules] + list(self._falling(certainly=False)), default=0)

    def least(self) -> int:
        """The mildest."""
        levels = [each.level for each in self.rules if each.is_certain]
        return max(levels + list(self._falling(certainly=True)), default=0)

    def _falling(self, *, certainly: bool) -> Iterator[int]:
        for section, of_tree, mode in self.fallbacks:
            holding = (
                each
                for each in self.rules
                if each.rule.section is section
                and each.opens
                and (each.rule.tier is Tier.WORKING_TREE) is of_tree
                and _MODES[each.mode] >= _MODES[mode]
                and (certainly or each.is_certain)
            )
            if next(holding, None) is None:
                yield 2 if mode is Mode.ENFORCE else 0

    def narrowed(self, part: str, answers: Answers) -> "Side":
        """What is left once a part of the action is known."""
        left = (_narrowed(each, part, answers) for each in self.rules)
        return Side(tuple(each for each in left if each is not None), self.fallbacks)


def _narrowed(one: Open, part: str, answers: Answers) -> Open | None:
    allows = one.rule.effect is Effect.ALLOW
    rest = []
    for each in one.conditions:
        if part_of(each.field) != part:
            rest.append(each)
        elif not _is_met(answers[each, allows], each, allows=allows):
            return None
    exceptions = []
    for exception in one.exceptions:
        own = [each for each in exception if part_of(each.field) == part]
        if all(answers[each, True] for each in own):
            left = tuple(each for each in exception if each not in own)
            if not left:
                return None
            exceptions.append(left)
    return Open(one.rule, one.mode, tuple(rest), tuple(exceptions), one.opens, one.is_focus)


def _is_met(answer: bool | None, condition: Condition, *, allows: bool) -> bool:
    return (not allows and not condition.ignores_unknown) if answer is None else answer


def side(policy: Policy, of: ActionType, at: datetime, *, enforcing: bool = False) -> Side:
    """The policy's rules for actions of this type that count at this time. `enforcing`: as for boxes."""
    document = policy.document
    rules: list[Open] = []
    for ruling in (document.joined, document.tree):
        if ruling is None:
            continue
        exceptions: dict[RuleId, list[tuple[Condition, ...]]] = {}
        for each in ruling.exemptions:
            if at < each.until and all(_has(each_one, of) for each_one in each.conditions):
                exceptions.setdefault(each.rule, []).append(each.conditions)
        for rule in ruling.rules:
            if of.name in rule.action_types and (rule.until is None or at < rule.until):
                its = tuple(exceptions.get(rule.id, ()))
                if () not in its:
                    its_mode, opens = _mode_of(rule, policy), policy.opens(rule)
                    if enforcing:
                        opens = opens and _MODES[its_mode] >= _MODES[_named(ruling, rule.section)]
                        its_mode = Mode.ENFORCE
                    rules.append(Open(rule, its_mode, asked_of(rule, of.name), its, opens))
    falling: list[_Fallback] = [
        (section, False, Mode.ENFORCE if enforcing else _named(document.joined, section))
        for section in of.sections
    ]
    for section in of.sections:
        mode = document.tree.modes.get(section) if document.tree else None
        if mode is not None and mode[0] is Mode.ENFORCE:
            falling.append((section, True, mode[0]))
    return Side(tuple(rules), tuple(falling))


def _has(condition: Condition, of: ActionType) -> bool:
    try:
        fact(condition.field, of)
    except KeyError:
        return False
    return True


def _mode_of(rule: Rule, policy: Policy) -> Mode:
    if rule.mode is not None:
        return rule.mode
    rulings = filter(None, (policy.document.joined, policy.document.tree))
    return max((_named(each, rule.section) for each in rulings), key=_MODES.__getitem__)


def _named(ruling: Ruling, section: Section) -> Mode:
    return ruling.modes.get(section, (Mode.OBSERVE, None))[0]
