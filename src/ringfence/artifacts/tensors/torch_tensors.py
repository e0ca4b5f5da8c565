"""The tensors of a PyTorch checkpoint, from its parsed pickle. Nothing is imported, called or built.

A tensor is a call of one of a few functions with a storage; its name is the way through dictionaries and
lists that leads to it, joined by dots. What else a checkpoint holds is named and left out.

Source: torch/_utils.py, torch/storage.py and torch/serialization.py in PyTorch 2.13.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Final

from ringfence.artifacts import torch_archive, zip_layout, zip_members
from ringfence.artifacts.format import Inside
from ringfence.artifacts.pickle_walk import Pickle, walk
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.pickle_values import Global, Opaque, Table, values_of
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["Checkpoint", "checkpoint"]

_OF_STORAGE: Final = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64",
    "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "Untyped": "uint8",
    "ComplexFloat": "complex64", "ComplexDouble": "complex128", "QInt8": "qint8", "QUInt8": "quint8",
    "QInt32": "qint32", "QUInt4x2": "quint4x2", "QUInt2x4": "quint2x4",
}  # fmt: skip

# torch.dtype → how safetensors calls it, and its bytes
_DTYPES: Final = {
    "float64": ("F64", 8), "float32": ("F32", 4), "float16": ("F16", 2), "bfloat16": ("BF16", 2),
    "int64": ("I64", 8), "int32": ("I32", 4), "int16": ("I16", 2), "int8": ("I8", 1), "uint8": ("U8", 1),
    "uint16": ("U16", 2), "uint32": ("U32", 4), "uint64": ("U64", 8), "bool": ("BOOL", 1),
    "float8_e4m3fn": ("F8_E4M3", 1), "float8_e5m2": ("F8_E5M2", 1), "float8_e8m0fnu": ("F8_E8M0", 1),
    "float8_e4m3fnuz": ("F8_E4M3FNUZ", 1), "float8_e5m2fnuz": ("F8_E5M2FNUZ", 1),
}  # fmt: skip
# Those that only have to be told apart.
_OTHERS: Final = {
    "complex64": ("C64", 8), "complex128": ("C128", 16), "qint8": ("QI8", 1), "quint8": ("QU8", 1),
    "qint32": ("QI32", 4), "quint4x2": ("QU4X2", 1), "quint2x4": ("QU2X4", 1),
}  # fmt: skip

_LEGACY_BEFORE: Final = 3  # pickles before the one that holds the object
_DIMENSIONS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint holds. `unconvertible` names those that other formats have no place for, and why."""

    tensors: tuple[Tensor, ...]
    shared: tuple[tuple[str, str], ...]  # tensors that are the same bytes as an earlier one, and that one
    unconvertible: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]  # what is no tensor, e.g. "epoch"; at most limits.fact_items
    left_out_count: int


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str
    elements: int
    begins_at: int = 0  # element; views of storages are a thing of the legacy format


@dataclass(frozen=True, slots=True)
class _View:
    """A tensor as the pickle has it, not checked yet."""

    storage: _Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class _Unconvertible:
    why: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a storage's bytes lie."""

    reader: Reader
    at: int
    size_bytes: int


def checkpoint(reader: Reader, *, key: str | None = None) -> Checkpoint:
    """The tensors of a file that `torch.save` wrote, as a zip file or in the way before that.

    With `key` only those below that key of the outermost dictionary, with names that begin behind it.

    Raises:
        Malformed: it is no such file, a tensor lies outside of its storage, or it is over a limit.
        KeyError: there is no such key.
    """
    reader.offset = 0
    is_zip = reader.head[:4] == b"PK\3\4"
    value, places, is_swapped = _from_zip(reader) if is_zip else _from_legacy(reader)
    if key is not None:
        value = value.get(key) if isinstance(value, Table) else None
        if value is None:
            raise KeyError(key)
    return _Gathering(places, is_swapped=is_swapped).gathered(value)


