"""One tensor of a file, and its bytes in the order that every format but PyTorch's keeps them in.

PyTorch's tensors are views: they may begin anywhere in a storage, and step through it as they like. Such a
one is gathered in memory, up to a limit; all others are read in pieces, however large they are.
"""

from array import array
from collections.abc import Iterator
from math import prod
from typing import Final, Literal

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Tensor", "chunks"]

_PIECE_BYTES: Final = 4 * 1024 * 1024
_NUMBERS: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """Numbers of one kind. The bytes are those of `reader` from `offset` on."""

    name: str  # foreign text
    dtype: str  # as safetensors spells it; for quantised ones as GGUF does
    shape: tuple[int, ...]
    size_bytes: int  # in order, without what a view leaves out
    reader: Reader
    offset: int
    strides: tuple[int, ...] | None = None  # in elements; None: they lie in order, the last dimension first
    is_swapped: bool = False  # written by a machine that puts the highest byte first

    @property
    def item_bytes(self) -> int:
        """Bytes of one element. Only for those with strides, or swapped."""
        return self.size_bytes // max(1, prod(self.shape))


def chunks(tensor: Tensor) -> Iterator[bytes | bytearray]:
    """The tensor's bytes in order, little-endian, in pieces that depend on nothing but its size.

    Raises:
        Malformed: they are not in the file, or lie so that gathering them takes more than the limits allow.
    """
    if not tensor.size_bytes:
        return
    runs = _runs(tensor)
    if all(stride == step for _, stride, step in runs):
        pieces = _read(tensor.reader, tensor.offset, tensor.size_bytes)
    else:
        whole = _gathered(tensor, runs)
        pieces = (whole[at : at + _PIECE_BYTES] for at in range(0, len(whole), _PIECE_BYTES))
    for piece in pieces:
        yield _swapped(piece, tensor.item_bytes) if tensor.is_swapped else piece


def _read(reader: Reader, offset: int, size_bytes: int) -> Iterator[bytes | bytearray]:
    end = offset + size_bytes
    for at in range(offset, end, _PIECE_BYTES):
        yield reader.at(at, min(_PIECE_BYTES, end - at))


def _runs(tensor: Tensor) -> list[tuple[int, int, int]]:
    """Per dimension: its size, and how far apart its elements lie in the storage and in the result.

    Dimensions that lie behind one another anyway are one; those of one element are none.
    """
    runs: list[tuple[int, int, int]] = []
    step = 1
    strides = tensor.strides or ()
    for size, stride in zip(reversed(tensor.shape), reversed(strides), strict=False):
        if size != 1 and runs and stride == runs[-1][1] * runs[-1][0]:
            runs[-1] = (runs[-1][0] * size, *runs[-1][1:])
        elif size != 1:
            runs.append((size, stride, step))
        step *= size
    return runs


def _gathered(tensor: Tensor, runs: list[tuple[int, int, int]]) -> bytearray:
    width = tensor.item_bytes
    span = 1 + sum((size - 1) * stride for size, stride, _ in runs)
    if max(span * width, tensor.size_bytes) > LIMITS.gathered_bytes:
        raise _too_much(
            tensor, "a tensor of more than {} bytes that does not lie in order", LIMITS.gathered_bytes
        )
    longest = max(runs)
    others = [run for run in runs if run is not longest]
    if prod(size for size, _, _ in others) > LIMITS.gathered_runs:
        raise _too_much(tensor, "a tensor in more than {} pieces", LIMITS.gathered_runs)
    storage = b"".join(_read(tensor.reader, tensor.offset, span * width))
    result = bytearray(tensor.size_bytes)
    source, target = memoryview(storage).cast(_NUMBERS[width]), memoryview(result).cast(_NUMBERS[width])
    size, stride, step = longest
    for at, to in _starts(others):
        here = slice(to, to + (size - 1) * step + 1, step)
        if stride:
            target[here] = source[at : at + (size - 1) * stride + 1 : stride]
        else:
            target[here] = memoryview(bytes(source[at : at + 1]) * size).cast(_NUMBERS[width])
    return result


def _starts(runs: list[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Where each row along the longest dimension begins, in the storage and in the result."""
    at, to = 0, 0
    counts = [0] * len(runs)
    while True:
        yield at, to
        for number, (size, stride, step) in enumerate(runs):
            counts[number] += 1
            at, to = at + stride, to + step
            if counts[number] < size:
                break
            counts[number] = 0
            at, to = at - size * stride, to - size * step
        else:
            return


def _swapped(piece: bytes | bytearray, width: int) -> bytes:
    numbers = array(_NUMBERS[width], bytes(piece))
    numbers.byteswap()
    return numbers.tobytes()


def _too_much(tensor: Tensor, detail: str, limit: int) -> Malformed:
    return Malformed(ProblemKind.OVER_LIMIT, at=tensor.offset, detail=detail.format(limit))
