"""Events by name, `endpoint:17`: a stream, or as much of its name as tells it apart, and a number in it."""

import re
from collections.abc import Iterable, Mapping

from ringfence.core.errors import UsageError
from ringfence.core.text import clip, printable
from ringfence.ledger.ledger import Ledger

__all__ = ["named_event", "named_stream", "short_names"]

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._:/-]{0,199}):([1-9][0-9]{0,17})")
_FEWEST = 8  # characters of what comes after the first part, where that alone is not enough


def short_names(streams: Iterable[str]) -> Mapping[str, str]:
    """For each stream as much of its name as tells it from the others, cut where people would."""
    names = sorted(streams)
    return {each: _short(each, names) for each in names}


def named_stream(ledger: Ledger, text: str) -> str:
    """The stream of this name, or the one whose name begins so.

    Raises:
        UsageError: none does, or several.
        LedgerError: the ledger cannot be read.
    """
    names = [each.stream for each in ledger.heads()]
    if text in names:
        return text
    found = [each for each in names if each.startswith(text)]
    if len(found) == 1:
        return found[0]
    shown = clip(printable(text), chars=80)
    if found:
        raise UsageError(f"{len(found)} streams begin with {shown}", hint=f"such as {', '.join(found[:3])}")
    known = ", ".join(names[:3]) if names else "nothing is recorded yet"
    raise UsageError(f"there is no stream {shown}", hint=f"streams here: {known}")


def named_event(ledger: Ledger, text: str) -> tuple[str, int]:
    """The stream and number that `STREAM:SEQ` names.

    Raises:
        UsageError: it is no such name, or there is no such stream.
        LedgerError: the ledger cannot be read.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{clip(printable(text), chars=80)} names no event",
            hint="an event is named as ringfence ledger show does: endpoint:17",
        )
    return named_stream(ledger, found[1]), int(found[2])


def _short(name: str, names: list[str]) -> str:
    others = [each for each in names if each != name]
    first, slash, rest = name.partition("/")
    lengths = [len(first), *range(len(first) + len(slash) + _FEWEST, len(name))] if rest else []
    for length in lengths:
        if not any(each.startswith(name[:length]) for each in others):
            return name[:length]
    return name
