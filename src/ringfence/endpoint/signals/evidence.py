"""How every signal is put together from its evidence."""

from collections.abc import Iterable

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable

__all__ = ["evidence", "raised_by"]


def evidence(subject: str, text: str, confidence: Confidence) -> Evidence:
    """One piece of evidence, with foreign text made harmless."""
    return Evidence(
        subject=clip(printable(subject), chars=LIMITS.name_chars),
        text=clip(printable(text), chars=LIMITS.evidence_chars),
        confidence=confidence,
    )


def raised_by(signal: SignalId, found: Iterable[Evidence], *, looked: bool = True) -> Signal:
    """The signal that the evidence raises, in its order; without any it is None unless all was looked at.

    At most `limits.signal_items` pieces are kept; one more then says how many there were besides.
    """
    every = tuple(found)
    kept = every[: LIMITS.signal_items]
    if rest := len(every) - len(kept):
        kept += (evidence("", f"and {rest} more", every[-1].confidence),)
    return Signal(id=signal, raised=True if every else (False if looked else None), evidence=kept)
