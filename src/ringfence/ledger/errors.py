"""Why the ledger could not answer or record."""

from ringfence.core.errors import ExitCode, RingfenceError

__all__ = [
    "EventRefused",
    "LedgerDamaged",
    "LedgerError",
    "LedgerTooNew",
    "LedgerUnavailable",
    "LedgerUnsafe",
    "StreamMoved",
    "WriterGone",
    "no_descriptor",
]


class LedgerError(RingfenceError):
    """The ledger did not do what it was asked to; nothing of the event was recorded, unless it says so."""

    code = ExitCode.NOT_EXAMINED


class EventRefused(LedgerError):
    """The event itself cannot be recorded: a secret, a fraction, or too much."""


class LedgerUnavailable(LedgerError):
    """It cannot be reached or written now: disk full, read-only, server away."""


class WriterGone(LedgerUnavailable):
    """Whoever wrote is gone, perhaps before it came to the event. Another attempt finds the next."""


def no_descriptor(error: OSError) -> LedgerUnavailable:
    """What a process hears that may open no more files."""
    return LedgerUnavailable(
        f"the ledger cannot be opened: {(error.strerror or '').lower()}",
        hint="this process has too many files open: see ulimit -n",
    )


class LedgerUnsafe(LedgerError):
    """Somebody else could change its files."""


class LedgerTooNew(LedgerError):
    """A newer version of ringfence made it."""


class LedgerDamaged(LedgerError):
    """Its file is not whole."""


class StreamMoved(LedgerError):
    """Somebody else appended to the stream first; who asked for that looks again."""
