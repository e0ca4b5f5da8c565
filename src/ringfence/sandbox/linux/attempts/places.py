"""Places that must not be read, and places that must not be written.

What is hidden may be absent, unreadable or empty. Where something can be written that must be kept, nothing
of it is changed: files are opened and closed, and a new one is taken away again.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from ringfence.core.limits import LIMITS
from ringfence.sandbox.linux.proofs import Attempt, NotHeld, error_name
from ringfence.sandbox.plan import Layer, MountKind, Plan

__all__ = ["places"]

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_WRITE = os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_NEW = _WRITE | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_HIDDEN: Final = frozenset({errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR})
_KEPT: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ETXTBSY})
_NAME = ".ringfence-probe"
_KEPT_KINDS = frozenset({MountKind.READ, MountKind.FILE})


def places(plan: Plan) -> Iterator[Attempt]:
    """All of them, of each kind LIMITS.probed_paths at most."""
    yield Attempt(layer=Layer.ROOT, tried="write to the root", action=partial(_all, ("/",), _write))
    for tried, paths, attempt in (
        ("write to {} read-only places", tuple(_read_only(plan)), _write),
        ("write to {} places that are kept", plan.must_keep, _write),
        ("read {} hidden places", plan.must_hide, _read),
    ):
        some = paths[: LIMITS.probed_paths]
        if some:
            yield Attempt(
                layer=Layer.ROOT, tried=tried.format(len(some)), action=partial(_all, some, attempt)
            )


def _read_only(plan: Plan) -> Iterator[str]:
    """Those over which no later mount stands."""
    later: set[str] = set()
    for mount in reversed(plan.mounts):
        if mount.kind in _KEPT_KINDS and not any(path in later for path in _upwards(mount.target)):
            yield mount.target
        later.add(mount.target)


def _upwards(path: str) -> Iterator[str]:
    yield path
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path


def _all(paths: Iterable[str], attempt: Callable[[str], str]) -> str:
    """What came of each, `EACCES, ENOENT`."""
    return ", ".join(sorted({attempt(path) for path in paths}))


def _read(path: str) -> str:
    try:
        fd = os.open(path, _READ)
    except OSError as error:
        if error.errno in _HIDDEN:
            return error_name(error)
        raise NotHeld(Layer.ROOT, f"read {path}", error_name(error)) from None
    try:
        try:
            found: bytes | list[str] = os.read(fd, 1)
        except IsADirectoryError:
            found = os.listdir(fd)
    finally:
        os.close(fd)
    if found:
        raise NotHeld(Layer.ROOT, f"read {path}", "it worked")
    return "empty"


def _write(path: str) -> str:
    try:
        os.close(os.open(path, _WRITE))
    except IsADirectoryError:
        return _make(f"{path}/{_NAME}")
    except FileNotFoundError:
        return _make(path)
    except OSError as error:
        return _kept(path, error)
    raise NotHeld(Layer.ROOT, f"write to {path}", "it worked")


def _make(path: str) -> str:
    try:
        os.close(os.open(path, _NEW, 0o600))
    except OSError as error:
        return _kept(path, error)
    os.unlink(path)  # noqa: PTH108 - paths as text, thousands of them
    raise NotHeld(Layer.ROOT, f"make {path}", "it worked")


def _kept(path: str, error: OSError) -> str:
    if error.errno not in _KEPT:
        raise NotHeld(Layer.ROOT, f"write to {path}", error_name(error)) from None
    return error_name(error)
