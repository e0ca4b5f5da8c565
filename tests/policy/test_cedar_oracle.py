"""An independent oracle: Cedar, asked twice for each action, says what our policies say.

For rules that allow, ask and deny, on actions whose facts are all known, in sections that enforce. Asked
whether permits for what we allow or ask about stand against forbids for what we deny, Cedar says whether the
action is not denied; asked whether permits for what we allow stand against forbids for all else, it says
whether it is allowed outright. Unknown facts and obligations have tables of their own.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import Enum
from random import Random

import cedarpy
import pytest

from deciding import NOW, engine, rule, ruling
from often import examples
from ringfence.core.action_types import ACTION_TYPES, ActionType, type_of
from ringfence.core.actions import (
    Action,
    Exposure,
    FieldKind,
    HttpRequest,
    ListenerServe,
    ModelUse,
    PromptSend,
    Purpose,
    RuntimeRun,
)
from ringfence.core.decisions import Effect, Mode, Section
from ringfence.core.labels import Sensitivity
from ringfence.core.verdicts import Verdict
from ringfence.policy.rule import AtLeast, AtMost, Is, Like, Rule, Test, Unlike
from ringfence.policy.words import word_of, words_of

POLICIES, ACTIONS, RULES = examples(3000), 4, 14
TYPES = {each.name: each for each in ACTION_TYPES}
NAMES, HOSTS, TEXTS = (
    ("a/b", "a/c", "a/b/c", "b"),
    ("x.com", "a.x.com", "b.a.x.com", "y"),
    ("go", "gone", "ongo"),
)


@dataclass(frozen=True)
class Said:
    """One test, in our words and in Cedar's."""

    ours: Test
    cedar: Callable[[str], str]  # of the expression of one value


def globs(kind: FieldKind, chance: Random) -> Said:
    """One pattern of those that Cedar can say as well."""
    quoted: Callable[[str], str] = json.dumps
    if kind is FieldKind.HOST:
        host = chance.choice(HOSTS)
        below = lambda value: f'({value} like "*.{host}")'  # noqa: E731
        return chance.choice(
            [
                Said(Like((host,)), lambda value: f"{value} == {quoted(host)}"),
                Said(Like((f"*.{host}",)), below),
                Said(Like((f"**.{host}",)), lambda value: f"({value} == {quoted(host)} || {below(value)})"),
            ]
        )
    if kind is FieldKind.NAME:
        name = chance.choice(NAMES)
        return chance.choice(
            [
                Said(Like((name,)), lambda value: f"{value} == {quoted(name)}"),
                Said(Like((f"{name}/**",)), lambda value: f'{value} like "{name}/*"'),
                Said(
                    Like((f"**/{name}",)), lambda value: f'({value} == "{name}" || {value} like "*/{name}")'
                ),
            ]
        )
    text = chance.choice(TEXTS)
    pattern = chance.choice([text, f"{text}*", f"*{text}", f"*{text[:2]}*"])
    return Said(Like((pattern,)), lambda value: f'{value} like "{pattern}"')


def several(chance: Random, one: Callable[[], Said]) -> Said:
    """One or two patterns, or none of them."""
    said = [one() for _ in range(chance.randint(1, 2))]
    patterns = tuple(each.ours.patterns[0] for each in said)
    either = lambda value: "(" + " || ".join(each.cedar(value) for each in said) + ")"  # noqa: E731
    if chance.random() < 0.3:
        return Said(Unlike(patterns), lambda value: f"!{either(value)}")
    return Said(Like(patterns), either)


def one_of_a_fact(name: str, of: ActionType, chance: Random) -> Said:
    """A test of a fact with one value."""
    kind, words = of.fields[name], of.words.get(name)
    if kind in {FieldKind.NUMBER, FieldKind.RANK} and (words is None or chance.random() < 0.7):
        at = chance.randint(0, 4)
        if chance.random() < 0.5:
            return Said(AtLeast(at), lambda value: f"{value} >= {at}")
        return Said(AtMost(at), lambda value: f"{value} <= {at}")
    if words is not None:

        def word() -> Said:
            rank = chance.randrange(len(words_of(words)))
            return Said(Like((words_of(words)[rank],)), lambda value: f"{value} == {rank}")

        return several(chance, word)
    if kind is FieldKind.YES_NO:
        yes = chance.random() < 0.5
        return Said(Is(yes), lambda value: f"{value} == {json.dumps(yes)}")
    return several(chance, lambda: globs(kind, chance))


def of_set(chance: Random, effect: Effect) -> Said:
    """A test of a fact with several values, of words written out: Cedar has no patterns for those."""
    words = tuple(sorted(set(chance.choices(TEXTS, k=2))))
    within = "[" + ", ".join(map(json.dumps, words)) + "]"
    if chance.random() < 0.5:
        if effect is Effect.ALLOW:
            return Said(Like(words), lambda value: f"(!{value}.isEmpty() && {within}.containsAll({value}))")
        return Said(Like(words), lambda value: f"{value}.containsAny({within})")
    if effect is Effect.ALLOW:
        return Said(Unlike(words), lambda value: f"!{value}.containsAny({within})")
    return Said(Unlike(words), lambda value: f"({value}.isEmpty() || !{within}.containsAll({value}))")