class _Meaning:
    """What PyTorch makes of calls and persistent ids."""

    def __init__(self) -> None:
        self.storages: dict[str, _Storage] = {}

    def persistent(self, known_as: object) -> object:
        match known_as:
            case ("storage", Global() as kind, str() as key, _, int() as elements, *more):
                dtype = _OF_STORAGE.get(kind.name.removesuffix("Storage"), kind.name)
                known = self.storages.setdefault(key, _Storage(key, dtype, elements))
                if known != _Storage(key, dtype, elements) or elements < 0:
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
                (_Storage() as storage, int() as offset, tuple() as shape, tuple() as strides, *more),
            ):
                return _View(storage, storage.dtype, offset, shape, strides, _says_negated(more))
            case (
                "_rebuild_tensor_v3",
                (
                    _Storage() as storage,
                    int() as offset,
                    tuple() as shape,
                    tuple() as strides,
                    _,
                    _,
                    Global("torch", dtype),
                    *more,
                ),
            ):
                return _View(storage, dtype, offset, shape, strides, _says_negated([None, None, *more]))
            case (
                "_rebuild_parameter" | "_rebuild_parameter_with_state",
                (_View() | _Unconvertible() as inner, *_),
            ):
                return inner
            case _:
                return _Unconvertible(_WHY.get(name, f"it is made by {clip(name, chars=80)}"))

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
                return _Unconvertible("it is of a class of its own")


_WHY: Final = {
    "_rebuild_qtensor": "it is quantised",
    "_rebuild_sparse_tensor": "it is sparse",
    "_rebuild_sparse_csr_tensor": "it is sparse",
    "_rebuild_nested_tensor": "it is nested",
    "_rebuild_meta_tensor_no_storage": "it has no data",
}


def _viewed(storage: _Storage, more: list[object]) -> _Storage:
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


def _from_zip(reader: Reader) -> tuple[object, dict[str, _Place], bool]:
    entries: dict[str, Entry] = {}
    for item in zip_layout.laid_out(reader):
        if isinstance(item, Entry):
            if item.name in entries:
                raise _bad("a member of the archive that is there twice")
            entries[item.name] = item
        elif isinstance(item, Problem):
            raise Malformed(item.kind, at=item.at, detail=item.detail)
    main = next((name for name in entries if torch_archive.is_main_pickle(name)), None)
    if main is None:
        raise _bad("no pickle of a checkpoint in the archive")
    folder = main.partition("/")[0]
    order = entries.get(f"{folder}/byteorder")
    meaning = _Meaning()
    value = values_of(_opened(reader, entries[main]), meaning)
    places: dict[str, _Place] = {}
    for key in meaning.storages:
        entry = entries.get(f"{folder}/data/{key}")
        if entry is not None:
            data = _opened(reader, entry)
            places[key] = _Place(data, 0, data.size_bytes)
    is_swapped = order is not None and zip_members.beginning(reader, order, max_bytes=8) == b"big"
    return value, places, is_swapped


def _opened(reader: Reader, entry: Entry) -> Reader:
    for item in zip_members.inside(reader, entry, checks_crc=False):
        if isinstance(item, Inside):
            return item.reader
        if isinstance(item, Problem):
            raise Malformed(item.kind, at=item.at, detail=item.detail)
    if entry.size_bytes:
        raise _bad("a member of the archive that cannot be opened")
    return Reader.of_bytes(b"", budget=reader.budget)


def _from_legacy(reader: Reader) -> tuple[object, dict[str, _Place], bool]:
    for _ in range(_LEGACY_BEFORE):
        walk(reader, Pickle())
    meaning = _Meaning()
    value = values_of(reader, meaning)
    keys = values_of(reader, _Meaning())
    places: dict[str, _Place] = {}
    for key in keys if isinstance(keys, list) else ():
        storage = meaning.storages.get(key) if isinstance(key, str) else None
        known = (_DTYPES | _OTHERS).get(storage.dtype) if storage else None
        if storage is None or known is None or key in places or reader.u64() != storage.elements:
            raise _bad("storages that are not those of the pickle")
        places[storage.key] = _Place(reader, reader.offset, storage.elements * known[1])
        reader.skip(storage.elements * known[1])
    return value, places, False  # its writer turned the bytes around by itself


