"""The standard streams, in whatever state they were handed over.

A closed stream is a mistake to be told, and no number under which the next file may be opened. What a
stream's encoding cannot say is spelled out. That something could not be written is found out before the exit
status is chosen.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from ringfence.core.errors import RingfenceError, UsageError

__all__ = ["NotWritten", "discard_output", "standard_streams", "tell", "warn", "write"]


class NotWritten(RingfenceError):
    """What there was to say did not reach standard output."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"standard output: {os.strerror(error.errno or 0).lower()}",
            hint="what was written is not complete: make room, or write elsewhere",
        )


@contextmanager
def standard_streams() -> Iterator[None]:
    """Within it stdout and stderr can be written to; at its end all that was written has arrived.

    Raises:
        UsageError: standard output is closed.
        NotWritten: the last of what was written could not be.
        BrokenPipeError: nobody reads it any more.
    """
    _keep_numbers_taken()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process lives
    if sys.stdout is None:
        raise UsageError("standard output is closed", hint="leave it open, or send it to /dev/null")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        _flush()


def write(text: str | Iterable[str]) -> None:
    """Writes a text or its pieces to standard output, now.

    Raises:
        NotWritten: it could not be.
        BrokenPipeError: nobody reads it any more.
    """
    try:
        sys.stdout.writelines((text,) if isinstance(text, str) else text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotWritten(error) from error
    _flush()


def tell(line: str) -> None:
    """Writes a line to standard error, if somebody can be told."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def warn(what: str) -> None:
    """Tells somebody what they should know although the command goes on."""
    tell(f"ringfence: warning: {what}")


def discard_output() -> None:
    """What is left in the buffer goes nowhere, so that the interpreter's end does not fail on it."""
    if sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotWritten(error) from error


def _keep_numbers_taken() -> None:
    """Puts /dev/null where one of the first three descriptors is closed."""
    with suppress(OSError):
        while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(fd)
