"""What operators do: see what is asked, say yes or no, take a yes back."""

from ringfence.app.approving.answer import Answer, Approving, approve, deny, revoke
from ringfence.app.approving.shown import Asks, Grants, ShownAsk, ShownFact, ShownGrant, asks, grants

__all__ = [
    "Answer",
    "Approving",
    "Asks",
    "Grants",
    "ShownAsk",
    "ShownFact",
    "ShownGrant",
    "approve",
    "asks",
    "deny",
    "grants",
    "revoke",
]
