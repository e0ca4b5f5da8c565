"""What may come of reading an HDF5 file: what it fetches from elsewhere, and the code in Keras' attributes.

h5py reads the structure through this project's bounded reader; no array is read, so that no filter runs.
Links are looked at and never followed.

Source: HDF5 File Format Specification 3.0; keras/src/legacy/saving/legacy_h5_format.py; PyTables 3.11,
tables/attributeset.py and tables/vlarray.py.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ringfence.artifacts import keras_config, payloads, pickle_walk
from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.streams import needs_extra
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

if TYPE_CHECKING:
    import h5py

__all__ = ["judge_objects"]

_CONFIGURATIONS: Final = ("model_config", "training_config")
_OWN_FILTERS: Final = frozenset((1, 2, 3, 4, 5, 6, 32000))  # HDF5's, and LZF, which h5py brings
_NUMBERS, _TEXT, _OPAQUE, _VARIABLE = 0, 3, 5, 9  # classes of types
# What h5py makes of a broken file.
_ERRORS: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)
_WORTH_READING_BYTES: Final = 16
_PYTABLES_KIND: Final = "PSEUDOATOM"  # says that the items are something else than bytes
_PICKLED: Final = b"object"
_UNREADABLE: Final = "HDF5's own library cannot read all of it"
_Found = Spotted | Problem | Inside


def judge_objects(reader: Reader) -> Iterator[_Found]:
    """All groups, arrays and attributes, each once.

    Raises:
        Malformed: h5py cannot go on, or a limit is reached.
    """
    try:
        import h5py
    except ImportError:
        yield needs_extra("hdf5")
        return
    file = _File(reader)
    try:
        # From memory where it fits: over broken files the library calls back even when the program ends.
        source = file
        if reader.size_bytes <= LIMITS.header_bytes:
            source = h5py.h5f.open_file_image(reader.at(0, reader.size_bytes))
        with h5py.File(source, "r") as opened:
            yield from _Walk(reader, file).all(opened)
    except _ERRORS as error:
        if file.stopped is not None:
            raise file.stopped from error
        raise Malformed(ProblemKind.BAD_HEADER, at=None, detail=_UNREADABLE) from error
    if file.stopped is not None:
        raise file.stopped


class _File:
    """A file as h5py wants it, over a reader. h5py swallows what is raised: `stopped` keeps it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._at = 0
        self.stopped: Malformed | None = None

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file's."""
        base = (0, self._at, self._reader.size_bytes)[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """As a file's."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """As a file's."""
        size = max(0, min(len(buffer), self._reader.size_bytes - self._at))
        try:
            buffer[:size] = self._reader.at(self._at, size)
        except Malformed as stop:
            self.stopped = stop
            raise OSError("over a limit") from stop
        self._at += size
        return size

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        buffer = bytearray(max(0, min(size, self._reader.size_bytes)))
        return bytes(buffer[: self.readinto(memoryview(buffer))])

    def flush(self) -> None:
        """Nothing to do: nothing is written."""


class _Walk:
    """One pass over the objects of one file."""

    def __init__(self, reader: Reader, file: _File) -> None:
        self._reader = reader
        self._file = file
        self._left = LIMITS.header_items
        self._seen: set[int] = set()

    def all(self, file: "h5py.File") -> Iterator[_Found]:
        """Goes down from the root, by a stack: groups may nest as deep as they like, and in circles."""
        groups: list[tuple[str, Any]] = [("", file)]
        self._seen.add(self._address(file))
        yield from self._attributes("/", file)
        while groups:
            yield from self._unless_broken(self._group(*groups.pop(), groups))

    def _unless_broken(self, found: Iterator[_Found]) -> Iterator[_Found]:
        """`found`, as far as h5py can read it: one broken object hides no other."""
        try:
            yield from found
        except _ERRORS as error:
            if self._file.stopped is not None:
                raise self._file.stopped from error
            yield Problem(kind=ProblemKind.BAD_HEADER, at=None, detail=_UNREADABLE)

    def _group(self, path: str, group: "h5py.Group", groups: list[tuple[str, Any]]) -> Iterator[_Found]:
        for name in islice(iter(group), self._left + 1):
            self._count()
            yield from self._unless_broken(self._link(f"{path}/{name}", group, name, groups))

    def _link(
        self, path: str, group: "h5py.Group", name: str, groups: list[tuple[str, Any]]
    ) -> Iterator[_Found]:
        link = group.get(name, getlink=True)
        if hasattr(link, "filename"):
            yield _outside(path, f"{link.filename}:{link.path}")
        elif not hasattr(link, "path"):  # a hard one: what soft ones name is met by its own
            yield from self._object(path, group[name], groups)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="more objects than are read")
        self._reader.budget.check_time(at=None)

    def _address(self, found: "h5py.HLObject") -> int:
        import h5py

        return int(h5py.h5o.get_info(found.id).addr)

    def _object(self, path: str, found: "h5py.HLObject", groups: list[tuple[str, Any]]) -> Iterator[_Found]:
        import h5py

        address = self._address(found)
        if address in self._seen:
            return
        self._seen.add(address)
        yield from self._attributes(path, found)
        if isinstance(found, h5py.Group):
            groups.append((path, found))
        elif isinstance(found, h5py.Dataset):
            yield from self._array(path, found)

    def _array(self, path: str, array: "h5py.Dataset") -> Iterator[_Found]:
        import h5py

        made = array.id.get_create_plist()
        for i in range(min(made.get_external_count(), LIMITS.evidence_items)):
            yield _outside(path, _text(made.get_external(i)[0]))
        if made.get_layout() == h5py.h5d.VIRTUAL:
            for i in range(min(made.get_virtual_count(), LIMITS.header_items)):
                if (name := _text(made.get_virtual_filename(i))) != ".":
                    yield _outside(path, name)
        for i in range(made.get_nfilters()):
            number, _, _, name = made.get_filter(i)
            if number not in _OWN_FILTERS:
                yield _plugin(path, number, _text(name))
        kind = array.id.get_type()
        size = kind.get_size() * max(0, array.id.get_space().get_simple_extent_npoints())
        if size > LIMITS.inflated_ratio * self._reader.size_bytes:
            detail = f"an array of {size} bytes in a file of {self._reader.size_bytes}"
            yield Problem(kind=ProblemKind.DOES_NOT_FIT, at=None, detail=detail)
        yield from self._content(path, array, kind.get_class())

    def _content(self, path: str, array: "h5py.Dataset", kind: int) -> Iterator[_Found]:
        """What hides among numbers that lie there as they are, and in the few texts of an array."""
        if kind == _VARIABLE and array.size:
            yield from self._items(path, array)
        if kind not in (_NUMBERS, _TEXT, _OPAQUE):
            return
        at, size = array.id.get_offset(), array.id.get_storage_size()
        if array.chunks is not None and size and not array.id.get_create_plist().get_nfilters():
            first = array.id.get_chunk_info(0)
            at, size = first.byte_offset, first.size
        if at is not None:
            yield from payloads.in_weights(self._reader, at, size, name=path)

    def _items(self, path: str, array: "h5py.Dataset") -> Iterator[_Found]:
        """The items of an array that are as long as each likes: texts, or what PyTables pickles."""
        is_pickled = _bytes(array.attrs.get(_PYTABLES_KIND, b"")) == _PICKLED
        if array.size > LIMITS.fact_items:
            if is_pickled:
                yield Problem(kind=ProblemKind.OVER_LIMIT, at=None, detail=f"{array.size} pickles in {path}")
            return
        for item in array[()].ravel().tolist() if array.shape else [array[()]]:
            data = item.tobytes() if hasattr(item, "tobytes") else _bytes(item)
            part = Reader.of_bytes(data, budget=self._reader.budget)
            if is_pickled:
                yield Inside(name=path, reader=part, at=None, judge=_pickle)
            else:
                yield from payloads.in_text(part, 0, len(data), name=path)

    def _attributes(self, path: str, found: "h5py.HLObject") -> Iterator[_Found]:
        import h5py

        for i in range(h5py.h5a.get_num_attrs(found.id)):
            self._count()
            yield from self._unless_broken(self._attribute(path, found, h5py.h5a.open(found.id, index=i)))

    def _attribute(self, path: str, found: "h5py.HLObject", attribute: "h5py.h5a.AttrID") -> Iterator[_Found]:
        name = _text(attribute.name)
        kind, count = attribute.get_type(), attribute.get_space().get_simple_extent_npoints()
        if kind.get_class() not in (_TEXT, _OPAQUE, _VARIABLE) or not count:
            return
        # Both numbers are the file's: what the library would allocate for them is nobody's text.
        if count > LIMITS.header_items or count * kind.get_size() > LIMITS.json_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="a text of an attribute is too long")
        is_short = kind.get_class() == _TEXT and count * kind.get_size() < _WORTH_READING_BYTES
        if is_short and not kind.is_variable_str() and name not in _CONFIGURATIONS:
            return  # the library may take for ever over broken ones, and nothing fits into them
        text = _raw(attribute) if kind.get_class() == _OPAQUE else _bytes(found.attrs[name])
        yield from self._words(f"{path}@{name}", name, text)

    def _words(self, where: str, name: str, text: bytes) -> Iterator[_Found]:
        begins = text.lstrip()[:1]
        if name in _CONFIGURATIONS or (begins in (b"{", b"[") and b'"class_name"' in text):
            part = Reader.of_bytes(text, budget=self._reader.budget)
            yield Inside(name=where, reader=part, at=None, judge=keras_config.judge_document)
        elif text.endswith(b".") and _names_or_is_whole(text):
            part = Reader.of_bytes(text, budget=self._reader.budget)
            yield Inside(name=where, reader=part, at=None, judge=_pickle)
        elif text:
            part = Reader.of_bytes(text, budget=self._reader.budget)
            yield from payloads.in_text(part, 0, len(text), name=where)


