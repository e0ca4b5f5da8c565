"""HTML and SVG: model cards, plots and pictures. Whoever opens one in a browser runs what is in it."""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.text_bytes import encoding_of
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_SCRIPT = re.compile("<script", re.IGNORECASE)


def _sniff(_reader: Reader) -> bool:
    return False  # a page under the name of weights is no page but a mistake


def _sniff_named(reader: Reader) -> bool:
    return encoding_of(reader.head) is not None


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.pages import Page, judge_pages
    from ringfence.artifacts.texts.hidden_characters import judge_text
    from ringfence.artifacts.texts.hidden_markup import judge_markup
    from ringfence.artifacts.xml_findings import entities

    if reader.size_bytes > LIMITS.configuration_json_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"a page of {reader.size_bytes} bytes")
    text = _decoded(reader.at(0, reader.size_bytes), encoding_of(reader.head) or "utf-8")
    page = Page()
    page.read(text, budget=reader.budget)
    yield from judge_pages(page)
    yield from judge_text(text)
    # A script that was taken out by a comment is everyday in pages, and no hidden program.
    yield from judge_markup(_SCRIPT.sub("<part", text), budget=reader.budget)
    yield from entities(text)


def _decoded(data: bytes, encoding: str) -> str:
    """The text; old pages say elsewhere that they are in an encoding of western Europe, or do not."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


FORMAT = Format(
    name="page",
    title="HTML or SVG",
    suffixes=(".html", ".htm", ".xhtml", ".svg"),
    sniff=_sniff,
    starts=(),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)
