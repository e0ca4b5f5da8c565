"""TOML and INI: projects' settings, spaCy's config.cfg."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator

from ringfence.artifacts.configurations.documents import Document
from ringfence.artifacts.configurations.judge import judge_document
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# Keys of so many parts cost their parser time that grows with the square of it.
_LONG_KEY = re.compile(rf"(?:[\w\"'-]+[ \t]*\.[ \t]*){{{LIMITS.key_parts}}}")
_LOOKS_LIKE_ONE = re.compile(rb"^[ \t]*(?:\[[^\n\]]{1,200}\]|[\w.\"'-]{1,200}[ \t]*=)", re.MULTILINE)
_SECTION = re.compile(rb"\s*(?:[#;][^\n]*\n\s*)*\[[^\]\n]{1,200}\]")


def _sniff(_reader: Reader) -> bool:
    return False


def _sniff_named(reader: Reader) -> bool:
    return _LOOKS_LIKE_ONE.search(reader.head) is not None


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    if reader.size_bytes > LIMITS.settings_text_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of settings")
    value = _parsed(reader.at(0, reader.size_bytes))
    yield from judge_document(Document(value=value), budget=reader.budget)


def _parsed(data: bytes) -> Json:
    try:
        text = data.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="a key of very many parts")
        try:
            value: Json = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            if not _SECTION.match(data):
                raise
            value = _ini(text)
    except (ValueError, configparser.Error) as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="neither TOML nor INI") from error
    except RecursionError as error:
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="nested too deep") from error
    return value


def _ini(text: str) -> Json:
    """Sections as mappings; values that are JSON, as spaCy writes them, are taken as such."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return {
        section: {key: _value(value) for key, value in parser.items(section)} for section in parser.sections()
    }


def _value(text: str | None) -> Json:
    try:
        value: Json = json.loads(text or "")
    except (ValueError, RecursionError):
        return text
    return value


FORMAT = Format(
    name="toml",
    title="TOML or INI",
    suffixes=(".toml", ".cfg", ".ini"),
    names=("pipfile",),
    sniff=_sniff,
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
