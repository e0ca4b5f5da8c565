"""Ids that say when they were made and nothing of where: UUIDv7. Source: RFC 9562, section 5.7."""

from datetime import UTC, datetime, timedelta

__all__ = ["RANDOM_BYTES", "session_name", "uuid7"]

RANDOM_BYTES = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(at: datetime, random: bytes) -> str:
    """The id of a moment (UTC, 1970 or later) and 10 random bytes."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    drawn = int.from_bytes(random[:RANDOM_BYTES], "big")
    high, low = drawn >> 64 & 0xFFF, drawn & (1 << 62) - 1
    digits = f"{milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def session_name(id_: str) -> str:
    """What people call a session by: the last eight characters of its id, which are random."""
    return id_[-8:]
