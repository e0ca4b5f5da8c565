"""INI: settings in sections, as spaCy's config.cfg and setup.cfg have them."""

import json
import re
from collections.abc import Iterator

from ringfence.artifacts.configurations.tags_in_text import judge_tags, may_have_tags
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# A section comes first; what else has the suffixes is text of many kinds.
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:[#;][^\n]*)?\r?\n)*[ \t]*\[[^\]\n]{1,200}\]")


def _sniff(_reader: Reader) -> bool:
    return False


def _sniff_named(reader: Reader) -> bool:
    return _BEGINS.match(reader.head) is not None


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    import configparser

    from ringfence.artifacts.configurations.documents import Document
    from ringfence.artifacts.configurations.judge import judge_document

    if reader.size_bytes > LIMITS.settings_text_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of INI")
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys are told apart by case
    try:
        text = reader.at(0, reader.size_bytes).decode("utf-8-sig")
        if may_have_tags(text):
            yield from judge_tags(text, budget=reader.budget)
        parser.read_string(text)
    except (ValueError, AttributeError, configparser.Error) as error:  # lines behind a key without a value
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="not valid INI") from error
    value: Json = {
        section: {key: _value(text) for key, text in parser.items(section)} for section in parser.sections()
    }
    yield from judge_document(Document(value=value), budget=reader.budget)


def _value(text: str | None) -> Json:
    """The value, which spaCy writes as JSON; else the text."""
    try:
        value: Json = json.loads(text or "")
    except (ValueError, RecursionError):
        return text
    return value


FORMAT = Format(
    name="ini",
    title="INI",
    suffixes=(".cfg", ".ini"),
    sniff=_sniff,
    starts=(),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
