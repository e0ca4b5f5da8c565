"""What operators do: see what is asked, say yes or no, take a yes back."""

from ringfence.app.approving.answer import Answer, Approving, approve, deny, revoke
from ringfence.app.approving.ended import ended_session
from ringfence.app.approving.shown import Asks, Grants, ShownAsk, ShownFact, ShownGrant, asks, grants
from ringfence.app.approving.stats import AskStats, OperatorStats, ask_stats

__all__ = [
    "Answer",
    "Approving",
    "AskStats",
    "Asks",
    "Grants",
    "OperatorStats",
    "ShownAsk",
    "ShownFact",
    "ShownGrant",
    "approve",
    "ask_stats",
    "asks",
    "deny",
    "ended_session",
    "grants",
    "revoke",
]
