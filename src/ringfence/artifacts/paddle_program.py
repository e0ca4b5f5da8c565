"""What PaddlePaddle's programs do, as JSON (PaddlePaddle 3) or as protobuf: operators that leave the graph.

Source: Paddle, paddle/fluid/pir/serialize_deserialize (schema.h: dialects are numbers, `1.` for pd_op);
operators py_func, load_combine, save_combine and their kin.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts import payloads
from ringfence.artifacts.format import Inside
from ringfence.artifacts.graphs.findings import custom_operator, escapes
from ringfence.artifacts.graphs.paths import leaves_folder
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity

__all__ = ["COMPILED", "FILES", "is_program", "judge_file", "judge_kind", "judge_program"]

FILES: Final = frozenset(
    ("load", "load_combine", "save", "save_combine", "sparse_tensor_load", "load_selected_rows")
)
COMPILED: Final = frozenset(
    ("tensorrt_engine", "lite_engine", "dlnne_engine", "openvino_engine", "cinn_launch")
)
_CUSTOM: Final = ("3", "custom_op")
_KERNELS: Final = ("jit_kernel",)  # of CINN, compiled before


def is_program(document: Json) -> bool:
    """Whether the JSON is a program of PaddlePaddle."""
    match document:
        case {"base_code": {"magic": "pir"}}:
            return True
        case {"program": {"regions": list()}}:
            return True
    return False


def judge_program(document: Json, reader: Reader) -> Iterator[Spotted | Inside]:
    """What the operators of the JSON program do.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    told: set[tuple[str, str]] = set()
    left: list[Json] = [document]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(node)
        if not isinstance(node, dict):
            continue
        left.extend(node.values())
        name, attributes = node.get("#"), node.get("A")
        if isinstance(name, str) and isinstance(attributes, list):
            reader.budget.check_time(at=None)
            yield from _judge_operator(name, attributes, reader, told)


def _judge_operator(
    name: str, attributes: list[Json], reader: Reader, told: set[tuple[str, str]]
) -> Iterator[Spotted | Inside]:
    dialect, _, kind = name.rpartition(".")
    if (name, "") not in told:
        told.add((name, ""))
        yield from judge_kind(kind, at=None, is_custom=dialect in _CUSTOM)
    for each in attributes:
        match each:
            case {"N": str(key), "AT": {"D": str(text)}} if (name, text) not in told:
                told.add((name, text))
                if kind in FILES and key == "file_path":
                    yield from judge_file(kind, text, at=None)
                elif kind not in COMPILED:
                    data = Reader.of_bytes(text.encode("utf-8", "replace"), budget=reader.budget)
                    yield from payloads.in_text(data, 0, data.size_bytes, name=f"{name}/{key}")


def judge_kind(kind: str, *, at: int | None, is_custom: bool = False) -> Iterator[Spotted]:
    """What an operator of that kind does, whatever it is told."""
    if kind == "py_func":
        yield Spotted(
            check="graph-runs-code",
            # Which function it is, the program that loads it decides.
            severity=Severity.CRITICAL,
            confidence=Confidence.POSSIBLE,
            at=at,
            evidence=("py_func calls a Python function of the program that runs it",),
            advice="do not run it",
        )
    elif kind in COMPILED or kind in _KERNELS:
        yield Spotted(
            check="graph-compiled-code",
            severity=Severity.LOW,
            confidence=Confidence.CERTAIN,
            at=at,
            evidence=(f"{kind} holds a graph that was compiled for an accelerator",),
            advice="compile it again from a model that can be looked at",
        )
    elif is_custom:
        yield custom_operator(kind, at=at)


def judge_file(kind: str, path: str, *, at: int | None) -> Iterator[Spotted]:
    """What an operator does that reads or writes the file."""
    yield Spotted(
        check="graph-touches-files",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=at,
        evidence=(kind, path),
        advice="do not run it: the graph reads or writes this file by itself",
    )
    if leaves_folder(path):
        yield escapes(path, at=at)
