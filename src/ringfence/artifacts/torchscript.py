"""TorchScript's source, as it lies in an archive: a language of its own that only looks like Python.

It has no way to files, commands or connections but a few operators, which are looked for by name. Operators
that are not PyTorch's own need the libraries that bring them.

Source: torch/csrc/jit/serialization/python_print.cpp and aten/src/ATen/native/native_functions.yaml in
PyTorch 2.15.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity

__all__ = ["judge"]

_PIECE_BYTES, _OVERLAP_BYTES = 1024 * 1024, 256
# aten::save writes any file, aten::from_file maps one, which it makes and overwrites if it is shared.
_TOUCHES_FILES = re.compile(
    rb"\b(?:torch|ops\.aten|aten|ops\.prim|prim)(?:\.|::)(save|from_file|_from_file)\s*\("
)
_OPERATOR = re.compile(rb"\bops\.([A-Za-z_]\w{0,63})\.(\w{1,64})\s*\(")
_OWN = frozenset(
    (
        *("aten", "prim", "prims", "quantized", "_quantized", "sparse", "mkldnn", "mkldnn_prepacked"),
        *("prepacked", "xnnpack", "cuda", "inductor", "onednn", "static_runtime", "profiler", "_caffe2"),
    )
)
_LIBRARIES = frozenset(("torchvision", "image", "torchaudio", "torchtext", "fbgemm", "torchao", "detectron2"))
_DIFFERENT = 1000  # operators that are told apart


def judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    """The operators in the source that reach out of it."""
    seen: set[bytes] = set()
    at = 0
    while at < reader.size_bytes:
        piece = reader.at(at, min(_PIECE_BYTES, reader.size_bytes - at))
        for found in (*_TOUCHES_FILES.finditer(piece), *_OPERATOR.finditer(piece)):
            if found[0] not in seen and len(seen) < _DIFFERENT:
                seen.add(found[0])
                yield from _operator(found, at)
        if at + len(piece) == reader.size_bytes:
            return
        at += len(piece) - _OVERLAP_BYTES


def _operator(found: re.Match[bytes], piece_at: int) -> Iterator[Spotted]:
    shown = found[0].decode("ascii", "replace").rstrip("( \t")
    if found.re is _TOUCHES_FILES:
        yield Spotted(
            check="torchscript-file-access",
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            at=piece_at + found.start(),
            evidence=(shown,),
            advice="do not run it: the model reads or writes files wherever it is used",
        )
        return
    library = found[1].decode()
    if library in _OWN:
        return
    yield Spotted(
        check="torchscript-needs-library",
        severity=Severity.INFO if library in _LIBRARIES else Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=piece_at + found.start(),
        evidence=(shown,),
        advice=f"it runs only with {library}, as its publisher ships it",
    )
