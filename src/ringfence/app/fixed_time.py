"""The time that a build asks for, so that the same input gives the same bytes (reproducible-builds.org)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from ringfence.core.errors import UsageError

__all__ = ["fixed_time"]

_EPOCH = "SOURCE_DATE_EPOCH"


def fixed_time(environment: Mapping[str, str]) -> datetime | None:
    """The moment that SOURCE_DATE_EPOCH names, in UTC; None when it is not set.

    Raises:
        UsageError: it is no time.
    """
    text = environment.get(_EPOCH)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):  # up to the year 5138
        return datetime.fromtimestamp(int(text), UTC)
    raise UsageError(
        f"{_EPOCH} is no time", hint="set it to whole seconds since 1970, or leave it out: unset " + _EPOCH
    )
