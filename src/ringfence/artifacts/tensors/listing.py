"""The tensors of any file whose format says where they lie."""

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Final

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.array_files import array_of, arrays_of
from ringfence.artifacts.tensors.gguf_file import gguf_content
from ringfence.artifacts.tensors.onnx_file import initializers_of
from ringfence.artifacts.tensors.safetensors_file import tensors_of
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.artifacts.tensors.torch_tensors import checkpoint

__all__ = ["LISTED", "listed"]


def listed(reader: Reader, format_: str) -> Iterable[Tensor]:
    """The tensors of a file of that format, one of `LISTED`.

    Raises:
        Malformed: it is broken, or over a limit.
    """
    return LISTED[format_](reader)


def _of_checkpoint(reader: Reader) -> Iterable[Tensor]:
    found = checkpoint(reader)
    if found.unconvertible:
        detail = f"{len(found.unconvertible)} tensors of kinds that are not compared"
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail=detail)
    return found.tensors


LISTED: Final = MappingProxyType[str, Callable[[Reader], Iterable[Tensor]]](
    {
        "safetensors": tensors_of,
        "gguf": lambda reader: gguf_content(reader).tensors,
        "pytorch": _of_checkpoint,
        "pytorch-legacy": _of_checkpoint,
        "npy": lambda reader: (array_of(reader),),
        "npz": arrays_of,
        "onnx": initializers_of,
    }
)
