"""Actions as an operator must see them before a yes: every character, and none of them moving.

Text stands between quotes, so that its end is seen; what hides or turns text is spelled out; what a terminal
would wrap is wrapped here, behind a mark that no value can make. Where letters are not ASCII, which can look
like others, the exact characters stand below.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ringfence.app.approving import ShownAsk, ShownFact
from ringfence.core.exact import exact, name

__all__ = ["ask_lines", "exact", "fact_lines", "hidden_lines", "moment", "name"]

_MARK = "      | "
_NARROWEST = 40


def ask_lines(ask: ShownAsk) -> Iterator[str]:
    """One question: what, by whom, every fact, the rules that ask, what to do."""
    who = f"asked by {name(ask.asked_by)}" if ask.asked_by else "asked by nobody knows whom"
    yield f"{ask.short}  {name(ask.action_type)}  {who} at {moment(ask.opened_at)}"
    yield from fact_lines(ask.facts)
    yield from hidden_lines(ask.hidden)
    yield from _wrapped(f"  rules that ask: {', '.join(map(name, ask.rules))}")
    if ask.state == "open":
        until = f" (until {moment(ask.expires_at)})" if ask.expires_at else ""
        yield f"  ringfence approve {ask.short}, or ringfence deny {ask.short}{until}"
    else:
        by = f" by {name(ask.operator)}" if ask.operator else ""
        yield f"  {ask.state}{by}"


def fact_lines(facts: Iterable[ShownFact]) -> Iterator[str]:
    """Each fact on lines of its own, its name first."""
    for fact in facts:
        yield from _wrapped(f"  {name(fact.name)}: {exact(fact.value)}")
        if isinstance(fact.value, str) and not fact.value.isascii():
            yield from _wrapped(f"{_MARK}letters outside ASCII: {fact.value!a}")


def hidden_lines(hidden: int) -> Iterator[str]:
    """What `[cut]` stands for in the facts above."""
    if hidden:
        values, these = ("1 value is", "this") if hidden == 1 else (f"{hidden} values are", "these")
        yield f"  {values} hidden as [cut]; a grant is for exactly {these}"


def moment(at: datetime) -> str:
    """To the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _wrapped(line: str) -> Iterator[str]:
    width = max(_NARROWEST, shutil.get_terminal_size((80, 24)).columns)
    yield line[:width]
    step = width - len(_MARK)
    for start in range(width, len(line), step):
        yield _MARK + line[start : start + step]
