"""NumPy's arrays as tensors: of a file that is one, and of an archive of such files.

Source: NEP 1, numpy.savez.
"""

from collections.abc import Iterator

from ringfence.artifacts import npy_header, zip_layout, zip_members
from ringfence.artifacts.format import Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.artifacts.zip_layout import Entry

__all__ = ["array_of", "arrays_of"]


def array_of(reader: Reader, *, name: str = "array") -> Tensor:
    """The one array of the file, as it lies there.

    Raises:
        Malformed: no array, or one of objects.
    """
    found = npy_header.read_array(reader)
    size = found.size_bytes
    if size is None or found.data_at + size > reader.size_bytes:
        raise Malformed(ProblemKind.BAD_HEADER, at=found.data_at, detail="an array whose data are not there")
    return Tensor(
        name=name, dtype=found.dtype, shape=found.shape, size_bytes=size, reader=reader, offset=found.data_at
    )


def arrays_of(reader: Reader) -> Iterator[Tensor]:
    """The arrays of the archive, by the names of its members.

    Raises:
        Malformed: as `array_of` says, or a member that cannot be opened.
    """
    for entry in zip_layout.laid_out(reader):
        if isinstance(entry, Problem):
            raise Malformed(entry.kind, at=entry.at, detail=entry.detail)
        if not isinstance(entry, Entry):
            continue
        for item in zip_members.inside(reader, entry, checks_crc=False):
            if isinstance(item, Problem):
                raise Malformed(item.kind, at=item.at, detail=item.detail)
            if isinstance(item, Inside):
                yield array_of(item.reader, name=entry.name.removesuffix(".npy"))
