"""The tensors of a PyTorch checkpoint, from its parsed pickle. Nothing is imported, called or built.

A tensor is a call of one of a few functions with a storage; its name is the way through dictionaries and
lists that leads to it, joined by dots. What else a checkpoint holds is named and left out.

Source: torch/_utils.py, torch/storage.py and torch/serialization.py in PyTorch 2.13.
"""

from collections.abc import Iterator
from math import prod
from typing import Final

from ringfence.artifacts import torch_archive, zip_layout, zip_members
from ringfence.artifacts.format import Inside
from ringfence.artifacts.pickle_walk import Pickle, walk
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.pickle_values import Table, values_of
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.artifacts.tensors.torch_calls import DTYPES, OTHER_DTYPES, Meaning, Unconvertible, View
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Checkpoint", "checkpoint"]

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
    meaning = Meaning()
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
    meaning = Meaning()
    value = values_of(reader, meaning)
    keys = values_of(reader, Meaning())
    places: dict[str, _Place] = {}
    for key in keys if isinstance(keys, list) else ():
        storage = meaning.storages.get(key) if isinstance(key, str) else None
        known = (DTYPES | OTHER_DTYPES).get(storage.dtype) if storage else None
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
        self._first: dict[View, str] = {}
        self._shared: list[tuple[str, str]] = []
        self._unconvertible: list[tuple[str, str]] = []
        self._left_out: list[str] = []
        self._left_out_count = 0

    def gathered(self, value: object) -> Checkpoint:
        names: set[str] = set()
        for name, each in _leaves(value):
            if not isinstance(each, View | Unconvertible):
                self._left_out_count += 1
                if len(self._left_out) < LIMITS.fact_items:
                    self._left_out.append(name)
                continue
            if name in names:
                raise Malformed(ProblemKind.DUPLICATE_KEY, at=None, detail="two tensors of the same name")
            names.add(name)
            if len(names) > LIMITS.header_items:
                raise _over(f"more than {LIMITS.header_items} tensors")
            if isinstance(each, View):
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

    def _add(self, name: str, view: View) -> None:
        found = DTYPES.get(view.dtype)
        if found is None or view.is_negated:
            kind = view.dtype if view.dtype in OTHER_DTYPES else "a type that is not known here"
            self._unconvertible.append((name, "it is negated" if view.is_negated else f"it is of {kind}"))
            return
        dtype, width = found
        storage_width = DTYPES.get(view.storage.dtype, ("", 0))[1]
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


def _extent(view: View) -> int:
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
        yield "tensor" if isinstance(value, View | Unconvertible) else "an object", value
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
