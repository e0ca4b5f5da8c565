"""A chat template in a file of its own: chat_template.jinja, additional_chat_templates, Ollama's layers."""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.text_bytes import encoding_of, pieces
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{%|\{\{|\{#)")
_OF_OLLAMA = re.compile(rb"\{\{-?\s*(?:if |range )?\$?\.(?:Prompt|System|Messages|Response|First)\b")
_MODELFILE = re.compile(rb"(?mi)^(?:FROM|TEMPLATE|PARAMETER|#)\s")


def _sniff(reader: Reader) -> bool:
    head = reader.head
    if _BEGINS.match(head):
        return encoding_of(head) is not None
    small = reader.size_bytes <= LIMITS.template_chars
    return small and _OF_OLLAMA.search(head) is not None and not _MODELFILE.search(head)


def _sniff_named(reader: Reader) -> bool:
    return encoding_of(reader.head) is not None


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.texts.templates import judge_template

    if reader.size_bytes > 4 * LIMITS.template_chars:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"a template of {reader.size_bytes} bytes")
    encoding = encoding_of(reader.head) or "utf-8"
    yield from judge_template("".join(text for _, text in pieces(reader, encoding)), budget=reader.budget)


FORMAT = Format(
    name="jinja",
    title="a chat template",
    suffixes=(".jinja", ".jinja2", ".j2", ".gotmpl", ".tmpl"),
    names=("chat_template", "template"),
    sniff=_sniff,
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)
