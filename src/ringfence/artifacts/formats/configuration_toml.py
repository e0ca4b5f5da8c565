"""TOML: settings of projects and trainers."""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# Keys of so many parts cost their parser time that grows with the square of it.
_LONG_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){{{LIMITS.key_parts}}}")


def _sniff(_reader: Reader) -> bool:
    return False


def _sniff_named(_reader: Reader) -> bool:
    return True


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    import tomllib

    from ringfence.artifacts.configurations.documents import Document
    from ringfence.artifacts.configurations.judge import judge_document

    if reader.size_bytes > LIMITS.settings_text_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of TOML")
    try:
        text = reader.at(0, reader.size_bytes).decode()
        if any(map(_LONG_KEY.search, text.splitlines())):
            raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="a key of very many parts")
        document = Document(value=tomllib.loads(text))
    except ValueError as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="not valid TOML") from error
    except RecursionError as error:
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="nested too deep") from error
    yield from judge_document(document, budget=reader.budget)


FORMAT = Format(
    name="toml",
    title="TOML",
    suffixes=(".toml",),
    names=("pipfile",),
    sniff=_sniff,
    starts=(),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
