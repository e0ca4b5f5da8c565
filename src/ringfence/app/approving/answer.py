"""An operator answers: yes for so long and so often, no, or not any more.

Whoever answers stands outside of any sandbox, and a yes is an action of its own that the policy decides.
Breaking the glass passes that, for those whom the policy names, and is recorded before anything else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ringfence.app.approving.shown import ShownAsk, ShownGrant, shown_ask, shown_grant
from ringfence.core.action_types import Durability
from ringfence.core.actions import GrantGive
from ringfence.core.errors import UsageError
from ringfence.core.receipts import Receipt
from ringfence.gate import grants, operators
from ringfence.gate.approvals import Ask
from ringfence.gate.door import RECEIPT_LASTS, Door
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused
from ringfence.ledger.events.break_glass_used import BreakGlassUsed
from ringfence.ledger.values import Foreign

__all__ = ["Answer", "Approving", "approve", "deny", "revoke"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approving:
    """Who answers, and where. `check_free` raises where this process may not approve."""

    door: Door
    operator: Operator
    check_free: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A yes: how often, how long, and the operator's own words. `in_emergency` breaks the glass."""

    uses: int | None = 1
    lasts_s: int | None = 3600
    note: str | None = None
    in_emergency: bool = False


def approve(id_: str, answer: Answer, who: Approving) -> tuple[ShownGrant, ShownAsk]:
    """The grant, and what it was given for.

    Raises:
        Confined: this process is within a sandbox.
        Answered: there is no such question, or it is settled.
        NotAllowed, ActionRefused: the policy does not let this operator.
    """
    who.check_free()
    door, approvals = who.door, who.door.approvals
    approvals.look()
    ask = grants.find_ask(approvals, id_)
    if answer.in_emergency:
        receipt, answer = _in_emergency(ask, answer, who)
    else:
        receipt = _allowed(ask, answer, who)
    grant = grants.give(
        receipt,
        ask=ask,
        note=answer.note,
        approvals=approvals,
        seals=door.seals,
        now=door.now(),
        new_id=door.new_id,
    )
    now = door.now()
    return shown_grant(grant, approvals, now=now), shown_ask(approvals.asks[ask.id], approvals, now=now)


def deny(id_: str, note: str | None, who: Approving) -> ShownAsk:
    """The question, closed with a no.

    Raises:
        Confined: this process is within a sandbox.
        Answered: there is no such question, or it is settled.
    """
    who.check_free()
    approvals, now = who.door.approvals, who.door.now()
    approvals.look()
    ask = grants.find_ask(approvals, id_)
    grants.refuse(ask, operator=who.operator.name, note=note, approvals=approvals, now=now)
    return shown_ask(approvals.asks[ask.id], approvals, now=now)


def revoke(id_: str, note: str | None, who: Approving) -> ShownGrant:
    """The grant, which lets nothing through any more.

    Raises:
        Confined: this process is within a sandbox.
        Answered: there is no such grant, or it was taken back before.
    """
    who.check_free()
    approvals = who.door.approvals
    approvals.look()
    grant = grants.find_grant(approvals, id_)
    grants.revoke(grant, operator=who.operator.name, note=note, approvals=approvals)
    return shown_grant(approvals.grants[grant.id], approvals, now=who.door.now())


def _allowed(ask: Ask, answer: Answer, who: Approving) -> Receipt[GrantGive]:
    action = _action(ask, answer, who.operator)
    policy = who.door.policy()
    operators.check_four_eyes(
        policy, action_type=action.action_type, asked_by=ask.asked_by, operator=who.operator
    )
    decision = operators.decide(policy, action, who.operator, now=who.door.now())
    receipt = who.door.pass_(action, decided=decision)
    if isinstance(receipt, Refused):
        raise receipt.error()
    return receipt


def _in_emergency(ask: Ask, answer: Answer, who: Approving) -> tuple[Receipt[GrantGive], Answer]:
    """The receipt rests on the event that tells of it; the grant lasts no longer than the policy lets it."""
    if not answer.note:
        raise UsageError("breaking the glass needs a reason", hint="say why with --note")
    door = who.door
    named = operators.break_glass(door.policy(), who.operator)
    lasts_s = named.lasts_s if answer.lasts_s is None else min(answer.lasts_s, named.lasts_s)
    answer = Answer(uses=answer.uses, lasts_s=lasts_s, note=answer.note, in_emergency=True)
    event = BreakGlassUsed(
        operator=who.operator.name,
        grant=ask.id,
        action=ask.action,
        why=Foreign(text=answer.note or ""),
        until=door.now() + timedelta(seconds=lasts_s),
    )
    position = door.ledger.append(event, stream=door.stream, durability=Durability.FSYNC)
    return (
        door.seals.seal(
            _action(ask, answer, who.operator),
            stream=position.stream,
            seq=position.seq,
            lasts=RECEIPT_LASTS,
        ),
        answer,
    )


def _action(ask: Ask, answer: Answer, operator: Operator) -> GrantGive:
    return GrantGive(
        operator=operator.name,
        asked_by=ask.asked_by,
        action_type=str(ask.action.get("action")),
        uses=answer.uses,
        lasts_s=answer.lasts_s,
    )