FACTS = {
    "http.request": ("host", "port", "method", "path"),
    "prompt.send": ("model", "host", "local", "sensitivity"),
    "runtime.run": ("name", "kind", "installed_by"),
    "listener.serve": ("server", "port", "exposure", "address"),
    "model.use": (
        "name",
        "source",
        "verdict",
        "remote",
        "size_bytes",
        "purpose",
        "store",
        "formats",
        "findings",
    ),
}
SETS = {"formats", "findings"}


def actions(chance: Random) -> Action:
    """An action whose facts are all known."""
    name = lambda: chance.choice(NAMES)  # noqa: E731
    host, text, number = (
        lambda: chance.choice(HOSTS),
        lambda: chance.choice(TEXTS),
        lambda: chance.randint(0, 5),
    )
    texts = lambda: tuple(sorted(set(chance.choices(TEXTS, k=chance.randint(0, 2)))))  # noqa: E731
    yes = chance.random() < 0.5
    return chance.choice(
        [
            HttpRequest(host=host(), port=number(), method=text(), path=name()),
            PromptSend(model=name(), host=host(), local=yes, sensitivity=chance.choice(tuple(Sensitivity))),
            RuntimeRun(name=text(), kind=text(), installed_by=text()),
            ListenerServe(
                server=text(), address=text(), port=number(), exposure=chance.choice(tuple(Exposure))
            ),
            ModelUse(
                name=name(),
                formats=texts(),
                source=name(),
                verdict=chance.choice(tuple(Verdict)),
                findings=texts(),
                remote=yes,
                size_bytes=number(),
                purpose=chance.choice(tuple(Purpose)),
                store=text(),
            ),
        ]
    )


@dataclass(frozen=True)
class Both:
    """One rule, in our words and in Cedar's."""

    ours: Rule
    when: str

    def statement(self, permits: frozenset[Effect]) -> str:
        """The rule as a permit or a forbid of its section's judgement."""
        verb = "permit" if self.ours.effect in permits else "forbid"
        (of,) = self.ours.action_types
        action = f'Action::"{of} {self.ours.section}"'
        return f"{verb}(principal, action == {action}, resource) when {{ {self.when} }};"


def rules(chance: Random) -> Iterator[Both]:
    for number in range(chance.randint(1, RULES)):
        of = TYPES[chance.choice(tuple(FACTS))]
        effect = chance.choice([*Effect, Effect.ALLOW, Effect.ALLOW, Effect.ASK])
        named = chance.sample(FACTS[of.name], k=chance.randint(0, 2))
        said = {
            each: of_set(chance, effect) if each in SETS else one_of_a_fact(each, of, chance)
            for each in named
        }
        ours = rule(
            f"r{number}",
            effect,
            {name: each.ours for name, each in said.items()},
            section=chance.choice(of.sections),
            types=(of.name,),
        )
        when = " && ".join(each.cedar(f"context.{name}") for name, each in said.items())
        yield Both(ours, when or "true")


def request(action: Action, section: Section) -> dict[str, object]:
    known = {each.name: getattr(action, each.name) for each in fields(action)}
    ranks = {
        name: words_of(type(value)).index(word_of(value))
        for name, value in known.items()
        if isinstance(value, Enum)
    }
    context = {
        name: ranks.get(name, list(value) if isinstance(value, tuple) else value)
        for name, value in known.items()
        if value is not None
    }
    return {
        "principal": 'User::"u"',
        "action": f'Action::"{type_of(action).name} {section}"',
        "resource": 'Resource::"r"',
        "context": context,
    }


def asked(
    statements: list[Both], requests: list[dict[str, object]], permits: frozenset[Effect]
) -> list[bool]:
    policies = "\n".join(each.statement(permits) for each in statements)
    answers = cedarpy.is_authorized_batch(requests, policies, [])
    for each in answers:
        assert each.diagnostics.errors == [], policies
    return [each.allowed for each in answers]


@pytest.mark.parametrize("seed", range(3))
def test_cedar_says_the_same_of_thousands_of_policies_and_actions(seed: int) -> None:
    chance = Random(seed)
    seen: dict[Effect, int] = dict.fromkeys(Effect, 0)
    for _ in range(POLICIES // 3):
        both = list(rules(chance))
        decide = engine(ruling(*(each.ours for each in both), modes=Mode.ENFORCE)).decide
        several_actions = [actions(chance) for _ in range(ACTIONS)]
        judged = [(each, section) for each in several_actions for section in type_of(each).sections]
        requests = [request(*each) for each in judged]
        not_denied = asked(both, requests, frozenset({Effect.ALLOW, Effect.ASK}))
        outright = asked(both, requests, frozenset({Effect.ALLOW}))
        for (action, section), one, other in zip(judged, not_denied, outright, strict=True):
            expected = Effect.ALLOW if other else Effect.ASK if one else Effect.DENY
            reasons = {each.section: each.effect for each in decide(action, now=NOW).reasons}
            assert reasons[section] is expected, (action, [each.when for each in both])
            seen[expected] += 1
    assert min(seen.values()) > POLICIES * 7 // 30  # all three are met often enough to mean something
