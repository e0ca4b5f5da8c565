"""Configurations as keys with values, and the chat templates among them."""

import json
import re
from collections.abc import Iterator, Mapping

from ringfence.app.diff.comparison import TextChange, TextKind, ValueChange, shown
from ringfence.app.diff.texts import text_change
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.core.bounded_json import Json
from ringfence.core.limits import LIMITS

__all__ = ["decides_much", "is_template", "keys_of", "templates_in", "value_changes"]

_TEMPLATE = "chat_template"
# What decides which code runs, which weights are loaded and what is asked of whom.
_DANGEROUS = re.compile(
    r"auto_map|trust_remote_code|custom_pipeline|_target_|_class_name|library_name|base_model|"
    r"(?:^|\.)architectures|code_revision|_name_or_path|registered_name|system_prompt|license",
    re.IGNORECASE,
)


def decides_much(key: str) -> bool:
    """Whether the value under that key decides what runs, what is loaded or what is allowed."""
    return _DANGEROUS.search(key) is not None


def is_template(key: str) -> bool:
    """Whether the value under that key is shown as a template."""
    return _TEMPLATE in key


def keys_of(document: Json) -> dict[str, str]:
    """Every value under its keys, joined by dots; lists of plain values are one value.

    Raises:
        Malformed: more than the limits allow.
    """
    found: dict[str, str] = {}
    open_: list[tuple[str, Json]] = [("", document)]
    while open_:
        path, value = open_.pop()
        if len(found) >= LIMITS.diffed_values or len(path) > LIMITS.path_chars:
            raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="too many or too deep values")
        if isinstance(value, dict) and (value or not path):
            open_.extend((f"{path}.{key}" if path else key, each) for key, each in reversed(value.items()))
        elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
            open_.extend((f"{path}[{number}]", each) for number, each in reversed(list(enumerate(value))))
        else:
            found[path] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return found


def templates_in(
    name: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> Iterator[TextChange]:
    """What changed in the templates of a document."""
    before, after = old or {}, new or {}
    for key in dict.fromkeys((*before, *after)):
        if is_template(key):
            change = text_change(f"{name} {key}", TextKind.TEMPLATE, before.get(key), after.get(key))
            if change:
                yield change


def value_changes(
    name: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> Iterator[ValueChange]:
    """All other values that changed."""
    before, after = old or {}, new or {}
    keys = [
        key
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key) and not is_template(key)
    ]
    for key in keys:
        yield ValueChange(
            name=shown(name),
            key=shown(key),
            old=_shown(before.get(key), after.get(key)),
            new=_shown(after.get(key), before.get(key)),
        )


def _shown(value: str | None, other: str | None) -> str | None:
    """The value from a little before where it differs from the other, when it is long."""
    if value is None or len(value) <= LIMITS.diff_line_chars:
        return None if value is None else shown(value)
    same = next((n for n, (a, b) in enumerate(zip(value, other or "", strict=False)) if a != b), 0)
    start = max(0, same - LIMITS.diff_line_chars // 4)
    return shown(("…" if start else "") + value[start:])
