"""Bounds: what operators are asked, what they watch, and who else is told."""

from ringfence.core.dataclass import dataclass

__all__ = ["Operators"]


@dataclass(frozen=True, kw_only=True)
class Operators:
    """What operators are asked, what they watch, and who else is told."""

    # Approvals
    pending_asks: int = 10_000  # questions that wait for an operator at one time
    pending_asks_of_one: int = 1_000  # of them, of one agent, or of one person with none
    pending_asks_of_session: int = (
        100  # of those, of one session, which leaves the others of its agent theirs
    )
    ask_chars: int = 50_000  # of one action that an operator is shown; nobody reads more

    # What an operator watches
    watched_events: int = 10_000  # lines that are kept; the ledger has all
    watched_chars: int = 300  # of one text in a line; the whole of it is shown on demand
    watched_at_once: int = 2_000  # events of one look, so that keys are answered in between
    watched_sessions: int = 1_000
    watched_settled: int = 2_000  # answered questions that are looked through for ones asked again
    watched_alike: int = 100  # lines of the queue that are answered together; each is shown whole
    watched_notes: int = 50  # of what went wrong, until somebody has seen it

    # Notices of questions
    notices_a_minute: int = 6  # told one by one; how many more wait is told as one number
    notices_of_session: int = 3  # told at one time that nobody has answered
    notices_kept: int = 100  # for one receiver that does not take them; then the oldest go
    notice_chars: int = 300  # of one text of anybody's
    notice_facts_chars: int = 600  # of all facts of one question; one with more is shown without them
    notice_every_s: float = 1.0  # between two looks at what waits
    webhook_s: float = 10.0  # for one try: name, connection, handshake, the first line of the answer
    webhook_tries: int = 3
    webhook_status_bytes: int = 512  # of an answer; nothing after its first line is read
    webhook_secret_bytes: int = 4_096
    webhook_addresses: int = 8  # of one name that are tried
