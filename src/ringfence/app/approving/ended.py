"""Whether the session that asked is over: an answer is then for whoever goes on with it."""

from collections import deque

from ringfence.app.approving.shown import ShownAsk
from ringfence.ledger.events.sandbox_ended import SandboxEnded
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.streams import session_stream

__all__ = ["ended_session"]


def ended_session(ask: ShownAsk, ledger: Ledger) -> str | None:
    """The id of the session that asked, where its box has ended; None where it runs, or nobody knows."""
    session = next((each.value for each in ask.facts if each.name == "session"), None)
    if not isinstance(session, str):
        return None
    boxes = ledger.read(stream=session_stream(session), types=("sandbox.started", "sandbox.ended"))
    newest = deque(boxes, maxlen=1)
    return session if newest and isinstance(newest[0].event, SandboxEnded) else None
