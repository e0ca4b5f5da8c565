"""What the storages that a PyTorch pickle refers to say about its tensors."""

from collections import Counter
from collections.abc import Iterator

from ringfence.artifacts.pickle_walk import Pickle
from ringfence.core.facts import Fact, FactName

__all__ = ["facts", "item_bytes"]

# Class of a storage → dtype, as the other formats spell it; torch/storage.py.
_DTYPES = {
    "Double": "F64", "Float": "F32", "Half": "F16", "BFloat16": "BF16", "Long": "I64", "Int": "I32",
    "Short": "I16", "Char": "I8", "Byte": "U8", "Bool": "BOOL", "ComplexFloat": "C64",
    "ComplexDouble": "C128", "Untyped": "U8",
}  # fmt: skip

_ITEM_BYTES = {
    "Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2, "Char": 1, "Byte": 1,
    "Bool": 1, "ComplexFloat": 8, "ComplexDouble": 16, "Untyped": 1, "QInt8": 1, "QUInt8": 1, "QInt32": 4,
    "QUInt4x2": 1, "QUInt2x4": 1,
}  # fmt: skip


def item_bytes(kind: str) -> int | None:
    """The bytes of one element in a storage of that class, e.g. torch.FloatStorage; None if there is none."""
    return _ITEM_BYTES.get(kind.rpartition(".")[2].removesuffix("Storage"))


def facts(found: Pickle) -> Iterator[Fact]:
    """Globals, and parameters and dtypes by storage: views of one storage count once."""
    if found.imports:
        yield Fact(name=FactName.IMPORTS, value=tuple(found.imports))
    elements: Counter[str] = Counter()
    for kind, count in found.storages.values():
        bare = kind.rpartition(".")[2].removesuffix("Storage")
        elements[_DTYPES.get(bare, bare)] += max(0, count)
    if elements:
        yield Fact(name=FactName.TENSORS, value=len(found.storages))
        yield Fact(name=FactName.PARAMETERS, value=elements.total())
        yield Fact(name=FactName.DTYPES, value=tuple(name for name, _ in elements.most_common()))
