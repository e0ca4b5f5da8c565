"""Writes the list of event types in docs/ledger.md from the types themselves."""

import dataclasses
import re
import sys
import types
import typing
from enum import Enum
from pathlib import Path

from ringfence.app.ledger.ocsf.events import CLASS_OF_EVENT
from ringfence.ledger.event_types import EVENTS, Event

PAGE = Path(__file__).parent.parent / "docs" / "ledger.md"
MARK = "<!-- From here on made by scripts/ledger_docs.py from the types of events. -->\n"
_KINDS = {"str": "text", "int": "number", "bool": "yes or no", "datetime": "time", "Foreign": "foreign text"}


def page(written: str) -> str:
    """The whole page, with what was written before the list."""
    lines = [
        "## Event types",
        "",
        "`?` may be null; foreign text is `{untrusted, cut}`, and times are microseconds since 1970, UTC.",
        "",
        "| type | what it says | fields | OCSF |",
        "|-|-|-|-|",
        *map(_row, sorted(EVENTS, key=lambda each: each.TYPE)),
    ]
    return written.partition(MARK)[0] + MARK + "\n" + "\n".join(lines) + "\n"


def _row(made: type[Event]) -> str:
    fields = ", ".join(_field(each) for each in dataclasses.fields(made))
    says = (sys.modules[made.__module__].__doc__ or "").strip().rstrip(".")
    class_ = CLASS_OF_EVENT.get(made.TYPE.partition("/")[0], "left out")
    return f"| `{made.TYPE}` | {says} | {fields} | {class_} |"


def _field(field: "dataclasses.Field[object]") -> str:
    return f"`{field.name}` {_kind(field.type)}"


def _kind(hint: object) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return "".join(_kind(each) for each in arguments if each is not type(None)) + "?"
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if origin is not None:
        return "facts"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "word"
    name = getattr(hint, "__name__", str(hint))
    return _KINDS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
