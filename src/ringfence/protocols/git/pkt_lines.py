"""Git's lines with their length before them. Source: git's gitprotocol-common(5)."""

import re

from ringfence.core.dataclass import dataclass
from ringfence.protocols.http import BadHttp

__all__ = ["FLUSH", "Cut", "Lines", "line"]

FLUSH = b"0000"
_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
_LONGEST = 65_520


class Cut(BadHttp):
    """The bytes end before the lines do."""


@dataclass(slots=True)
class Lines:
    """Read one after the other; `at` is where the next one begins."""

    data: bytes
    at: int = 0

    def next(self) -> bytes | None:
        """The line's content; None where a flush stands.

        Raises:
            Cut: there is no more of it.
            BadHttp: it is no such line.
        """
        head = self.data[self.at : self.at + 4]
        if len(head) < 4:
            raise Cut("a git request that is cut short")
        if not _LENGTH.fullmatch(head):
            raise BadHttp("a git request that is none")
        length = int(head, 16)
        if length == 0:
            self.at += 4
            return None
        if not 4 <= length <= _LONGEST:
            raise BadHttp("a git request with a line that pushes do not have")
        end = self.at + length
        if end > len(self.data):
            raise Cut("a git request that is cut short")
        found, self.at = self.data[self.at + 4 : end], end
        return found


def line(content: bytes) -> bytes:
    """The content as such a line; at most 65,516 bytes."""
    return b"%04x%s" % (len(content) + 4, content)
