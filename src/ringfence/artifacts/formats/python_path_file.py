"""Python's path files (.pth), whose lines that begin with `import` run at every start of Python.

PyTorch's checkpoints share the suffix; those are not text.

Source: CPython's Lib/site.py.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


def _sniff(_reader: Reader) -> bool:
    return False  # lines of text are all that it is


def _sniff_named(reader: Reader) -> bool:
    text = reader.head.removeprefix(b"\xef\xbb\xbf")
    return b"\0" not in text and not text.startswith(b"version https://git-lfs") and text.isascii()


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("python path file",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.python import judge_python_text

    if reader.size_bytes > LIMITS.script_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of path file")
    at = 0
    for line in reader.at(0, reader.size_bytes).split(b"\n"):
        if line.removeprefix(b"\xef\xbb\xbf").startswith((b"import ", b"import\t")):
            text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").strip()
            yield Spotted(
                check="python-path-file",
                severity=Severity.CRITICAL,
                confidence=Confidence.LIKELY,
                at=at,
                evidence=(text,),
                advice="delete it: the line runs whenever Python starts, once it is where packages are",
            )
            yield from judge_python_text(text)
        at += len(line) + 1
    yield Spotted(
        check="python-path-file",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=0,
        evidence=("adds folders that Python imports from",),
        advice="ask why it lies among models, where nothing needs it",
    )


FORMAT = Format(
    name="python-path-file",
    title="Python path file",
    suffixes=(".pth",),
    sniff=_sniff,
    starts=(),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
