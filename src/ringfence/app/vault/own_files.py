"""The user's own files that the command line names: secrets to take in, passphrases, copies of the vault."""

from pathlib import Path

from ringfence.core.errors import UsageError
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.opening import read_small

__all__ = ["own_file"]


def own_file(path: Path, *, max_bytes: int = LIMITS.vault_bytes) -> bytes:
    """All of it.

    Raises:
        UsageError: it is not there, cannot be read, or is far too large for what it should be.
    """
    data = read_small(path, max_bytes=max_bytes)
    if isinstance(data, bytes):
        return data
    why = data.reason if isinstance(data, Skipped) else "not found"
    raise UsageError(
        f"{clip(printable(str(path)), chars=LIMITS.name_chars)}: {why}",
        hint="name a file that exists and that you may read",
    )
