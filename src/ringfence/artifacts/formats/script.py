"""Scripts and source in other languages than Python: shell, batch, PowerShell, JavaScript, C++, CUDA."""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    first = reader.head[:256].split(b"\n")[0]
    return first.startswith((b"#!/", b"#! /")) and b"\0" not in first


def _sniff_named(_reader: Reader) -> bool:
    return True


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.scripts import judge_script

    if reader.size_bytes > LIMITS.script_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of script")
    yield from judge_script(reader.at(0, reader.size_bytes).decode("utf-8", "replace"))


FORMAT = Format(
    name="script",
    title="script or source code",
    suffixes=(
        *(".sh", ".bash", ".zsh", ".ksh", ".csh", ".fish", ".bat", ".cmd", ".ps1", ".psm1", ".vbs", ".vbe"),
        *(".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".wsf", ".hta", ".scpt", ".applescript", ".command"),
        *(".pl", ".pm", ".rb", ".lua", ".php", ".r", ".jl", ".go", ".rs", ".java", ".kt", ".swift", ".cs"),
        *(
            ".c",
            ".cc",
            ".cpp",
            ".cxx",
            ".h",
            ".hh",
            ".hpp",
            ".cu",
            ".cuh",
            ".m",
            ".mm",
            ".metal",
            ".cl",
            ".pyx",
        ),
        *(".cmake", ".mk", ".desktop", ".service", ".reg", ".lnk", ".url"),
    ),
    names=(
        "makefile",
        "dockerfile",
        "cmakelists.txt",
        "justfile",
        "procfile",
        "jenkinsfile",
        "vagrantfile",
        ".envrc",
    ),
    written_as=(".txt", ".html"),
    sniff=_sniff,
    starts=(b"#!",),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
