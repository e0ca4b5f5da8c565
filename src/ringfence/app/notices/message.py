"""What a webhook is told, and the line in it that chat programs show as it is."""

from datetime import datetime

from ringfence.app.notices.noticing import Happened, Notice
from ringfence.app.notices.saying import moment
from ringfence.core.dataclass import dataclass

__all__ = ["Message", "message"]

_ENDS = {
    Happened.GRANTED: "approved",
    Happened.REFUSED: "denied",
    Happened.WITHDRAWN: "withdrawn: its session has ended",
    Happened.EXPIRED: "expired: nobody answered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice as it is posted. `complete`: all of the subject is there, and no notice before it missing."""

    started_at: datetime
    complete: bool
    text: str  # one line for people
    happened: Happened
    ask: str | None  # id; the same in all messages about one question
    approve: str | None  # what to run, on this machine; None where the question is not whole
    deny: str | None
    action_type: str | None
    subject: str | None
    facts: tuple[str, ...]  # `name: value`; none where they are too long for a notice
    agent: str | None
    session: str | None
    others: int
    rules: tuple[str, ...]
    opened_at: datetime | None
    expires_at: datetime | None
    operator: str | None
    waiting: int
    left_out: int  # notices before this one that this address was never told


def message(notice: Notice) -> Message:
    """The notice as it is posted."""
    may = notice.happened is Happened.ASKED and notice.complete
    return Message(
        started_at=notice.started_at,
        complete=notice.complete and not notice.left_out,
        text=_text(notice),
        happened=notice.happened,
        ask=notice.ask,
        approve=f"ringfence approve {notice.short_id}" if may else None,
        deny=f"ringfence deny {notice.short_id}" if notice.happened is Happened.ASKED else None,
        action_type=notice.action_type,
        subject=notice.subject,
        facts=notice.facts,
        agent=notice.agent,
        session=notice.session,
        others=notice.others,
        rules=notice.rules,
        opened_at=notice.opened_at,
        expires_at=notice.expires_at,
        operator=notice.operator,
        waiting=notice.waiting,
        left_out=notice.left_out,
    )


def _text(notice: Notice) -> str:
    if notice.happened is Happened.MORE:
        return f"ringfence: {notice.waiting} more wait for an answer: ringfence asks"
    subject, agent = _code(notice.subject or ""), _code(notice.agent or "somebody")
    what = f"ringfence: {notice.action_type} {subject} by {agent}"
    if notice.happened is Happened.ASKED:
        until = f", open until {moment(notice.expires_at)}" if notice.expires_at else ""
        how = f"ringfence approve {notice.short_id}" if notice.complete else "look first: ringfence asks"
        facts = f" ({_code(', '.join(notice.facts))})" if notice.facts else ""
        return f"{what}{facts} waits: {how}{until}"
    by = f" by {_code(notice.operator)}" if notice.operator else ""
    return f"{what}: {_ENDS[notice.happened]}{by}"


def _code(text: str) -> str:
    """As code, in which chat programs see no links, names or markup."""
    spelled = text
    for each in "`<>":
        spelled = spelled.replace(each, f"\\x{ord(each):02x}")
    return f"`{spelled}`"
