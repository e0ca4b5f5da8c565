"""What all documents together say of an agent's way out, besides the rules.

Every profile that fits the agent counts. Of bounds the least holds, whosever it is. What answers are worth is
the least that any of them says, where more than nothing is said by the system's or the user's documents.
Where names lead, and which private addresses they may have, these alone say, the system's first. A working
tree's only restrict, and so do a user's where the system's document enforces what agents may do.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect, Section
from ringfence.core.labels import Integrity, Label, Sensitivity
from ringfence.core.limits import LIMITS
from ringfence.policy.conditions import check
from ringfence.policy.document import Document
from ringfence.policy.globs import glob
from ringfence.policy.rule import AtLeast, AtMost, Like, Manner, Rule, Tier
from ringfence.policy.values import (
    EGRESS_BOUNDS,
    Bound,
    ConnectTo,
    Egress,
    Network,
    Origin,
    Profile,
    Rate,
    Registries,
    UpstreamProxy,
)

__all__ = ["LOCAL", "Budgets", "Egressing", "egressing"]

LOCAL = "localhost"
"""The host itself, where documents say so by that name; else a box's programs mean their own box by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How much a session may use. None, or no rate: as much as the machine gives."""

    connections: Bound | None = None  # at one time
    requests: tuple[Rate, ...] = ()  # one for each time
    sent_bytes: Bound | None = None  # in bodies of requests
    received_bytes: Bound | None = None  # in bodies of answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Egressing:
    """What holds for one agent."""

    hosts: tuple[str, ...]  # patterns that some rule lets it connect to, or asks about; empty: no way out
    ports: tuple[int, ...]  # that these rules name, from the least
    local_ports: tuple[int, ...]  # those that they name for `localhost`: the host's own
    budgets: Budgets
    upper: tuple[Egress, ...]  # of documents that may open
    lower: tuple[Egress, ...]  # of those that only restrict
    manners: Mapping[str, Manner]  # by rule
    registries: bool  # it may read those that this machine is set to
    built_in: bool  # what is built in of it counts beside the hosts here

    def connect_to(self, host: str, port: int) -> ConnectTo | None:
        """Where connections to that host and port go instead."""
        for said in self.upper:
            for each in said.connect_to:
                if each.port in (None, port) and _fits(each.host, host):
                    return each
        return None

    def private(self, host: str) -> tuple[Network, ...]:
        """The private addresses that the host may have."""
        entries = (each for said in self.upper for each in said.private if _fits(each.host, host))
        return tuple(dict.fromkeys(one for each in entries for one in each.addresses))

    def upstream(self, host: str) -> UpstreamProxy | None:
        """The proxy that connections to that host go through, but for addresses that it names as direct."""
        for said in self.upper:
            for each in said.upstream:
                if host != LOCAL and _fits(each.host, host):
                    return None if any(_fits(one, host) for one in each.direct_hosts) else each
        return None

    @property
    def logins(self) -> frozenset[str]:
        """Credentials that are for proxies alone: no box has a part of them."""
        named = (each.credential for said in self.upper for each in said.upstream)
        return frozenset(each for each in named if each is not None)

    def origin(self, host: str) -> Label:
        """What the host's answers carry."""
        upper = list(_origins(self.upper, host))
        lower = list(_origins(self.lower, host))
        integrity = min((each.integrity for each in upper), default=Integrity.UNTRUSTED)
        sensitivities = (each.sensitivity for each in (*upper, *lower))
        return Label(
            integrity=min((integrity, *(each.integrity for each in lower))),
            sensitivity=max(sensitivities, default=Sensitivity.PUBLIC),
        )

    def manner(self, rule: str | None) -> Manner:
        """How a refusal by that rule looks; by none: honest."""
        return Manner.HONEST if rule is None else self.manners.get(rule, Manner.HONEST)


