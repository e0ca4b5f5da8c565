"""Several NumPy arrays in a zip file. Reads the arrays' headers, inflated as far as needed.

Source: numpy.savez.
"""

from collections import Counter
from collections.abc import Iterator

from ringfence.artifacts import npy_header, zip_directory
from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.zip_directory import Member
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_SUFFIX = ".npy"
_ARRAYS = 10_000


def _sniff(reader: Reader) -> bool:
    if not zip_directory.first_name(reader).endswith(_SUFFIX.encode()):
        return False
    if reader.once(zip_directory.directory) is None:
        return True  # cut short
    members: list[Member] = []
    for _problem in zip_directory.read_members(reader, members):
        pass
    return all(member.name.endswith(_SUFFIX) for member in members)


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


FORMAT = Format(
    name="npz", title="NumPy arrays (zip)", suffixes=(".npz",), sniff=_sniff, read=_read, holds_anything=True
)
