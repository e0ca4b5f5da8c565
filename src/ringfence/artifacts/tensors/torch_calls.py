"""What PyTorch makes of the calls and persistent ids in a checkpoint's pickle: storages, and views of them.

Source: torch/_utils.py and torch/storage.py in PyTorch 2.13.
"""

from dataclasses import replace
from typing import Final

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.tensors.pickle_values import Global, Opaque, Table
from ringfence.core.dataclass import dataclass
from ringfence.core.text import clip

__all__ = ["DTYPES", "OTHER_DTYPES", "Meaning", "Storage", "Unconvertible", "View"]

_OF_STORAGE: Final = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64",
    "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "Untyped": "uint8",
    "ComplexFloat": "complex64", "ComplexDouble": "complex128", "QInt8": "qint8", "QUInt8": "quint8",
    "QInt32": "qint32", "QUInt4x2": "quint4x2", "QUInt2x4": "quint2x4",
}  # fmt: skip

# torch.dtype → how safetensors calls it, and its bytes
DTYPES: Final = {
    "float64": ("F64", 8), "float32": ("F32", 4), "float16": ("F16", 2), "bfloat16": ("BF16", 2),
    "int64": ("I64", 8), "int32": ("I32", 4), "int16": ("I16", 2), "int8": ("I8", 1), "uint8": ("U8", 1),
    "uint16": ("U16", 2), "uint32": ("U32", 4), "uint64": ("U64", 8), "bool": ("BOOL", 1),
    "float8_e4m3fn": ("F8_E4M3", 1), "float8_e5m2": ("F8_E5M2", 1), "float8_e8m0fnu": ("F8_E8M0", 1),
    "float8_e4m3fnuz": ("F8_E4M3FNUZ", 1), "float8_e5m2fnuz": ("F8_E5M2FNUZ", 1),
}  # fmt: skip
# Those that only have to be told apart.
OTHER_DTYPES: Final = {
    "complex64": ("C64", 8), "complex128": ("C128", 16), "qint8": ("QI8", 1), "quint8": ("QU8", 1),
    "qint32": ("QI32", 4), "quint4x2": ("QU4X2", 1), "quint2x4": ("QU2X4", 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Storage:
    key: str
    dtype: str
    elements: int
    begins_at: int = 0  # element; views of storages are a thing of the legacy format


@dataclass(frozen=True, slots=True)
class View:
    """A tensor as the pickle has it, not checked yet."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Unconvertible:
    why: str


class Meaning:
    """What PyTorch makes of calls and persistent ids."""

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}

    def persistent(self, known_as: object) -> object:
        match known_as:
            case ("storage", Global() as kind, str() as key, _, int() as elements, *more):
                dtype = _OF_STORAGE.get(kind.name.removesuffix("Storage"), kind.name)
                known = self.storages.setdefault(key, Storage(key, dtype, elements))
                if known != Storage(key, dtype, elements) or elements < 0:
                    raise _bad("a storage that is said to be of two kinds")
                return _viewed(known, more)
            case _:
                return Opaque()

    def call(self, function: Global, arguments: tuple[object, ...]) -> object:
        match function:
            case Global("collections", "OrderedDict" | "defaultdict") | Global(
                "builtins" | "__builtin__", "dict"
            ):
                return _table(arguments)
            case Global("torch._utils", name) if name.startswith("_rebuild_"):
                return self._rebuilt(name, arguments)
            case Global("torch._tensor", "_rebuild_from_type_v2"):
                return self._of_type(arguments)
            case Global("torch", "Size"):
                return arguments[0] if arguments else ()
            case _:
                return Opaque()

    def _rebuilt(self, name: str, arguments: tuple[object, ...]) -> object:
        match name, arguments:
            case (
                "_rebuild_tensor" | "_rebuild_tensor_v2",
                (Storage() as storage, int() as offset, tuple() as shape, tuple() as strides, *more),
            ):
                return View(storage, storage.dtype, offset, shape, strides, _says_negated(more))
            case (
                "_rebuild_tensor_v3",
                (
                    Storage() as storage,
                    int() as offset,
                    tuple() as shape,
                    tuple() as strides,
                    _,
                    _,
                    Global("torch", dtype),
                    *more,
                ),
            ):
                return View(storage, dtype, offset, shape, strides, _says_negated([None, None, *more]))
            case (
                "_rebuild_parameter" | "_rebuild_parameter_with_state",
                (View() | Unconvertible() as inner, *_),
            ):
                return inner
            case _:
                return Unconvertible(_WHY.get(name, f"it is made by {clip(name, chars=80)}"))

    def _of_type(self, arguments: tuple[object, ...]) -> object:
        match arguments:
            case (
                Global() as function,
                Global("torch", "Tensor") | Global("torch.nn.parameter", "Parameter" | "Buffer"),
                tuple() as inner,
                *_,
            ):
                return self.call(function, inner)
            case _:
                return Unconvertible("it is of a class of its own")


_WHY: Final = {
    "_rebuild_qtensor": "it is quantised",
    "_rebuild_sparse_tensor": "it is sparse",
    "_rebuild_sparse_csr_tensor": "it is sparse",
    "_rebuild_nested_tensor": "it is nested",
    "_rebuild_meta_tensor_no_storage": "it has no data",
}


def _viewed(storage: Storage, more: list[object]) -> Storage:
    """The part of the storage that a legacy id means: a view's key, first element and length behind it."""
    match more:
        case [(str(), int() as begins_at, int() as elements)]:
            if begins_at < 0 or elements < 0 or begins_at + elements > storage.elements:
                raise _bad("a part of a storage that lies outside of it")
            return replace(storage, elements=elements, begins_at=begins_at)
        case _:
            return storage


def _table(arguments: tuple[object, ...]) -> Table:
    """A new dictionary, of pairs as Python 2 wrote them."""
    table = Table()
    pairs = arguments[-1] if arguments else None
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2:
            table.put(pair[0], pair[1])
    return table


def _says_negated(more: list[object]) -> bool:
    """Whether the last of the arguments, behind two others, has bits that make the bytes mean others."""
    said = more[2] if len(more) > 2 else None
    return isinstance(said, Table) and any(said.get(bit) for bit in ("neg", "conj"))


def _bad(detail: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=None, detail=detail)
