"""Python source that rides with weights: modelling code, training scripts, ComfyUI nodes."""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    first = reader.head[:128].split(b"\n")[0]
    return first.startswith(b"#!") and b"python" in first


def _sniff_named(_reader: Reader) -> bool:
    return True


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("python",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.python import judge_python

    if reader.size_bytes > LIMITS.python_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of Python")
    yield from judge_python(reader.at(0, reader.size_bytes))


FORMAT = Format(
    name="python-source",
    title="Python source",
    suffixes=(".py", ".pyw", ".pyi"),
    sniff=_sniff,
    starts=(b"#!",),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
