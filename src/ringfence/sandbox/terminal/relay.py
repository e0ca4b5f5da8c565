"""Between a box's pty and the user's terminal: keys in, filtered output out, nothing lost at the end.

The relay moves bytes and never waits: whoever has it asks which descriptors it wants to hear of, and tells it
which are ready.
"""

import errno
import os

from ringfence.core.limits import LIMITS
from ringfence.sandbox.terminal.escapes import Escapes

__all__ = ["Relay"]

_CHUNK = 16 * 1024
_TERMINAL_CHUNK = 1024  # a terminal that can be written to takes this much without waiting


class Relay:
    """`keys` is where the user types, None where input comes from elsewhere; `screen` shows the output."""

    def __init__(self, master: int, *, keys: int | None, screen: int) -> None:
        self.escapes = Escapes()
        self._master, self._keys, self._screen = master, keys, screen
        self._typed = b""
        self._shown = b""
        self._ended = False

    def reads(self) -> set[int]:
        """What it wants to read, when something is there."""
        wanted = set()
        if not self._ended and len(self._shown) < LIMITS.terminal_buffer_bytes:
            wanted.add(self._master)
        if self._keys is not None and len(self._typed) < LIMITS.terminal_buffer_bytes:
            wanted.add(self._keys)
        return wanted

    def writes(self) -> set[int]:
        """What it wants to write to, when there is room."""
        wanted = {self._screen} if self._shown else set()
        return wanted | {self._master} if self._typed and not self._ended else wanted

    def ready(self, *, readable: set[int], writable: set[int]) -> None:
        """Moves what can be moved now."""
        if self._keys in readable:
            self._type()
        if self._master in readable:
            self._take()
        if self._master in writable and self._typed and not self._ended:
            self._typed = self._typed[os.write(self._master, self._typed[:_TERMINAL_CHUNK]) :]
        if self._screen in writable and self._shown:
            self._shown = self._shown[os.write(self._screen, self._shown[:_TERMINAL_CHUNK]) :]

    def finish(self) -> None:
        """All that is left goes out, and the terminal is put back. The box must be gone."""
        while not self._ended:
            self._take()
        self._shown += self.escapes.closing()
        while self._shown:
            self._shown = self._shown[os.write(self._screen, self._shown) :]
        os.close(self._master)

    def _type(self) -> None:
        assert self._keys is not None
        typed = os.read(self._keys, _CHUNK)
        if typed:
            self._typed += typed
        else:  # the terminal has gone
            self._keys = None

    def _take(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except OSError as error:
            if error.errno != errno.EIO:  # what a pty says when nobody has its other side any more
                raise
            data = b""
        self._ended = not data
        self._shown += self.escapes.feed(data)
