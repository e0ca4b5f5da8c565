"""Times as people write them: 2h ago, or a date. In UTC where no zone is named."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ringfence.core.patterns import pattern

__all__ = ["parse_moment"]

_AGO = pattern(r"([1-9][0-9]{0,5})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_moment(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Callable[[str], datetime]:
    """Reads `90s`, `30m`, `2h`, `7d`, `2w` as so long before `now`, and dates and times of ISO 8601."""

    def moment(text: str) -> datetime:
        ago = _AGO.fullmatch(text)
        try:
            if ago:
                return now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            found = datetime.fromisoformat(text)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise argparse.ArgumentTypeError(f"{text!r} is no time; try 2h, 7d or 2026-01-31") from None

    return moment
