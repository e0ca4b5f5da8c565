"""Several NumPy arrays in a zip file. Reads the arrays' headers, inflated as far as needed.

Source: numpy.savez.
"""

from collections import Counter
from collections.abc import Iterator

from ringfence.artifacts import npy_header, zip_directory, zip_layout, zip_members
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import Member
from ringfence.artifacts.zip_layout import Entry
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_SUFFIX = ".npy"
_ARRAYS = 10_000
_HEADER_BYTES = 1024  # more than those that NumPy writes for plain arrays


def _sniff(reader: Reader) -> bool:
    if not zip_directory.first_name(reader).endswith(_SUFFIX.encode()):
        return False
    if reader.once(zip_directory.directory) is None:
        return True  # cut short
    return all(name.endswith(_SUFFIX) for name in reader.once(zip_directory.names))


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    yield Fact(name=FactName.TENSORS, value=len(members))
    yield from zip_directory.check_members(reader, members)
    if len(members) > _ARRAYS:
        return
    elements: Counter[str] = Counter()
    for member in members:
        start = zip_directory.content(reader, member, max_bytes=LIMITS.literal_bytes)
        array = npy_header.read_array(Reader.of_bytes(start))
        elements[array.dtype] += array.elements
    yield Fact(name=FactName.PARAMETERS, value=elements.total())
    yield Fact(name=FactName.DTYPES, value=tuple(name for name, _ in elements.most_common()))
    if "object" in elements:
        yield Fact(name=FactName.RUNS_CODE, value=("pickle",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    for found in zip_layout.laid_out(reader):
        if not isinstance(found, Entry):
            yield found
        elif not _is_plain(reader, found):
            yield from zip_members.inside(reader, found)


FORMAT = Format(
    name="npz",
    title="NumPy arrays (zip)",
    suffixes=(".npz",),
    sniff=_sniff,
    starts=(zip_directory.LOCAL,),
    read=_read,
    holds_anything=True,
    judge=_judge,
    judges_structure=True,
)


def _is_plain(reader: Reader, entry: Entry) -> bool:
    """Whether it holds an array of numbers and nothing else, which is so without inflating all of it."""
    if entry.encrypted:
        return False
    try:
        head = zip_members.beginning(reader, entry, max_bytes=_HEADER_BYTES)
        array = npy_header.read_array(Reader.of_bytes(head))
    except Malformed:
        return False
    return array.size_bytes is not None and array.data_at + array.size_bytes == entry.inflated_bytes
