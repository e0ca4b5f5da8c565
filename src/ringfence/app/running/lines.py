"""Lines out of pieces of a stream, each with a length that somebody chose."""

from collections.abc import Iterator

__all__ = ["Lines"]


class Lines:
    """`max_bytes` of one line, without its end; what a longer one says is let go as it comes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pieces: list[bytes] = []
        self._length = 0
        self._is_too_long = False

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """The lines that end in `data`; None for one that is too long."""
        *ended, rest = data.split(b"\n")
        for piece in ended:
            self._add(piece)
            yield None if self._is_too_long else b"".join(self._pieces)
            self._pieces.clear()
            self._length, self._is_too_long = 0, False
        self._add(rest)

    @property
    def has_rest(self) -> bool:
        """Whether something came after the last line's end."""
        return self._length > 0

    def _add(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._max_bytes:
            self._is_too_long = True
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)
