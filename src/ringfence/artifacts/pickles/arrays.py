"""How many bytes joblib put behind the wrapper of an array.

Source: `NumpyArrayWrapper.read_array` in joblib/numpy_pickle.py, version 1.5; numpy's `dtype.__reduce__`.
"""

import math

from ringfence.artifacts.pickles.items import Made, State
from ringfence.artifacts.pickles.literals import Literals
from ringfence.core.dataclass import dataclass
from ringfence.core.patterns import pattern

__all__ = ["Extent", "extent"]

_DTYPE = pattern(r"[<>|=]?([a-zA-Z?])(\d{0,9})(?:\[[^\]]{1,20}\])?")
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Where an array's bytes end. Arrays of objects are a pickle of their own instead."""

    end: int
    is_object: bool


def extent(state: State, literals: Literals, at: int) -> Extent | None:
    """What the wrapper's state says of the array that begins at `at`; None when it does not tell."""
    dtype, shape = state.entries.get("dtype"), state.entries.get("shape")
    if not isinstance(dtype, Made) or not isinstance(dtype.arguments, tuple) or not isinstance(shape, tuple):
        return None
    item_bytes = _item_bytes(dtype, literals)
    if item_bytes is None:
        return None
    if item_bytes < 0:
        return Extent(end=at, is_object=True)
    sizes = [literals.number(each) for each in shape]
    known = [size for size in sizes if size is not None and 0 <= size < _LARGEST]
    if len(known) != len(sizes):
        return None
    padding = 0
    if literals.number(state.entries.get("numpy_array_alignment_bytes")) is not None:
        first = literals.byte(at)
        if first is None:
            return None
        padding = 1 + first
    return Extent(end=at + padding + math.prod(known) * item_bytes, is_object=False)


def _item_bytes(dtype: Made, literals: Literals) -> int | None:
    """Bytes of one item, -1 for objects, None when it cannot be told."""
    assert isinstance(dtype.arguments, tuple)
    found = _DTYPE.fullmatch(literals.text(dtype.arguments[0]) or "") if dtype.arguments else None
    if found is None:
        return None
    kind, width = found[1], int(found[2] or 0)
    if kind == "O":
        return -1
    if kind != "V":
        return width * (4 if kind == "U" else 1) if width or kind in "US" else None
    state = dtype.state
    flags = literals.number(state[7]) if isinstance(state, tuple) and len(state) > 7 else None
    if flags is None:
        return None
    return -1 if flags & 1 else width
