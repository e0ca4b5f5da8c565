"""What a notice says to people. Text of anybody's is printable ASCII, in quotes, behind what is ours."""

from datetime import UTC, datetime

from ringfence.core.limits import LIMITS

__all__ = ["harmless", "moment", "quoted"]

_CUT = "..."


def harmless(text: str, *, chars: int = LIMITS.notice_chars) -> str:
    """At most so many characters, all printable ASCII; every other one is spelled out."""
    spelled = text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
    return spelled if len(spelled) <= chars else spelled[: chars - len(_CUT)] + _CUT


def quoted(text: str) -> str:
    """Between quotes, so that its end is seen: a quote within is spelled out."""
    return '"' + text.replace('"', "\\x22") + '"'


def moment(at: datetime) -> str:
    """As `2026-01-31 12:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
