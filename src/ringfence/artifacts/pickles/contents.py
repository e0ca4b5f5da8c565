"""Bytes within a pickle that are a file of their own: another pickle, an archive, a program.

Protocols 0 to 2 have no bytes in Python 3; they are written as text that `_codecs.encode` turns into them.
"""

from typing import Final

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.patterns import pattern

__all__ = ["BEGINNINGS", "Content", "looks_like_file", "looks_like_pickle", "looks_like_program"]

BEGINNINGS: Final = b"\x80(]}ciP\x1fB\xfd\x04\x287\x7fM\xcf\xca"  # all but tar files, which are longer
_HEAD_BYTES: Final = 512
_PICKLE: Final = pattern(rb"\x80[\x02-\x05][\s\S]|[(\]}]{0,8}[ci][\w.]+\n[\w.]+\n")
_FILE: Final = pattern(
    rb"PK\x03\x04|\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18"
    rb"|7z\xbc\xaf\x27\x1c|[\s\S]{257}ustar"
)
_PROGRAM: Final = pattern(
    rb"\x7fELF[\x01\x02][\x01\x02]|MZ[\s\S]{76}This program|\xcf\xfa\xed\xfe[\x07\x0c]|\xca\xfe\xba\xbe\x00"
)
_FILE_BYTES: Final = 64  # no shorter archive or program does anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes in a pickle."""

    source: Reader
    start: int  # where they begin in `source`
    size_bytes: int
    is_text: bool  # written as UTF-8 of what is to be encoded in Latin 1
    at: int  # where they begin in the file, or what stands around them does

    def opened(self) -> Reader:
        """The bytes.

        Raises:
            Malformed: more than may be unpacked, or no such text.
        """
        if not self.is_text:
            return self.source.part(self.start, self.size_bytes)
        self.source.budget.inflate(self.size_bytes, at=self.at)
        return Reader.of_bytes(
            _encoded(self.source.at(self.start, self.size_bytes), self.at), budget=self.source.budget
        )

    def head(self) -> bytes:
        """How they begin.

        Raises:
            Malformed: no such text.
        """
        raw = self.source.at(self.start, min(self.size_bytes, _HEAD_BYTES))
        return _encoded(raw, self.at) if self.is_text else raw


def looks_like_pickle(head: bytes) -> bool:
    """Whether a pickle begins like this. Two random bytes may do as well."""
    return _PICKLE.match(head) is not None


def looks_like_file(head: bytes, size_bytes: int) -> bool:
    """Whether an archive or something compressed begins like this."""
    return size_bytes >= _FILE_BYTES and _FILE.match(head) is not None


def looks_like_program(head: bytes, size_bytes: int) -> bool:
    """Whether a program begins like this."""
    return size_bytes >= _FILE_BYTES and _PROGRAM.match(head) is not None


def _encoded(text: bytes, at: int) -> bytes:
    """Latin 1 of the UTF-8, which may be cut in the midst of a character."""
    try:
        return text.decode("utf-8", "ignore").encode("latin-1")
    except UnicodeEncodeError:
        raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="bytes that are no bytes") from None
