"""Covers again what somebody outside replaced while a box runs.

A cover goes with the name it stands over: the kernel takes it away when that name is removed or another file
is renamed over it, in every mount namespace. Nobody in the box can mount, so a child of the launcher goes
into the box's namespaces, where its user owns all mounts, and puts a new cover there. No link is followed,
and no program of the box can see or reach that child.

Source: setns(2), unshare(2), move_mount(2), the kernel's fs/namespace.c on `detach_mounts`.
"""

import errno
import json
import os
import select
import signal
import socket
from collections.abc import Sequence
from typing import Final

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.framing import receive_packet
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.identity import NEWNS, NEWUSER
from ringfence.sandbox.linux.places import FIXED, NOEXEC, READ_ONLY
from ringfence.sandbox.plan import Mount, MountKind

__all__ = ["Spaces", "cover", "hand_over_spaces", "take_spaces"]

_SAID_BYTES = 64 * 1024  # that a pipe holds: some bytes for each place of a plan
_PATIENCE_MS = 5_000  # for a file system that does not answer
_STAGE: Final = "/proc"  # which no place of a plan is below
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x4000, 0x40000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spaces:
    """The namespaces of one box, held open."""

    pid: int
    mounts: int
    user: int | None  # None: its mounts are root's

    def close(self) -> None:
        """Lets go of them."""
        os.close(self.mounts)
        if self.user is not None:
            os.close(self.user)


def hand_over_spaces(link: socket.socket, *, as_root: bool) -> None:
    """Sends those of this process, which was just cloned; where that fails it ends."""
    try:
        names = ("mnt",) if as_root else ("mnt", "user")
        fds = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in names]
        socket.send_fds(link, [b"x"], fds)
    except OSError:
        os._exit(1)


def take_spaces(link: socket.socket, pid: int) -> Spaces:
    """What the process of this number hands over. Raises OSError."""
    _, fds, whole = receive_packet(link, 1, max_fds=2)
    if not fds or not whole:
        raise OSError(errno.ECHILD, os.strerror(errno.ECHILD))
    return Spaces(pid=pid, mounts=fds[0], user=fds[1] if len(fds) > 1 else None)


def cover(spaces: Spaces, covers: Sequence[Mount]) -> list[int]:
    """Puts each cover over what stands at its target now; for each 0, or the error's number: it is bare.

    Where nothing stands there is nothing to cover. The caller has one thread, and hears of no child.
    """
    told, tells = os.pipe()
    try:
        pid, pidfd = kernel.clone()
        if pid == 0:
            try:
                os.write(tells, json.dumps(_covered(spaces, covers)).encode())
            finally:
                os._exit(0)
    finally:
        os.close(tells)
    try:
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        if not ended.poll(_PATIENCE_MS):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            return [errno.ETIMEDOUT] * len(covers)
        said = os.read(told, _SAID_BYTES)
    finally:
        os.close(told)
        os.close(pidfd)
    return list(map(int, json.loads(said))) if said else [errno.ECHILD] * len(covers)


def _covered(spaces: Spaces, covers: Sequence[Mount]) -> list[int]:
    """Does it in this process, which ends then."""
    try:
        if spaces.user is not None:
            kernel.setns(spaces.user, NEWUSER)
        kernel.unshare(NEWNS)
        kernel.mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        kernel.mount("ringfence", _STAGE, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
        made = [_made(each, f"{_STAGE}/{number}") for number, each in enumerate(covers)]
        kernel.setns(spaces.mounts, NEWNS)
        root = kernel.open_path("/")
    except OSError as error:
        return [error.errno or errno.EINVAL] * len(covers)
    return [_put(each, tree, root) for each, tree in zip(covers, made, strict=True)]


def _made(each: Mount, path: str) -> int | None:
    """A detached mount of nothing, or of a link; None where it is what stands there itself, to be read."""
    match each.kind:
        case MountKind.READ:
            return None
        case MountKind.LINK_OVER:
            os.symlink(str(each.source), path)  # noqa: PTH211 - plain paths are quick
        case MountKind.EMPTY_FOLDER:
            os.mkdir(path, 0o755)  # noqa: PTH102
        case _:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    tree = kernel.open_tree(kernel.AT_FDCWD, path)
    kernel.mount_setattr(tree, FIXED | READ_ONLY)
    return tree


def _put(each: Mount, tree: int | None, root: int) -> int:
    try:
        found = kernel.open_path(each.target[1:], beneath=root)
        if kernel.is_mounted(found):
            return 0  # what covers it is there: many covers, one over the other, would use up all mounts
        if tree is None:
            tree = kernel.open_tree(found, recursive=True)
            attributes = FIXED | READ_ONLY | (0 if each.runs else NOEXEC)
            kernel.mount_setattr(tree, attributes, recursive=True)
        kernel.move_mount(tree, found)
    except FileNotFoundError:
        return 0
    except OSError as error:
        return error.errno or errno.EINVAL
    return 0
