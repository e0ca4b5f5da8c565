"""HTML and SVG: model cards, plots and pictures. Whoever opens one in a browser runs what is in it."""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.text_bytes import encoding_of, pieces
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


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
    text = "".join(text for _, text in pieces(reader, encoding_of(reader.head) or "utf-8"))
    page = Page()
    page.read(text, budget=reader.budget)
    yield from judge_pages(page)
    yield from judge_text(text)
    yield from judge_markup(text, budget=reader.budget)
    yield from entities(text)


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
