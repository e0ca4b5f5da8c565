"""What the storages that a PyTorch pickle refers to say about its tensors."""

from collections import Counter
from collections.abc import Iterator

from ringfence.artifacts.pickle_walk import Pickle
from ringfence.core.facts import Fact, FactName

__all__ = ["facts"]

# Class of a storage → dtype, as the other formats spell it; torch/storage.py.
_DTYPES = {
    "Double": "F64", "Float": "F32", "Half": "F16", "BFloat16": "BF16", "Long": "I64", "Int": "I32",
    "Short": "I16", "Char": "I8", "Byte": "U8", "Bool": "BOOL", "ComplexFloat": "C64",
    "ComplexDouble": "C128", "Untyped": "U8",
}  # fmt: skip


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
