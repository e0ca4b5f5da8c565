"""Reads the feeds that a person names: all of them whole, or an error."""

from collections.abc import Iterable
from pathlib import Path

from ringfence.artifacts.feeds import BadFeed, Feeds, merged, parse_feed
from ringfence.core.errors import UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import read_small

__all__ = ["read"]

_HINT = (
    "a feed is JSON of the schema ringfence.bad-digests/1, ringfence.approved/1 or ringfence.templates/1, "
    "or has lines of a SHA-256 and a reason"
)


def read(paths: Iterable[Path]) -> Feeds:
    """What the feeds at `paths` say together.

    Raises:
        UsageError: one of them cannot be read, or is no feed.
    """
    return merged(map(_read, paths))


def _read(path: Path) -> Feeds:
    data = read_small(path, max_bytes=LIMITS.bad_digests_bytes)
    if not isinstance(data, bytes):
        why = data.reason if data else "there is no such file"
        raise UsageError(f"{printable(str(path))}: {why}", hint=_HINT)
    try:
        return parse_feed(data)
    except BadFeed as error:
        raise UsageError(f"{printable(str(path))}: no feed ({error})", hint=_HINT) from error
