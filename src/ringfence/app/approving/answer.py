"""An operator answers: yes for so long and so often, no, or not any more.

Whoever answers stands outside of any sandbox, and a yes is an action of its own that the policy decides.
Breaking the glass passes that, for those whom the policy names, and is recorded before anything else.
"""

from collections.abc import Callable

from ringfence.app.approving.shown import ShownAsk, ShownGrant, shown_ask, shown_grant
from ringfence.core.actions import GrantGive
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError
from ringfence.gate import grants
from ringfence.gate.door import Door
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused

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
    overrules: str | None = None  # the operator whose no does not hold any more


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
    action = GrantGive(
        operator=who.operator.name,
        asked_by=ask.asked_by,
        action_type=str(ask.action.get("action")),
        uses=answer.uses,
        lasts_s=answer.lasts_s,
    )
    id_of_grant = door.new_id()
    if answer.in_emergency:
        if not answer.note:
            raise UsageError("breaking the glass needs a reason", hint="say why with --note")
        receipt = door.pass_emergency(action, who.operator, of=ask.action, grant=id_of_grant, why=answer.note)
    else:
        outcome = door.pass_approval(action, who.operator)
        if isinstance(outcome, Refused):
            raise outcome.error()
        receipt = outcome
    grant = grants.give(
        receipt,
        ask=ask,
        grant=id_of_grant,
        note=answer.note,
        approvals=approvals,
        seals=door.seals,
        now=door.now(),
        overrules=ask.operator if answer.in_emergency else answer.overrules,
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
