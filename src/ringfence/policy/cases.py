"""Cases kept beside a policy: an action, and what the policy must say of it.

```yaml
- name: claude talks to its own model
  action: {action: host.connect, agent: claude, host: api.example.com, port: 443}
  expect: {effect: allow, rule: api}
```

Read as strictly as the policy itself. Facts that a case leaves out are unknown, which counts against it.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime, timedelta

from ringfence.core.action_types import ACTION_TYPES, type_of
from ringfence.core.actions import Action
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision, Effect, Mode, Obligation, Place
from ringfence.core.limits import LIMITS
from ringfence.policy.facts import BadFacts, partial_action
from ringfence.policy.files import PolicyFile
from ringfence.policy.nodes import Listing, Mapping, Node, Scalar, parse
from ringfence.policy.policy import Policy
from ringfence.policy.problems import PolicyRefused, Problems, quoted
from ringfence.policy.sections.rule_form import OBLIGATIONS
from ringfence.policy.sentences import obligation_words
from ringfence.policy.shapes.amounts import Moment
from ringfence.policy.shapes.examples import facts_table
from ringfence.policy.shapes.fields import fields_of
from ringfence.policy.shapes.shape import Definitions, Schema, wrong
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import LINE, Text, Word, nearest
from ringfence.policy.turning import unmet

__all__ = ["CASES", "Case", "Difference", "differences", "reached", "read_cases"]

_TYPES = tuple(each.name for each in ACTION_TYPES)
_NO_RULE = "none"


@dataclass(frozen=True, slots=True)
class _Facts:
    """An action, by the facts of its type."""

    says: str = "a mapping of facts, with `action` for its type"

    def read(self, node: Node, problems: Problems) -> Action | None:
        if not isinstance(node, Mapping):
            wrong(node, problems, self.says)
            return None
        named = node.entries.get("action")
        if named is None or not isinstance(named[1], Scalar):
            problems.add(node, "the type of action is missing", hint="add `action`, such as model.use")
            return None
        name = named[1].text
        if name not in _TYPES:
            problems.add(named[1], f"{quoted(name)} is no type of action", hint=nearest(name, _TYPES))
            return None
        entry = facts_table(f"case-{name}", (name,)).read(node, problems)
        return None if entry is None else _action(name, entry, problems)

    def schema(self, _definitions: Definitions, /) -> Schema:
        return {"type": "object", "required": ["action"], "properties": {"action": {"enum": list(_TYPES)}}}


def _action(name: str, entry: Entry, problems: Problems) -> Action | None:
    names = {spelling: each.name for each in fields_of((name,)) for spelling in each.spellings}
    facts = {names[key]: value for key, value in entry.values.items() if key in names}
    if None in facts.values():  # told already
        return None
    try:
        return partial_action(name, facts)
    except BadFacts as error:
        problems.add(entry, error.what, hint=error.hint)
        return None


@dataclass(frozen=True, slots=True)
class _Now(Moment):
    """A time; a day is its first moment."""

    def read(self, node: Node, problems: Problems) -> datetime | None:
        moment = Moment.read(self, node, problems)
        is_day = isinstance(node, Scalar) and "T" not in node.text
        return moment - timedelta(days=1) if moment is not None and is_day else moment


_EXPECT = Table(
    "expected",
    "What the policy must say.",
    (
        Key("effect", Word(Effect), "allow, ask or deny", needed=True),
        Key("mode", Word(Mode), "observe, warn or enforce"),
        Key("rule", Text("the id of a rule, or none"), "the rule that decides; `none` where a mode does"),
        Key("obligations", OBLIGATIONS.shape, "all that goes with it"),
    ),
)
_CASE = Table(
    "case",
    "An action, and what the policy must say of it.",
    (
        Key("name", LINE, "what it is about", needed=True),
        Key("action", _Facts(), "the action", needed=True),
        Key("expect", _EXPECT, "what the policy must say", needed=True),
        Key("now", _Now(), "when it happens; default: now"),
    ),
)
CASES = ListOf(_CASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One of them."""

    name: str
    at: Place
    action: Action
    effect: Effect
    mode: Mode | None = None  # None: any
    rule: str | None = None  # None: any; `none`: no rule
    obligations: tuple[Obligation, ...] | None = None  # None: any
    now: datetime | None = None  # None: now
    places: dict[str, Place] = field(default_factory=dict)  # of what is expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that the policy says otherwise."""

    what: str  # effect, mode, rule, obligations
    expected: str
    found: str
    at: Place


def read_cases(file: PolicyFile) -> tuple[Case, ...]:
    """The cases of one file.

    Raises:
        PolicyRefused: anything is wrong with it.
    """
    problems = Problems(file=file.name)
    tree = parse(file.data, problems)
    entries: tuple[Entry | None, ...] | None = None
    if isinstance(tree, Listing) and len(tree.items) > LIMITS.policy_cases:
        problems.add(tree, f"more than {LIMITS.policy_cases} cases", hint="put them into several files")
    elif tree is not None:
        entries = CASES.read(tree, problems)
    if problems.found:
        raise PolicyRefused(tuple(problems.found))
    return tuple(_case(each, file.name) for each in entries or () if each is not None)


def _case(entry: Entry, file: str) -> Case:
    expect: Entry = entry.get("expect")
    return Case(
        name=entry.get("name"),
        at=Place(file=file, line=entry.line),
        action=entry.get("action"),
        effect=expect.get("effect"),
        mode=expect.get("mode"),
        rule=expect.get("rule"),
        obligations=expect.get("obligations"),
        now=entry.get("now"),
        places={key: Place(file=file, line=expect.at(key).line) for key in expect.values},
    )


def differences(case: Case, decision: Decision) -> tuple[Difference, ...]:
    """What the decision has otherwise than the case."""
    found = decision.reasons[0].rule or _NO_RULE
    said: Sequence[tuple[str, object, object, Callable[[object], str]]] = (
        ("effect", case.effect, decision.effect, str),
        ("mode", case.mode, decision.mode, str),
        ("rule", case.rule, found, str),
        (
            "obligations",
            None if case.obligations is None else _words(case.obligations),
            _words(decision.obligations),
            str,
        ),
    )
    return tuple(
        Difference(what=what, expected=show(expected), found=show(actual), at=case.places[what])
        for what, expected, actual, show in said
        if expected is not None and expected != actual
    )


def reached(policy: Policy, case: Case, *, now: datetime) -> frozenset[str]:
    """The rules that the case's action fits and that count at its time; their ids."""
    at = case.now or now
    name = type_of(case.action).name
    return frozenset(
        each.id
        for each in policy.rules
        if name in each.action_types
        and (each.until is None or at < each.until)
        and not unmet(each, case.action)
    )


def _words(obligations: Sequence[Obligation]) -> str:
    return " ".join(sorted(map(obligation_words, obligations))) or _NO_RULE
