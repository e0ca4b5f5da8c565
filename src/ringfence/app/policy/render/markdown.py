"""The document as Markdown. What somebody else wrote is no markup: values are code, prose is escaped.

Source: CommonMark 0.31, chapters Backslash escapes and Code spans.
"""

import re
from collections.abc import Iterator

from ringfence.app.policy.render.chapters import Chapter, Document, Line
from ringfence.app.policy.render.words import HOW, SIGNING
from ringfence.core.text import printable
from ringfence.policy.sentences import EFFECTS, Sentence, Value, plain

__all__ = ["markdown"]

_STRONG = frozenset(EFFECTS.values())
_TICKS = re.compile("`+")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def markdown(document: Document) -> str:
    """The text, which ends without a line break."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield f"# {_escaped(document.title)}\n"
    edition = f"Edition {document.edition}. " if document.edition else ""
    yield f"{edition}Written {document.written_at:%Y-%m-%d} from the policy {_code(document.digest[:16])}.\n"
    yield from (f"- {tier}: {_code(name)}, SHA-256 {_code(digest)}" for tier, name, digest in document.files)
    yield "\n## How to read this\n"
    yield from (f"{each}\n" for each in HOW)
    for number, chapter in enumerate(document.chapters, start=1):
        yield from _chapter(number, chapter)
    yield "\n## Signature\n"
    yield f"{SIGNING}\n"
    yield "| Name | Role | Date | Signature |\n|-|-|-|-|\n| | | | |"


def _chapter(number: int, chapter: Chapter) -> Iterator[str]:
    yield f"\n## {number}. {chapter.title}\n"
    yield from (f"{each}\n" for each in chapter.intro)
    for group in chapter.groups:
        if group.title and group.lines:
            yield f"\n### {_text(group.title)}\n"
        if group.about and group.lines:
            yield f"{_text(group.about)}\n"
        yield from map(_line, group.lines)


def _line(line: Line) -> str:
    small = ", ".join(map(_code, filter(None, (line.id, line.at, *line.controls))))
    return f"- {_text(line.sentence)}" + (f" <sub>{small}</sub>" if small else "")


def _text(sentence: Sentence) -> str:
    return plain([f"**{each}**" if each in _STRONG else each for each in sentence], _value)


def _value(value: Value) -> str:
    return f"\u201c{_escaped(value.text)}\u201d" if value.is_prose else _code(value.text)


def _escaped(text: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", printable(text))


def _code(text: str) -> str:
    shown = printable(text)
    ticks = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    pad = " " if shown[:1] in {"`", " ", ""} or shown[-1:] in {"`", " "} else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"
