"""The user's own files that signing needs: keys, certificates, passphrases; and where paths lie."""

from collections.abc import Iterable
from pathlib import Path

from ringfence.core.errors import UsageError
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.opening import read_small

__all__ = ["name_within", "own_file", "shown", "within"]

_HINT_IGNORED = "name a path below the model, as your shell would: a relative one starts where you are"


def own_file(path: Path) -> bytes:
    """All of it.

    Raises:
        UsageError: it is not there, cannot be read, or is far too large for what it should be.
    """
    data = read_small(path, max_bytes=LIMITS.config_bytes)
    if isinstance(data, bytes):
        return data
    why = data.reason if isinstance(data, Skipped) else "not found"
    raise UsageError(f"{shown(path)}: {why}", hint="name a file that exists and that you may read")


def within(root: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    """The names that `paths` have in the model at `root`, which is resolved. Their last parts may be links.

    Raises:
        UsageError: one is not below it, or is the model itself.
    """
    return tuple(dict.fromkeys(_within(root, path) for path in paths))


def _within(root: Path, path: Path) -> str:
    name = name_within(root, path)
    if name is None or name == ".":
        raise UsageError(f"{shown(path)}: not within the model", hint=_HINT_IGNORED)
    return name


def name_within(root: Path, path: Path) -> str | None:
    """The name of `path` in the folder `root`, which is resolved; None where it lies elsewhere."""
    try:
        # not the last part: a link is left out where it stands, not where it leads
        real = path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name
    except (OSError, RuntimeError):
        return None
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else None


def shown(path: Path) -> str:
    """The path as it may be printed."""
    return clip(printable(str(path)), chars=LIMITS.name_chars)
