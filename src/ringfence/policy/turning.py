"""The smallest change of an action's facts that turns what a policy says of it: one fact, else two.

Tried are values that the conditions of rules near to the action tell apart, and that a fact is known or not.
A rule is near when few of its conditions do not hold. Every answer has been decided anew; when there were
more than `LIMITS.policy_turns` decisions to make, or more rules than are looked at, the search says so.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import combinations, product

from ringfence.core.action_types import ActionType, type_of
from ringfence.core.actions import Action, ToolCall
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect
from ringfence.core.labels import Integrity, Label
from ringfence.core.limits import LIMITS
from ringfence.policy.conditions import fact
from ringfence.policy.kinds import kinds, part_of, said
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Condition, Rule, asked_of

__all__ = ["Turn", "Turns", "near", "turns", "unmet"]

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Facts that would turn it, and what the policy says then."""

    parts: tuple[str, ...]  # which parts of the action differ (`kinds`)
    action: Action
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The best first: towards what is allowed for what is not, and the other way round."""

    found: tuple[Turn, ...]
    tried: int
    complete: bool  # nothing was left untried


def unmet(rule: Rule, action: Action) -> tuple[Condition, ...]:
    """The rule's conditions that do not hold; the unknown counts as rules have it."""
    allows = rule.effect is Effect.ALLOW
    of = type_of(action)
    asked = asked_of(rule, of.name)
    answers = said([(each, allows) for each in asked], action, of)
    return tuple(
        each
        for each, answer in zip(asked, answers, strict=True)
        if not ((not allows and not each.ignores_unknown) if answer is None else answer)
    )


def near(policy: Policy, action: Action, *, now: datetime) -> list[tuple[Rule, tuple[Condition, ...]]]:
    """All rules for such actions that count now, with what does not hold; the nearest first."""
    name = type_of(action).name
    rules = (
        each
        for each in policy.rules
        if name in each.action_types and (each.until is None or now < each.until)
    )
    found = [(each, unmet(each, action)) for each in rules]
    return sorted(found, key=lambda each: len(each[1]))


def turns(policy: Policy, action: Action, *, now: datetime, enforcing: bool = False) -> Turns:
    """What would turn the policy's effect on the action; `enforcing`: as it is decided for boxes."""
    search = _Search(policy, action, now, enforcing=enforcing)
    found = search.found(1) or search.found(2)
    return Turns(found=tuple(found), tried=search.tried, complete=search.complete)


class _Search:
    """Tries values; `tried` counts decisions."""

    def __init__(self, policy: Policy, action: Action, now: datetime, *, enforcing: bool) -> None:
        self._policy, self._action, self._now, self._enforcing = policy, action, now, enforcing
        self._effect = policy.decide(action, now=now, enforcing=enforcing).effect
        self.tried = 0
        self.complete = True
        self._values = self._of_parts()

    def found(self, count: int) -> list[Turn]:
        """Turns by so many parts at once, one for each choice of parts and effect."""
        known: dict[tuple[tuple[str, ...], Effect], Turn] = {}
        for parts in combinations(self._values, count):
            for values in product(*(self._values[each] for each in parts)):
                if self.tried >= LIMITS.policy_turns:
                    self.complete = False
                    return self._best(known.values())
                action = self._action
                for part, value in zip(parts, values, strict=True):
                    action = _changed(action, part, value)
                decision = self._policy.decide(action, now=self._now, enforcing=self._enforcing)
                self.tried += 1
                if decision.effect is not self._effect:
                    turn = Turn(parts=parts, action=action, decision=decision)
                    known.setdefault((parts, decision.effect), turn)
        return self._best(known.values())

    def _best(self, found: Iterable[Turn]) -> list[Turn]:
        """An answer is worth most where it leads far, and where it needs nothing forgotten."""
        effects = list(Effect) if self._effect is not Effect.ALLOW else list(Effect)[::-1]

        def worth(turn: Turn) -> tuple[int, int]:
            forgotten = sum(getattr(turn.action, part.partition(".")[0]) is None for part in turn.parts)
            return effects.index(turn.decision.effect), forgotten

        return sorted(found, key=worth)[:_SHOWN]

    def _of_parts(self) -> dict[str, list[object]]:
        of = type_of(self._action)
        found: dict[str, list[object]] = {}
        for part, conditions in self._asked(of).items():
            made = kinds(part, conditions, of)
            self.complete &= made.complete
            current = _current(self._action, part)
            found[part] = [each for each in made.values if each != current]
        if isinstance(self._action, ToolCall) and any(
            each is not None and each.trust
            for each in (self._policy.document.joined, self._policy.document.tree)
        ):
            vouched = Label(integrity=Integrity.USER)
            found.setdefault("context", [vouched])
            found.setdefault("planned", [True])
            found["arguments"] = [tuple(replace(each, label=vouched) for each in self._action.arguments)]
        return found

    def _asked(self, of: ActionType) -> dict[str, list[tuple[Condition, bool]]]:
        """What the nearest rules and their exceptions ask of each part."""
        nearest = near(self._policy, self._action, now=self._now)
        self.complete &= len(nearest) <= LIMITS.policy_near_rules
        asked: dict[str, list[tuple[Condition, bool]]] = {}
        names = set()
        for rule, _ in nearest[: LIMITS.policy_near_rules]:
            names.add(rule.id)
            for each in asked_of(rule, of.name):
                asked.setdefault(part_of(each.field), []).append((each, rule.effect is Effect.ALLOW))
        for exemption in self._policy.exemptions:
            if exemption.rule in names and self._now < exemption.until:
                for each in _fitting(exemption.conditions, of):
                    asked.setdefault(part_of(each.field), []).append((each, True))
        return asked


def _fitting(conditions: Iterable[Condition], of: ActionType) -> Iterator[Condition]:
    for each in conditions:
        try:
            fact(each.field, of)
        except KeyError:
            continue
        yield each


def _of_argument(part: str, name: str) -> bool:
    wanted = part.removeprefix("arguments.")
    return name == wanted or name.startswith(f"{wanted}.")


def _current(action: Action, part: str) -> object:
    if isinstance(action, ToolCall) and part.startswith("arguments."):
        known = action.arguments or ()  # a question may leave them open
        return tuple(each for each in known if _of_argument(part, each.name))
    return getattr(action, part)


def _changed(action: Action, part: str, value: object) -> Action:
    if isinstance(action, ToolCall) and part.startswith("arguments."):
        assert isinstance(value, tuple)
        others = tuple(each for each in action.arguments or () if not _of_argument(part, each.name))
        return replace(action, arguments=others + value)
    return dataclasses.replace(action, **{part: value})  # type: ignore[arg-type]