def egressing(document: Document, agent: str) -> Egressing:
    """What the documents say of the way out of an agent of that name."""
    is_closed = Section.AGENTS in document.joined.ceiling
    said = [*document.profiles, *document.tree_profiles]
    narrowing = [
        each for each in said if each.tier is Tier.WORKING_TREE or (is_closed and each.tier is Tier.USER)
    ]
    upper = _of((each for each in said if each not in narrowing), agent)
    lower = _of(narrowing, agent)
    opening = [
        rule
        for rule in document.joined.rules
        if "host.connect" in rule.action_types
        and rule.effect is not Effect.DENY
        and not (is_closed and rule.tier is Tier.USER)
        and _is_for(rule, agent)
    ]
    rules = (*document.joined.rules, *(document.tree.rules if document.tree else ()))
    local = {port for rule in opening if LOCAL in _hosts(rule) for port in _ports(rule)}
    return Egressing(
        hosts=tuple(dict.fromkeys(host for rule in opening for host in _hosts(rule))),
        ports=tuple(sorted({port for rule in opening for port in _ports(rule)})[: LIMITS.egress_ports]),
        local_ports=tuple(sorted(port for port in local if _leads_out(upper, port))[: LIMITS.egress_ports]),
        budgets=_budgets((*upper, *lower)),
        upper=upper,
        lower=lower,
        manners={rule.id: rule.refused_as for rule in rules if rule.refused_as is not None},
        registries=_may_read_registries(upper, lower),
        built_in=_keeps_built_in(upper, lower),
    )


def _of(profiles: Iterable[Profile], agent: str) -> tuple[Egress, ...]:
    return tuple(each.egress for each in profiles if glob(each.agent, FieldKind.NAME).fits(agent))


def _leads_out(upper: tuple[Egress, ...], port: int) -> bool:
    """Whether a document says where `localhost` is, which without it is the box itself."""
    there = (each.host for said in upper for each in said.connect_to if each.port in (None, port))
    named = (each.host for said in upper for each in said.private)
    return any(_fits(host, LOCAL) for host in (*there, *named))


def _keeps_built_in(upper: tuple[Egress, ...], lower: tuple[Egress, ...]) -> bool:
    """The same of that."""
    is_said = any(each.built_in for each in upper)
    return is_said and all(each.built_in is not False for each in (*upper, *lower))


def _may_read_registries(upper: tuple[Egress, ...], lower: tuple[Egress, ...]) -> bool:
    """Whether somebody says so who may, and nobody says that it may not."""
    is_said = any(each.registries is Registries.READ for each in upper)
    return is_said and all(each.registries is not Registries.NONE for each in (*upper, *lower))


def _budgets(said: tuple[Egress, ...]) -> Budgets:
    least: dict[str, Rate] = {}
    for rate in (rate for each in said for rate in each.requests):
        known = least.get(rate.per)
        if known is None or rate.amount < known.amount:
            least[rate.per] = rate
    bounds = {
        field: min(
            (bound for each in said if (bound := getattr(each, field)) is not None),
            key=lambda bound: bound.amount,
            default=None,
        )
        for field in EGRESS_BOUNDS
    }
    return Budgets(requests=tuple(least.values()), **bounds)


def _origins(said: Iterable[Egress], host: str) -> Iterator[Origin]:
    """Of each profile the first that fits."""
    for egress in said:
        found = next((each for each in egress.origins if _fits(each.host, host)), None)
        if found is not None:
            yield found


def _fits(pattern: str, host: str) -> bool:
    return glob(pattern, FieldKind.HOST).fits(host)


@cache
def _connecting() -> ActionType:
    return next(each for each in ACTION_TYPES if each.name == "host.connect")


def _is_for(rule: Rule, agent: str) -> bool:
    tests = (check(each, _connecting(), allows=True) for each in rule.conditions if each.field == "agent")
    return all(each.judge(agent) for each in tests)


def _hosts(rule: Rule) -> tuple[str, ...]:
    """The patterns that the rule asks for; `*` where it asks for none."""
    for each in rule.conditions:
        if each.field == "host" and isinstance(each.test, Like):
            return each.test.patterns
    return ("*",)


def _ports(rule: Rule) -> range:
    """The ports that the rule is for, where it names both ends, and no more of them than are listened on."""
    tests = [each.test for each in rule.conditions if each.field == "port"]
    least = max((each.value for each in tests if isinstance(each, AtLeast)), default=None)
    most = min((each.value for each in tests if isinstance(each, AtMost)), default=None)
    if least is None or most is None:
        return range(0)
    return range(max(least, 1), min(most, least + LIMITS.egress_ports - 1, 65_535) + 1)
