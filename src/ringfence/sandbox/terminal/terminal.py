"""The terminal that a person sits at: raw while a box writes to it, and as it was before afterwards."""

import fcntl
import os
import struct
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ringfence.core.dataclass import dataclass

__all__ = ["Size", "Terminal", "set_size", "terminals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """In characters; 0 where the terminal does not know."""

    rows: int
    columns: int


def terminals() -> tuple[bool, bool, bool]:
    """Which of standard input, output and error are terminals."""
    return os.isatty(0), os.isatty(1), os.isatty(2)


class Terminal:
    """The terminal behind a descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._before = termios.tcgetattr(fd)

    def size(self) -> Size:
        """As it is now."""
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(self.fd, termios.TIOCGWINSZ, bytes(8)))
        return Size(rows=rows, columns=columns)

    def is_ours(self) -> bool:
        """Whether this process is in front; one that is not may not change the terminal."""
        with suppress(OSError):
            return os.tcgetpgrp(self.fd) == os.getpgrp()
        return False

    def make_raw(self) -> None:
        """Every key goes to the box, those that make signals too."""
        if self.is_ours():
            tty.setraw(self.fd, termios.TCSADRAIN)

    def restore(self) -> None:
        """As it was."""
        if self.is_ours():
            with suppress(termios.error):  # it has been closed
                termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Raw within, as it was afterwards, whatever happens."""
        self.make_raw()
        try:
            yield
        finally:
            self.restore()


def set_size(fd: int, size: Size) -> None:
    """Tells a pty's programs how large their terminal is."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
