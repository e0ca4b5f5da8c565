"""What the policy says of a session's actions, recorded, with receipts; and which credentials it may use.

Everything here blocks: on files that may have changed, and on the ledger. It runs beside the event loop, and
what it needs of a session it is given.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ringfence.core.action_types import type_of
from ringfence.core.actions import (
    Action,
    CredentialUse,
    GitUpdate,
    HostConnect,
    HttpRequest,
    ToolCall,
)
from ringfence.core.decisions import Decision, Effect
from ringfence.core.labels import Label
from ringfence.egress.broker.money import limits_money
from ringfence.egress.broker.session import Connection, Decided
from ringfence.gate.door import Door
from ringfence.gate.refused import Refused
from ringfence.gate.seals import LONGEST
from ringfence.policy.policy import Policy
from ringfence.policy.possible import fits
from ringfence.vault.file_format import Entry

__all__ = [
    "CONNECTING_USES",
    "decide",
    "is_still_let",
    "is_whole",
    "pass_all",
    "pass_at_once",
    "pass_connecting",
    "usable",
    "with_context",
]

CONNECTING_USES = 64  # connections out for one connection of a program, before it is decided again
_USE = type_of(CredentialUse(credential="", host="", method="", path=""))

ActionT = TypeVar("ActionT", bound=Action)


def with_context(action: ActionT, label: Label) -> ActionT:
    """The same action, of a session that has read what this label says."""
    return action if action.context is label else replace(action, context=label)


def decide(policy: Policy, actions: Iterable[Action], door: Door) -> tuple[Decision, ...]:
    """The policy's word on each. Nothing is recorded."""
    return tuple(policy.decide(each, now=door.now(), enforcing=True) for each in actions)


def pass_all(
    door: Door, actions: Sequence[Action], effects: Sequence[Effect]
) -> tuple[Decided, ...] | Refused:
    """A receipt for each, or why one of them is refused; those after it are not asked about.

    `effects` are the policy's words on them: that they are let through because an operator said so is kept.

    Raises:
        LedgerError: it could not be recorded, so nothing goes ahead.
        PolicyRefused, DocumentRefused, StateRefused: there is no policy.
    """
    made = []
    for action, effect in zip(actions, effects, strict=True):
        receipt = door.pass_(action)
        if isinstance(receipt, Refused):
            return receipt
        made.append(Decided(action=action, effect=effect, receipt=receipt))
    return tuple(made)


def pass_at_once(
    door: Door, actions: Sequence[Action], effects: Sequence[Effect], *, known: Sequence[Decision] = ()
) -> tuple[Decided, ...] | Refused | None:
    """The same on the event loop, for one that only reads; None where somebody must be waited for.

    Most requests are such ones, and another thread would cost them more than all the rest of this. `known`
    is the policy's word on each, where it was asked this moment.
    """
    if len(actions) != 1:
        return None
    receipt = door.pass_at_once(actions[0], decision=known[0] if known else None)
    if receipt is None or isinstance(receipt, Refused):
        return receipt
    return (Decided(action=actions[0], effect=effects[0], receipt=receipt),)


def pass_connecting(
    door: Door,
    action: HostConnect,
    effect: Effect,
    *,
    at_once: bool = False,
    known: Decision | None = None,
) -> Decided | Refused | None:
    """The receipt for a connection, which serves for several in a row to the same place.

    None where somebody must be waited for, if it is to be had `at_once`, as `pass_at_once` says.

    Raises:
        LedgerError: it could not be recorded.
    """
    receipt = (
        door.pass_at_once(action, decision=known, uses=CONNECTING_USES, lasts=LONGEST)
        if at_once
        else door.pass_(action, uses=CONNECTING_USES, lasts=LONGEST)
    )
    if receipt is None or isinstance(receipt, Refused):
        return receipt
    return Decided(action=action, effect=effect, receipt=receipt)


def is_still_let(policy: Policy, decided: Decided, door: Door, label: Label) -> Decision | None:
    """None, where what was let through would be so again; else the policy's word now.

    What an operator was asked about and approved stays approved while the policy still asks.
    """
    action = with_context(decided.action, label)
    decision = policy.decide(action, now=door.now(), enforcing=True)
    if decision.may_proceed or (decision.effect is Effect.ASK and decided.effect is Effect.ASK):
        return None
    return decision


def is_whole(policy: Policy, connection: Connection, door: Door, label: Label) -> bool:
    """Whether the host is granted as a whole: every request there is allowed, whatever it asks.

    No rule may speak against a push or a tool there either: on the plain leg nobody reads them. And none may
    limit money, as nobody counts it there.
    """
    if limits_money(policy, "http.request"):
        return False
    unknown: Any = None  # facts that nobody knows count against allowing
    who = connection.connecting
    about: dict[str, Any] = {"agent": who.agent, "session": who.session, "context": label}
    at: dict[str, Any] = {"host": who.host, "port": who.port, "program": who.program}
    request = HttpRequest(**about, **at, method=unknown, path=unknown)
    push = GitUpdate(**about, **at, repository=unknown, ref=unknown, change=unknown)
    call = ToolCall(**about, server=unknown, tool=unknown, arguments=())
    whole, *others = (policy.decide(each, now=door.now(), enforcing=True) for each in (request, push, call))
    return whole.effect is Effect.ALLOW and all(
        each.effect is Effect.ALLOW or all(reason.rule is None for reason in each.reasons) for each in others
    )


def usable(policy: Policy, agent: str, entries: Iterable[Entry]) -> Mapping[str, Entry]:
    """The credentials that a rule lets this agent use, for whatever request, by name."""
    rules = [
        each
        for each in policy.rules
        if _USE.name in each.action_types and each.effect in (Effect.ALLOW, Effect.ASK)
    ]
    return {
        entry.name: entry
        for entry in entries
        if any(fits(rule, _USE, {"agent": agent, "credential": entry.name}) for rule in rules)
    }
