"""Lines of `NAME=value`, as .env files have them. What refers to other variables stays as it is written."""

import re
from collections.abc import Iterator
from itertools import islice

from ringfence.vault.taking.values import Found

__all__ = ["env_file"]

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]{0,99})[ \t]*=[ \t]*(.*)")
_LINES = 200  # of one value; keys in PEM have 60
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def env_file(text: str) -> tuple[Found, ...]:
    """Every assignment with a value, the last one where a name stands twice; other lines are left out."""
    found = {each.name: each for each in _assigned(text.split("\n")) if each.values["value"]}
    return tuple(found.values())


def _assigned(lines: list[str]) -> Iterator[Found]:
    rest = iter(enumerate(lines, 1))
    for number, line in rest:
        told = _LINE.fullmatch(line.rstrip("\r"))
        if told is None:
            continue
        name, value = told[1], told[2]
        quote = value[:1]
        if quote in ("'", '"'):
            value = value[1:]
            for _, more in islice(rest, _LINES) if _end(value, quote) is None else ():
                value += "\n" + more.rstrip("\r")
                if _end(value, quote) is not None:
                    break
            end = _end(value, quote)
            value = value[:end] if quote == "'" else _unescaped(value[:end])
        else:
            value = value.partition(" #")[0].rstrip()
        yield Found(name=name, line=number, values={"value": value})


def _end(value: str, quote: str) -> int | None:
    at = 0
    while at < len(value):
        if value[at] == quote:
            return at
        at += 2 if value[at] == "\\" and quote == '"' else 1
    return None


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), value, flags=re.DOTALL)
