"""Files of several tiers joined: modes the strictest, values in order, exceptions within their own tier.

What the system's document enforces is a ceiling: there, what none of its own rules matched stays denied.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Mode, Place, Section
from ringfence.policy.document import Contribution, Document, Ruling
from ringfence.policy.files import PolicyFile
from ringfence.policy.prices import HostPrices
from ringfence.policy.problems import Problems
from ringfence.policy.rule import Exemption, Rule, Tier
from ringfence.policy.trust_words import Trust
from ringfence.policy.values import Egress, Operators, Profile, Retention, Sandbox, Switch

__all__ = ["Part", "digest_of", "joined"]

_STRICTNESS = {mode: rank for rank, mode in enumerate(Mode)}


@dataclass(slots=True, kw_only=True)
class Part:
    """What one file says."""

    file: PolicyFile
    problems: Problems
    serial: int | None = None
    modes: dict[Section, tuple[Mode, Place]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    exemptions: list[Exemption] = field(default_factory=list)
    trust: Trust | None = None
    retention: Retention = field(default_factory=Retention)
    operators: Operators = field(default_factory=Operators)
    profiles: tuple[Profile, ...] = ()
    never_collected: tuple[str, ...] = ()
    prices: tuple[HostPrices, ...] = ()


def joined(parts: Sequence[Part]) -> Document:
    """All parts as one document; they stand in the order of their tiers."""
    upper = [each for each in parts if each.file.tier is not Tier.WORKING_TREE]
    tree = [each for each in parts if each.file.tier is Tier.WORKING_TREE]
    system = [each for each in parts if each.file.tier is Tier.SYSTEM]
    modes: dict[Section, tuple[Mode, Place | None]] = dict.fromkeys(Section, (Mode.OBSERVE, None))
    return Document(
        digest=digest_of(each.file for each in parts),
        files=tuple(_contribution(each) for each in parts),
        joined=_below(system, _ruling(upper, modes)),
        tree=_ruling(tree, {}) if tree else None,
        retention=Retention(
            events=tuple(keep for each in upper for keep in each.retention.events),
            holds=tuple(hold for each in upper for hold in each.retention.holds),
        ),
        operators=Operators(
            approve=tuple(one for each in upper for one in each.operators.approve),
            four_eyes=tuple(dict.fromkeys(one for each in upper for one in each.operators.four_eyes)),
            break_glass=tuple(one for each in upper for one in each.operators.break_glass),
            desktop=_desktop([each.operators.desktop for each in upper]),
            webhooks=tuple(one for each in upper for one in each.operators.webhooks),
        ),
        profiles=tuple(profile for each in upper for profile in each.profiles),
        tree_profiles=tuple(profile for each in tree for profile in each.profiles),
        never_collected=tuple(dict.fromkeys(text for each in upper for text in each.never_collected)),
        prices=tuple(one for each in _pricing(upper, system) for one in each.prices),
    )


def _pricing(upper: Sequence[Part], system: Sequence[Part]) -> Sequence[Part]:
    """Whose prices count: below a system's document that enforces what agents may do, its own alone."""
    modes = (each.modes.get(Section.AGENTS, (None,))[0] for each in system)
    return [each for each in upper if each.file.tier is not Tier.USER] if Mode.ENFORCE in modes else upper


def _desktop(said: Sequence[Switch | None]) -> Switch | None:
    """The first that says no; else the first that says anything."""
    found = [each for each in said if each is not None]
    return next((each for each in found if not each.is_on), next(iter(found), None))


def digest_of(files: Iterable[PolicyFile]) -> str:
    """SHA-256 over tiers, lengths and bytes, in this order; hexadecimal. Names do not matter."""
    digest = hashlib.sha256()
    for each in files:
        digest.update(f"{each.tier.name} {len(each.data)}\n".encode())
        digest.update(each.data)
    return digest.hexdigest()


def _ruling(parts: Sequence[Part], modes: dict[Section, tuple[Mode, Place | None]]) -> Ruling:
    for part in parts:
        for section, (mode, at) in part.modes.items():
            known = modes.get(section)
            if known is None or known[1] is None or _STRICTNESS[mode] > _STRICTNESS[known[0]]:
                modes[section] = (mode, at)
    return Ruling(
        rules=tuple(rule for part in parts for rule in part.rules),
        exemptions=tuple(each for part in parts for each in part.exemptions),
        modes=MappingProxyType(modes),
        trust=_trust([part.trust for part in parts if part.trust is not None]),
    )


def _below(system: Sequence[Part], ruling: Ruling) -> Ruling:
    """The ruling with the system's document as its ceiling."""
    ceiling = frozenset(
        section for part in system for section, (mode, _) in part.modes.items() if mode is Mode.ENFORCE
    )
    own = _trust([part.trust for part in system if part.trust is not None])
    return replace(ruling, ceiling=ceiling, ceiling_trust=own if Section.AGENTS in ceiling else None)


def _trust(parts: Sequence[Trust]) -> Trust | None:
    if not parts:
        return None
    return Trust(
        tools=tuple(tool for each in parts for tool in each.tools),
        stores=tuple(store for each in parts for store in each.stores),
        rules=tuple(rule for each in parts for rule in each.rules),
        contexts=tuple(context for each in parts for context in each.contexts),
    )


def _contribution(part: Part) -> Contribution:
    counts: dict[Section, int] = {}
    for rule in part.rules:
        counts[rule.section] = counts.get(rule.section, 0) + 1
    modes: Mapping[Section, Mode] = {section: mode for section, (mode, _) in part.modes.items()}
    values = {
        "retention": part.retention.events or part.retention.holds,
        "never_collected": part.never_collected,
        "operators": part.operators != Operators(),
        "profiles": part.profiles,
        "sandbox": any(each.sandbox != Sandbox() for each in part.profiles),
        "egress": any(each.egress != Egress() for each in part.profiles),
        "trust": part.trust,
        "prices": part.prices,
    }
    return Contribution(
        tier=part.file.tier,
        name=part.file.name,
        digest=hashlib.sha256(part.file.data).hexdigest(),
        size_bytes=len(part.file.data),
        serial=part.serial,
        modes=MappingProxyType(dict(modes)),
        rules=MappingProxyType(counts),
        exceptions=len(part.exemptions),
        examples=sum(len(rule.examples) for rule in part.rules),
        values=tuple(name for name, value in values.items() if value),
    )
