"""Operators' answers to questions: grants given and taken back, and refusals, each appended to the approvals.

Of several operators who answer one question at once the first does; the others are told who it was.
"""

from datetime import datetime, timedelta

from ringfence.core.actions import GrantGive
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.core.text import printable
from ringfence.gate.approvals import Approvals, Ask, AskState, Grant, compared_facts
from ringfence.gate.hiding import foreign
from ringfence.gate.seals import Seals
from ringfence.ledger.events.ask_withdrawn import AskWithdrawn
from ringfence.ledger.events.grant_given import GrantGiven
from ringfence.ledger.events.grant_refused import GrantRefused
from ringfence.ledger.events.grant_revoked import GrantRevoked

__all__ = ["Answered", "end_session", "find_ask", "find_grant", "give", "refuse", "revoke"]

_SHORTEST = 2
_ENDED = "an operator killed its session"


class Answered(RingfenceError):
    """There is no such question or grant, or it is settled."""

    code = ExitCode.FAILED_AS_ASKED


def give(
    receipt: Receipt[GrantGive],
    *,
    ask: Ask,
    grant: str,
    note: str | None,
    approvals: Approvals,
    seals: Seals,
    now: datetime,
    overrules: str | None = None,
) -> Grant:
    """The grant of this id that answers `ask`, as the receipt's action says: by whom, how often, how long.

    An operator may think again; another one's no holds, unless the yes `overrules` it by that one's name.

    Raises:
        ReceiptRefused: this was not decided.
        Answered: another operator was first.
    """
    action = seals.redeem(receipt, GrantGive)
    if (action.asked_by, action.action_type) != (ask.asked_by, ask.action.get("action")):
        raise Answered("the approval is for another question", hint="look at the questions: ringfence asks")

    def decide(state: Approvals) -> GrantGiven:
        current = state.asks[ask.id]
        if grant in state.grants or grant in state.asks:
            raise Answered("the grant's id is taken", hint="try again")
        if not current.is_pending(now) and current.state is not AskState.REFUSED:
            raise _settled(current)
        if current.state is AskState.REFUSED and current.operator not in (action.operator, overrules):
            raise _refused(current)
        return GrantGiven(
            grant=grant,
            ask=ask.id,
            action_type=action.action_type,
            compared=compared_facts(ask.action),
            rules_digest=ask.rules_digest,
            operator=action.operator,
            asked_by=ask.asked_by,
            uses=action.uses,
            expires_at=now + timedelta(seconds=action.lasts_s) if action.lasts_s is not None else None,
            waited_s=_waited_s(ask, now),
            note=foreign(note) if note else None,
        )

    approvals.append(decide)
    return approvals.grants[grant]


def refuse(ask: Ask, *, operator: str, note: str | None, approvals: Approvals, now: datetime) -> None:
    """Answers with a no.

    Raises:
        Answered: another operator was first.
    """

    def decide(state: Approvals) -> GrantRefused:
        current = state.asks[ask.id]
        if not current.is_pending(now):
            raise _settled(current)
        return GrantRefused(
            ask=ask.id,
            operator=operator,
            waited_s=_waited_s(ask, now),
            note=foreign(note) if note else None,
        )

    approvals.append(decide)


def revoke(grant: Grant, *, operator: str, note: str | None, approvals: Approvals) -> None:
    """It lets nothing through any more.

    Raises:
        Answered: somebody took it back before.
    """

    def decide(state: Approvals) -> GrantRevoked:
        if state.grants[grant.id].revoked_by is not None:
            raise Answered(f"grant {grant.id} was taken back before", hint="see: ringfence grants --all")
        return GrantRevoked(grant=grant.id, operator=operator, note=foreign(note) if note else None)

    approvals.append(decide)


def end_session(session: str, *, operator: str, approvals: Approvals, now: datetime) -> int:
    """Takes back what was granted to a session and withdraws what it asked; how many grants held till now."""
    approvals.look()
    for ask in [each.id for each in approvals.asks.values() if each.action.get("session") == session]:
        approvals.append(
            lambda state, ask=ask: (  # type: ignore[misc]
                AskWithdrawn(ask=ask, why=_ENDED) if state.asks[ask].is_pending(now) else None
            )
        )
    held = [each for each in approvals.grants.values() if each.given.compared.get("session") == session]
    revoked = [
        approvals.append(
            lambda state, grant=each.id: (  # type: ignore[misc]
                GrantRevoked(grant=grant, operator=operator) if state.grants[grant].holds(now) else None
            )
        )
        for each in held
    ]
    return sum(each is not None for each in revoked)


def find_ask(approvals: Approvals, id_: str) -> Ask:
    """The question whose id begins so.

    Raises:
        Answered: there is none, or several.
    """
    return approvals.asks[_only(id_, approvals.asks, "question", "ringfence asks")]


def find_grant(approvals: Approvals, id_: str) -> Grant:
    """The grant whose id begins so.

    Raises:
        Answered: there is none, or several.
    """
    return approvals.grants[_only(id_, approvals.grants, "grant", "ringfence grants --all")]


def _only(id_: str, ids: dict[str, Ask] | dict[str, Grant], what: str, command: str) -> str:
    found = [each for each in ids if each.startswith(id_)] if len(id_) >= _SHORTEST else []
    if len(found) == 1:
        return found[0]
    why = "several begin so" if found else "there is none"
    raise Answered(f"{what} {printable(id_)[:40]}: {why}", hint=f"look for its id: {command}")


def _settled(ask: Ask) -> Answered:
    who = f" by {printable(ask.operator)}" if ask.operator else ""
    word = "over" if ask.state is AskState.OPEN else ask.state.value
    return Answered(f"question {ask.id} is {word}{who} already", hint="see: ringfence asks, ringfence grants")


def _refused(ask: Ask) -> Answered:
    who = printable(ask.operator or "nobody knows whom")
    return Answered(
        f"question {ask.id} was refused by {who}",
        hint=f"ask them; to say yes all the same: ringfence approve {ask.id} --overrule {who}",
    )


def _waited_s(ask: Ask, now: datetime) -> int:
    return max(0, int((now - ask.opened_at).total_seconds()))