class _Gathering:
    """Goes through the values and checks each tensor against its storage."""

    def __init__(self, places: dict[str, _Place], *, is_swapped: bool) -> None:
        self._places = places
        self._is_swapped = is_swapped
        self._tensors: dict[str, Tensor] = {}
        self._first: dict[_View, str] = {}
        self._shared: list[tuple[str, str]] = []
        self._unconvertible: list[tuple[str, str]] = []
        self._left_out: list[str] = []
        self._left_out_count = 0

    def gathered(self, value: object) -> Checkpoint:
        names: set[str] = set()
        for name, each in _leaves(value):
            if not isinstance(each, _View | _Unconvertible):
                self._left_out_count += 1
                if len(self._left_out) < LIMITS.fact_items:
                    self._left_out.append(name)
                continue
            if name in names:
                raise Malformed(ProblemKind.DUPLICATE_KEY, at=None, detail="two tensors of the same name")
            names.add(name)
            if len(names) > LIMITS.header_items:
                raise _over(f"more than {LIMITS.header_items} tensors")
            if isinstance(each, _View):
                self._add(name, each)
            else:
                self._unconvertible.append((name, each.why))
        return Checkpoint(
            tensors=tuple(self._tensors.values()),
            shared=tuple(self._shared),
            unconvertible=tuple(self._unconvertible),
            left_out=tuple(self._left_out),
            left_out_count=self._left_out_count,
        )

    def _add(self, name: str, view: _View) -> None:
        found = _DTYPES.get(view.dtype)
        if found is None or view.is_negated:
            kind = view.dtype if view.dtype in _OTHERS else "a type that is not known here"
            self._unconvertible.append((name, "it is negated" if view.is_negated else f"it is of {kind}"))
            return
        dtype, width = found
        storage_width = _DTYPES.get(view.storage.dtype, ("", 0))[1]
        extent = _extent(view)
        first = view.storage.begins_at * storage_width + view.offset * width
        elements = prod(view.shape)
        place = self._places.get(view.storage.key)
        if elements and (
            place is None
            or not storage_width
            or place.size_bytes < (view.storage.begins_at + view.storage.elements) * storage_width
            or view.offset * width + extent * width > view.storage.elements * storage_width
        ):
            raise Malformed(
                ProblemKind.OUT_OF_RANGE, at=None, detail="a tensor that lies outside of its storage"
            )
        empty = _Place(Reader.of_bytes(b""), 0, 0)
        place = place if elements and place is not None else empty
        self._tensors[name] = Tensor(
            name=name,
            dtype=dtype,
            shape=view.shape,
            size_bytes=elements * width,
            reader=place.reader,
            offset=place.at + first,
            strides=view.strides,
            is_swapped=self._is_swapped and width > 1,
        )
        earlier = self._first.setdefault(view, name)
        if earlier != name and elements:
            self._shared.append((name, earlier))


def _extent(view: _View) -> int:
    """Elements from the first to the last that the tensor shows."""
    numbers = (view.offset, *view.shape, *view.strides)
    if (
        len(view.shape) != len(view.strides)
        or len(view.shape) > _DIMENSIONS
        or not all(type(n) is int and 0 <= n < 1 << 63 for n in numbers)
        or prod(view.shape) >= 1 << 63
    ):
        raise _bad("a tensor of an impossible shape")
    if 0 in view.shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True))


def _leaves(value: object) -> Iterator[tuple[str, object]]:
    """Everything that is no container, with the way to it."""
    inner = _items(value)
    if inner is None:
        yield "tensor" if isinstance(value, _View | _Unconvertible) else "an object", value
        return
    open_: list[tuple[str | None, Iterator[tuple[str, object]], int]] = [(None, inner, id(value))]
    above = {id(value)}
    seen = 0
    while open_:
        path, items, container = open_[-1]
        item = next(items, None)
        if item is None:
            open_.pop()
            above.discard(container)
            continue
        seen += 1
        if seen > LIMITS.state_values:
            raise _over(f"more than {LIMITS.state_values} values")
        key, each = item
        name = key if path is None else f"{path}.{key}"
        inner = _items(each)
        if inner is None:
            yield name, each
        elif id(each) in above:
            raise _bad("a container that holds itself")
        elif len(open_) > LIMITS.configuration_depth or len(name) > LIMITS.path_chars:
            raise _over("containers in containers, too deep")
        else:
            above.add(id(each))
            open_.append((name, inner, id(each)))


def _items(value: object) -> Iterator[tuple[str, object]] | None:
    match value:
        case Table():
            return ((key, each) for (_, key), each in value.entries.items())
        case list() | tuple():
            return ((str(number), each) for number, each in enumerate(value))
        case _:
            return None


def _bad(detail: str) -> Malformed:
    return Malformed(ProblemKind.BAD_HEADER, at=None, detail=detail)


def _over(detail: str) -> Malformed:
    return Malformed(ProblemKind.OVER_LIMIT, at=None, detail=detail)
