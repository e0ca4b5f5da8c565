"""pip's requirements files: packages that are installed before the model is loaded.

Source: pip's documentation of the requirements file format.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


def _sniff(_reader: Reader) -> bool:
    return False


def _sniff_named(reader: Reader) -> bool:
    return b"\0" not in reader.head


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.configurations.packages import judge_requirements

    if reader.size_bytes > LIMITS.script_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of requirements")
    yield from judge_requirements(reader.at(0, reader.size_bytes).decode("utf-8", "replace"))


FORMAT = Format(
    name="python-requirements",
    title="Python requirements",
    suffixes=(),
    names=(
        *(
            "requirements.txt",
            "requirements.in",
            "constraints.txt",
            "requirements-dev.txt",
            "dev-requirements.txt",
        ),
        *("requirements_dev.txt", "requirements-gpu.txt", "requirements-cpu.txt", "requirements-test.txt"),
        *(
            "requirements_demo.txt",
            "requirements-demo.txt",
            "requirements-inference.txt",
            "pre-requirements.txt",
        ),
    ),
    written_as=(".txt",),
    sniff=_sniff,
    starts=(),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