def _names_or_is_whole(text: bytes) -> bool:
    """Whether the text is a pickle, or would import something as far as it is one.

    PyTables, by which pandas reads frames, takes every text of an attribute for one that ends with a dot.
    """
    found = pickle_walk.Pickle()
    pickle_walk.walk_tolerantly(Reader.of_bytes(text), found)
    return found.complete or bool(found.imports)


def _pickle(reader: Reader) -> Iterator[_Found]:
    from ringfence.artifacts.pickles.judge import judge

    yield from judge(reader)


def _raw(attribute: "h5py.h5a.AttrID") -> bytes:
    """The bytes of values that are no text."""
    import numpy

    kind = attribute.get_type()
    values = numpy.empty(attribute.shape, dtype=f"V{kind.get_size()}")
    attribute.read(values, mtype=kind)
    return b"\n".join(item.tobytes().rstrip(b"\0") for item in values.ravel())


def _bytes(value: object) -> bytes:
    """An attribute's text; of several the texts one after the other, which no configuration is."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    several = getattr(value, "ravel", None)
    if several is None:
        return b""
    return b"\n".join(_bytes(each) for each in islice(several().tolist(), LIMITS.header_items))


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _outside(path: str, target: str) -> Spotted:
    return Spotted(
        check="hdf5-outside-file",
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(clip(f"{path} is in {target}", chars=LIMITS.evidence_chars),),
        advice="do not load it: it reads another file of whoever loads it",
    )


def _plugin(path: str, number: int, name: str) -> Spotted:
    return Spotted(
        check="hdf5-plugin-filter",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(clip(f"{path} needs filter {number} {name}", chars=LIMITS.evidence_chars),),
        advice="load it only where that filter is installed on purpose",
    )
