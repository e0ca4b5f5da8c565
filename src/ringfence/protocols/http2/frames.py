"""How many frames that bring nothing the other side may send, and how large, before anything reads them.

It has an allowance. Frames that bring nothing take one of it; a stream that it takes back takes more,
for it has cost a request. What moves something gives back: data in either direction, answers. So a client
that works never runs out, and none can keep the other side busy with frames alone. Stopped by this: rapid
reset (CVE-2023-44487) and made-you-reset (CVE-2025-8671), floods of CONTINUATION (CVE-2024-27316), of
settings, pings, priorities, window updates and empty data (CVE-2019-9511 to 9518).
"""

from ringfence.core.limits import LIMITS
from ringfence.protocols.http import BadHttp

__all__ = ["RESET_COST", "FrameWatch"]

RESET_COST = 10

_PREFACE_BYTES = 24
_HEAD_BYTES = 9
_LARGEST = 1 << 14  # of one frame; more is never offered
_DATA, _HEADERS, _RESET, _CONTINUATION = 0, 1, 3, 9
_MOST = LIMITS.http2_idle_frames


class FrameWatch:
    """Of one connection."""

    def __init__(self, *, preface: bool = True) -> None:
        """`preface`: a client is looked at, which says first what it speaks."""
        self._skipped = _PREFACE_BYTES if preface else 0  # bytes until the next frame's head
        self._head = b""
        self._block = 0  # bytes of the headers that are not whole yet
        self._allowance = _MOST

    def see(self, data: bytes) -> None:
        """Looks at what comes.

        Raises:
            BadHttp: it is more than is allowed.
        """
        at = self._skipped
        while at < len(data):
            head = self._head + data[at : at + _HEAD_BYTES - len(self._head)]
            at += len(head) - len(self._head)
            if len(head) < _HEAD_BYTES:
                self._head = head
                break
            self._head = b""
            at += self._frame(int.from_bytes(head[:3]), head[3])
        self._skipped = max(at - len(data), 0)

    def spend(self, count: int) -> None:
        """Raises BadHttp where the allowance is used up."""
        self._allowance -= count
        if self._allowance < 0:
            raise BadHttp("too many frames that bring nothing")

    def earn(self, count: int) -> None:
        """Something moved."""
        self._allowance = min(self._allowance + count, _MOST)

    def _frame(self, size: int, kind: int) -> int:
        if size > _LARGEST:
            raise BadHttp(f"a frame is longer than {_LARGEST} bytes")
        if kind in (_HEADERS, _CONTINUATION):
            self._block = size if kind == _HEADERS else self._block + size
            if self._block > LIMITS.http_head_bytes:
                raise BadHttp(f"a head is longer than {LIMITS.http_head_bytes} bytes")
        if kind == _RESET:
            self.spend(RESET_COST)
        elif kind == _DATA and size:
            self.earn(1)
        elif kind != _HEADERS:
            self.spend(1)
        return size
