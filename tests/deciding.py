"""Rules and engines in a line, for tests of deciding."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ringfence.core.decisions import Effect, Mode, Obligation, Place, Section
from ringfence.policy.document import Ruling
from ringfence.policy.engine import Engine
from ringfence.policy.rule import Condition, Exemption, Like, Rule, RuleId, Test, Tier
from ringfence.policy.trust_words import Trust

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DIGEST = "0" * 64


def condition(field: str, test: Test | str, *, ignores_unknown: bool = False) -> Condition:
    """A text is a pattern."""
    return Condition(
        field=field, test=Like((test,)) if isinstance(test, str) else test, ignores_unknown=ignores_unknown
    )


def rule(
    name: str,
    effect: Effect,
    match: Mapping[str, Test | str] | Iterable[Condition] = (),
    *,
    section: Section = Section.AGENTS,
    types: Iterable[str] = ("host.connect",),
    tier: Tier = Tier.USER,
    mode: Mode | None = None,
    obligations: tuple[Obligation, ...] = (),
    **more: Any,
) -> Rule:
    """A rule that stands in line len(name) of user.yaml, or of tree.yaml."""
    conditions = [condition(*each) for each in match.items()] if isinstance(match, Mapping) else match
    file = "tree.yaml" if tier is Tier.WORKING_TREE else "user.yaml"
    return Rule(
        id=RuleId(name),
        section=section,
        tier=tier,
        at=Place(file=file, line=len(name)),
        action_types=frozenset(types),
        conditions=tuple(conditions),
        effect=effect,
        mode=mode,
        obligations=obligations,
        **more,
    )


def exemption(name: str, of: str, match: Mapping[str, Test | str], *, until: datetime) -> Exemption:
    """An exception to rule `of`."""
    return Exemption(
        id=name,
        rule=RuleId(of),
        conditions=tuple(condition(*each) for each in match.items()),
        asked_by="carol",
        reviewed_by="dave",
        why="migration",
        until=until,
        at=Place(file="user.yaml", line=99),
    )


def ruling(
    *rules: Rule,
    modes: Mapping[Section, Mode] | Mode = Mode.ENFORCE,
    exemptions: tuple[Exemption, ...] = (),
    trust: Trust | None = None,
    file: str = "user.yaml",
) -> Ruling:
    """Rules of one group; a mode is that of every section, named in line 1."""
    named = dict.fromkeys(Section, modes) if isinstance(modes, Mode) else modes
    return Ruling(
        rules=rules,
        exemptions=exemptions,
        modes={section: (mode, Place(file=file, line=1)) for section, mode in named.items()},
        trust=trust,
    )


def engine(joined: Ruling, tree: Ruling | None = None) -> Engine:
    """What decides by them."""
    return Engine(joined, tree, policy_digest=DIGEST)
