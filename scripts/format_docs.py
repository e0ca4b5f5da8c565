#!/usr/bin/env python3
"""Writes docs/formats.md from the tables of formats, their modules, and the golden files."""

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.format import Format
from ringfence.artifacts.formats import FORMATS

__all__ = ["FILE", "page"]

_TOP = Path(__file__).parent.parent
FILE = _TOP / "docs" / "formats.md"
_GOLDEN = _TOP / "tests" / "golden"
_MOST_NAMES = 16
_START = """# Formats

What is known of each format, in the order in which formats are tried. A file is recognised by its bytes; \
its name is a hint where bytes say little, and where name and bytes disagree, that is a finding. A verdict \
never speaks of what stands under "left out". The samples lie in `tests/golden/`, each with the verdict \
that a test demands.

Made from `src/ringfence/artifacts/formats/` by `scripts/format_docs.py`.
"""
_KINDS = (
    ("Models", "Looked for by `ringfence scan`, and judged by `ringfence inspect`.", FORMATS),
    ("What rides with models", "Judged by `ringfence inspect` when it lies there or inside.", COMPANIONS),
)


def page() -> str:
    """The whole document."""
    lines = _START.splitlines()
    for title, about, table in _KINDS:
        lines += ["", f"## {title}", "", about]
        for each in table:
            lines += _format(each)
    return "\n".join(map(_wrapped, lines)) + "\n"


def _format(format_: Format) -> Iterator[str]:
    yield from ("", f"### {format_.name}", "", f"**{_ended(format_.title)}** {_what(format_)}", "")
    names = [*filter(None, format_.suffixes), *format_.names]
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        yield f"- Named: {', '.join(f'`{name}`' for name in names[:_MOST_NAMES])}{more}"
    if format_.judge is None:
        yield "- Identified only: never clean."
    yield f"- Left out: {'; '.join(format_.leaves_out) or 'nothing'}."
    samples = ", ".join(f"`{name}` {verdict}" for name, verdict in _samples(format_.name))
    if samples:
        yield f"- Samples: {samples}."


def _what(format_: Format) -> str:
    """The first paragraph of the module's docstring."""
    text = sys.modules[format_.read.__module__].__doc__ or ""
    return _ended(" ".join(text.split("\n\n")[0].split()))


def _samples(name: str) -> Iterator[tuple[str, str]]:
    path = _GOLDEN / name / "expected.json"
    if path.exists():
        for sample, expected in json.loads(path.read_text(encoding="utf-8")).items():
            yield sample, expected["verdict"]


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(".") else f"{sentence}."


def _wrapped(line: str) -> str:
    if not line or line.startswith("#"):
        return line
    hang = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, 110, break_long_words=False, break_on_hyphens=False, subsequent_indent=hang)


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
