"""What another policy lets agents' ways out do beyond the first: more of something, further, or elsewhere.

Agents and hosts are told apart by the patterns of both policies, so that it does not matter how these are
written; each difference is found for one agent and one host that it holds for. Where a name leads has no
order: another place is always told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Place
from ringfence.policy.comparing_sandboxes import BoxGain
from ringfence.policy.document import Document
from ringfence.policy.egress_sentences import (
    addresses_words,
    built_in_words,
    egress_bound_words,
    proxy_words,
    rate_words,
    registries_words,
    where_words,
    worth_words,
)
from ringfence.policy.egressing import Egressing, egressing
from ringfence.policy.glob_sets import witnesses
from ringfence.policy.sentences import Piece, Value, backquoted
from ringfence.policy.values import EGRESS_BOUNDS, ConnectTo, Network, Origin, Profile, UpstreamProxy

__all__ = ["egress_gains"]

_NOWHERE = Place(file="", line=1)
_ANY_PORT = 65_535  # one that stands for all that no entry names


def egress_gains(before: Document, after: Document, *, count: Callable[[int], None]) -> Iterator[BoxGain]:
    """Each difference once, for the first agent that it is found for. `count` is told of steps beforehand."""
    old, new = _profiles(before), _profiles(after)
    if _said(old) == _said(new) and before.joined.ceiling == after.joined.ceiling:
        return
    told: set[tuple[str, str]] = set()
    hosts, ports = _hosts([*old, *new]), _ports([*old, *new])
    for agent in witnesses(tuple(each.agent for each in (*old, *new)), FieldKind.NAME):
        count((len(old) + len(new)) * (1 + len(hosts) * (2 + len(ports))))
        was, will = egressing(before, agent), egressing(after, agent)
        for gain in _of_agent(agent, was, will, hosts, ports):
            key = _without(agent, gain.before), _without(agent, gain.after)
            if key not in told:
                told.add(key)
                yield gain


def _of_agent(
    agent: str, was: Egressing, will: Egressing, hosts: Sequence[str], ports: Sequence[int]
) -> Iterator[BoxGain]:
    yield from _amounts(agent, was, will)
    if will.registries and not was.registries:
        before, after = ((Value(agent), f" {registries_words(may=each)}") for each in (False, True))
        yield _gain(before, after)
    if will.built_in and not was.built_in:
        before, after = ((Value(agent), f" {built_in_words(stays=each)}") for each in (False, True))
        yield _gain(before, after)
    for host in hosts:
        yield from _leading(agent, host, was, will, ports)
        through = was.upstream(host), will.upstream(host)
        if _proxied(through[0]) != _proxied(through[1]):
            about = Value(agent), ": connections to ", Value(host), " go through "
            yield _gain(
                (*about, *proxy_words(through[0])),
                (*about, *proxy_words(through[1])),
                through[0].at if through[0] else None,
                through[1].at if through[1] else None,
            )
        old, new = was.private(host), will.private(host)
        if not all(_covers(old, each) for each in new):
            about = Value(agent), ": ", Value(host), " may have the private addresses "
            yield _gain((*about, *addresses_words(old)), (*about, *addresses_words(new)))
        worth = was.origin(host), will.origin(host)
        if worth[1].integrity > worth[0].integrity or worth[1].sensitivity < worth[0].sensitivity:
            about = Value(agent), ": answers of ", Value(host), " count as "
            words = [
                worth_words(
                    Origin(host=host, integrity=one.integrity, sensitivity=one.sensitivity, at=_NOWHERE)
                )
                for one in worth
            ]
            yield _gain((*about, *words[0]), (*about, *words[1]))


def _amounts(agent: str, was: Egressing, will: Egressing) -> Iterator[BoxGain]:
    """Bounds and rates that went up, or away."""
    old = {field: bound for field in EGRESS_BOUNDS if (bound := getattr(was.budgets, field)) is not None}
    words = {
        **{field: (bound, egress_bound_words(field, bound.amount)) for field, bound in old.items()},
        **{rate.per: (rate, rate_words(rate.amount, rate.per)) for rate in was.budgets.requests},
    }
    rates = {rate.per: rate for rate in will.budgets.requests}
    for name, (bound, said) in words.items():
        new = rates.get(name) if name not in old else getattr(will.budgets, name)
        if new is not None and new.amount <= bound.amount:
            continue
        if new is None:
            after = backquoted(("nothing bounds ", Value(agent), f": {said}"))
        else:
            more = egress_bound_words(name, new.amount) if name in old else rate_words(new.amount, name)
            after = backquoted((Value(agent), f"'s way out has at most {more}"))
        yield BoxGain(
            before=backquoted((Value(agent), f"'s way out has at most {said}")),
            after=after,
            before_at=bound.at,
            after_at=new.at if new else None,
        )


def _leading(
    agent: str, host: str, was: Egressing, will: Egressing, ports: Sequence[int]
) -> Iterator[BoxGain]:
    for port in ports:
        old, new = was.connect_to(host, port), will.connect_to(host, port)
        if _there(old) != _there(new):
            named = "" if port == _ANY_PORT else f", port {port},"
            about = Value(agent), ": connections to ", Value(host), f"{named} go "
            yield _gain(
                (*about, *where_words(old)),
                (*about, *where_words(new)),
                old.at if old else None,
                new.at if new else None,
            )


def _there(said: ConnectTo | None) -> ConnectTo | None:
    """Only where it leads."""
    return None if said is None else replace(said, host="", port=None, at=_NOWHERE)


def _proxied(said: UpstreamProxy | None) -> UpstreamProxy | None:
    return None if said is None else replace(said, host="", direct_hosts=(), at=_NOWHERE)


def _gain(
    before: Iterable[Piece],
    after: Iterable[Piece],
    before_at: Place | None = None,
    after_at: Place | None = None,
) -> BoxGain:
    return BoxGain(before=backquoted(before), after=backquoted(after), before_at=before_at, after_at=after_at)


def _covers(networks: Iterable[Network], one: Network) -> bool:
    """Whether all addresses of `one` are among these."""
    if isinstance(one, IPv4Network):
        fours = collapse_addresses(each for each in networks if isinstance(each, IPv4Network))
        return any(one.subnet_of(each) for each in fours)
    sixes = collapse_addresses(each for each in networks if isinstance(each, IPv6Network))
    return any(one.subnet_of(each) for each in sixes)


def _without(agent: str, text: str) -> str:
    return text.replace(backquoted((Value(agent),)), "")


def _profiles(document: Document) -> list[Profile]:
    return [*document.profiles, *document.tree_profiles]


def _said(profiles: Sequence[Profile]) -> list[object]:
    return [(each.agent, each.tier, each.egress) for each in profiles]


def _hosts(profiles: Sequence[Profile]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in (each.egress for each in profiles):
        found |= dict.fromkeys(each.host for each in one.connect_to)
        found |= dict.fromkeys(each.host for each in one.private)
        found |= dict.fromkeys(each.host for each in one.origins)
        found |= dict.fromkeys(host for each in one.upstream for host in (each.host, *each.direct_hosts))
    patterns = tuple(found)
    return witnesses(patterns, FieldKind.HOST) if patterns else ()


def _ports(profiles: Sequence[Profile]) -> tuple[int, ...]:
    named = {each.port for one in profiles for each in one.egress.connect_to if each.port is not None}
    return (*sorted(named), _ANY_PORT)
