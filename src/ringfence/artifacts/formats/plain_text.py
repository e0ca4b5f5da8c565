"""Texts that people read: READMEs, licenses, vocabularies, logs. Nothing loads them; what they hide counts.

A pickle of protocol 0 is text, too, and is judged as a pickle whatever it is called; so is YAML with tags.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from ringfence.artifacts import pickle_walk
from ringfence.artifacts.configurations.tags_in_text import judge_tags, may_have_tags
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.text_bytes import encoding_of, pieces
from ringfence.core.facts import Fact
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_TIKTOKEN = re.compile(
    rb"[A-Za-z0-9+/]{2,128}={0,2} [0-9]{1,7}\n"
)  # its vocabularies, called tokenizer.model, too
_WORD_BYTES = 16
_MARK_CHARS = 64  # of a tag, which may lie across two pieces
_GIT_LFS = b"version https://git-lfs.github.com/spec/"


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_GIT_LFS) or _TIKTOKEN.match(reader.head) is not None


def _sniff_named(reader: Reader) -> bool:
    return encoding_of(reader.head) is not None


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.pages import Page, begins_as_page, judge_pages
    from ringfence.artifacts.pickles.judge import judge as judge_pickle
    from ringfence.artifacts.texts.hidden_characters import judge_text
    from ringfence.artifacts.texts.hidden_markup import judge_markup
    from ringfence.artifacts.xml_findings import entities

    if pickle_walk.is_text_pickle(reader.head):
        found = list(judge_pickle(reader))
        if not all(map(_is_no_pickle, found)):
            yield from found
    first: list[str] = []
    tagged, behind = False, ""
    for at, text in pieces(reader, encoding_of(reader.head) or "utf-8"):
        tagged = tagged or may_have_tags(behind + text)
        behind = text[-_MARK_CHARS:]
        if at <= LIMITS.config_bytes:
            first.append(text)
        for spotted in (*judge_text(text), *judge_markup(text, budget=reader.budget), *entities(text)):
            yield replace(spotted, at=at)
    if first and begins_as_page(first[0]):
        page = Page()
        page.read("".join(first), budget=reader.budget)
        yield from judge_pages(page)
    if tagged:
        yield from judge_tags("".join(first), budget=reader.budget)


def _is_no_pickle(found: Spotted | Problem | Inside) -> bool:
    """Whether no unpickler gets past the first word, as in "Note: …", whose letters are opcodes."""
    return (
        isinstance(found, Spotted)
        and found.check == "pickle-anomaly"
        and found.severity is Severity.MEDIUM
        and found.at is not None
        and found.at < _WORD_BYTES
    )


FORMAT = Format(
    name="text",
    title="plain text",
    suffixes=("", ".txt", ".md", ".ini", ".cfg"),  # and all that no other format claims: see `judging`
    sniff=_sniff,
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)
