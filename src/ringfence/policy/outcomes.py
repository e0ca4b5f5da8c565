"""From the rules that matched to a decision: which of them decides, and what else they bring along.

In each section the gravest consequence decides. What is enforced is graver than what is told, that graver
than what is only observed, and within each a denial is graver than a question; an allowance is never grave.
So a rule that is tried out hides none that holds. What nothing matched falls to the section's mode, and so
does what only rules matched that are carried out less strictly than the section: neither an allowance nor a
denial that is tried out opens anything. Under a ceiling, a section that the system's document itself
enforces, the system's rules alone are asked whether anything matched: a user's document only makes graver.

A working tree's rules are judged by the strictest mode that anybody names, and can only make matters graver.

Where everything is enforced, whatever modes are named, so are rules that are tried out, and what no rule
matches is denied. That opens nothing: an allowance that is tried out still opens no section that is stricter.
"""

from collections.abc import Iterable, Mapping

from ringfence.core.dataclass import dataclass, replace
from ringfence.core.decisions import (
    Decision,
    Effect,
    Mode,
    Obligation,
    ObligationKind,
    Place,
    Reason,
    Section,
)
from ringfence.policy.rule import Tier

__all__ = ["Exempt", "Hit", "Modes", "Ruled", "conclude"]

Modes = Mapping[Section, tuple[Mode, Place | None]]

_MODES = {mode: rank for rank, mode in enumerate(Mode)}
_EFFECTS = {effect: rank for rank, effect in enumerate(Effect)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ruled:
    """What a rule says once it matches."""

    id: str
    section: Section
    tier: int
    effect: Effect | None  # None: it only obliges
    mode: Mode | None
    at: Place
    of_tree: bool
    why: str | None = None
    obligations: tuple[Obligation, ...] = ()
    controls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hit:
    """A rule that matched, and facts it asks for that nobody knows; made once for each set of those."""

    rule: Ruled
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exempt:
    """A rule that would have matched but for an exception; made once for each."""

    rule: Ruled
    exception: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Which modes the documents name, and whether everything is enforced all the same."""

    joined: Modes
    tree: Modes
    enforcing: bool

    def of_section(self, section: Section, *, is_tree: bool) -> tuple[Mode, Place | None]:
        """The section's, and which line says so."""
        return (self.tree if is_tree else self.joined).get(section, (Mode.OBSERVE, None))

    def of(self, rule: Ruled) -> Mode:
        """The rule's own, else the strictest of its section."""
        if rule.mode is not None:
            return rule.mode
        named = (modes.get(rule.section, (Mode.OBSERVE, None))[0] for modes in (self.joined, self.tree))
        return max(named, key=_MODES.__getitem__)

    def carried_out(self, rule: Ruled) -> Mode:
        """How strictly the rule is carried out now."""
        return Mode.ENFORCE if self.enforcing else self.of(rule)


def conclude(
    matched: Iterable[Hit | Exempt],
    sections: tuple[Section, ...],
    *,
    joined: Modes,
    tree: Modes,
    ceiling: frozenset[Section],
    policy_digest: str,
    enforcing: bool = False,
) -> Decision:
    """The decision on an action that these sections judge. The order of `matched` does not matter.

    `enforcing`: as if everything were enforced.
    """
    modes = _Named(joined=joined, tree=tree, enforcing=enforcing)
    ordered = sorted(matched, key=_place)
    hits = [each for each in ordered if isinstance(each, Hit)]
    exempt = [each for each in ordered if isinstance(each, Exempt)]
    reasons = [_of_section(each, hits, exempt, modes, is_ceiling=each in ceiling) for each in sections]
    reasons.sort(key=_gravity_of_reason, reverse=True)
    return Decision(
        effect=reasons[0].effect,
        mode=reasons[0].mode,
        reasons=tuple(reasons),
        obligations=_obligations(
            (each.rule, modes.carried_out(each.rule)) for each in hits if each.rule.section in sections
        ),
        controls=tuple(sorted({control for each in hits for control in each.rule.controls})),
        policy_digest=policy_digest,
    )


def _of_section(
    section: Section, hits: Iterable[Hit], exempt: Iterable[Exempt], modes: _Named, *, is_ceiling: bool
) -> Reason:
    reasons: list[Reason] = []
    for is_tree in (False, True):
        own = [
            each
            for each in hits
            if each.rule.section is section and each.rule.of_tree is is_tree and each.rule.effect is not None
        ]
        found = [_reason(each, modes.carried_out(each.rule)) for each in own]
        reasons += [each for each in found if not is_tree or each.effect is not Effect.ALLOW]
        opening = [each.rule for each in own if is_tree or not is_ceiling or each.rule.tier <= Tier.SYSTEM]
        reasons += _without_rule(section, opening, modes, is_tree=is_tree)
    decides = max(reasons, key=_gravity_of_reason)  # the first of several
    graver = [
        each
        for each in exempt
        if each.rule.section is section
        and _gravity(each.rule.effect or Effect.ALLOW, modes.carried_out(each.rule))
        > _gravity_of_reason(decides)
    ]
    return replace(decides, exception=graver[0].exception) if graver else decides


def _without_rule(section: Section, own: Iterable[Ruled], modes: _Named, *, is_tree: bool) -> list[Reason]:
    """What the section's mode says, if no rule that holds matched; a working tree's only when it enforces."""
    mode, at = modes.of_section(section, is_tree=is_tree)
    if is_tree and mode is not Mode.ENFORCE:
        return []
    if any(_MODES[modes.of(each)] >= _MODES[mode] for each in own):
        return []
    if modes.enforcing and mode is not Mode.ENFORCE:
        mode, at = Mode.ENFORCE, None
    effect = Effect.ALLOW if mode is Mode.OBSERVE else Effect.DENY
    return [Reason(section=section, effect=effect, mode=mode, rule=None, at=at)]


def _reason(hit: Hit, mode: Mode) -> Reason:
    rule = hit.rule
    return Reason(
        section=rule.section,
        effect=rule.effect or Effect.ALLOW,
        mode=mode,
        rule=rule.id,
        at=rule.at,
        unknown=hit.unknown,
        why=rule.why,
    )


def _gravity(effect: Effect, mode: Mode) -> tuple[int, int]:
    return (0, _MODES[mode]) if effect is Effect.ALLOW else (_MODES[mode] + 1, _EFFECTS[effect])


def _gravity_of_reason(reason: Reason) -> tuple[int, int]:
    return _gravity(reason.effect, reason.mode)


def _place(matched: Hit | Exempt) -> tuple[int, str, int, str, str]:
    """Where a rule stands: system before user before working tree, then by file and line."""
    rule = matched.rule
    extra = matched.exception if isinstance(matched, Exempt) else ",".join(matched.unknown)
    return rule.tier, rule.at.file, rule.at.line, rule.id, extra


def _obligations(rules: Iterable[tuple[Ruled, Mode]]) -> tuple[Obligation, ...]:
    """What rules that are enforced oblige to; of limits on the same, the smallest.

    To record in full is part of observing, so it counts in every mode; all else would change what happens.
    """
    found: dict[tuple[str, str, str], Obligation] = {}
    for rule, mode in rules:
        for each in rule.obligations:
            if mode is not Mode.ENFORCE and each.kind is not ObligationKind.RECORD_IN_FULL:
                continue
            key = (each.kind.value, each.unit or "", each.per or "")
            known = found.get(key)
            if known is None or (each.amount or 0) < (known.amount or 0):
                found[key] = each
    return tuple(found[key] for key in sorted(found))
