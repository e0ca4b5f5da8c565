"""The new root while it is made: where things go, and what is put there.

Folders and files are made in the box's own memory only, never in what comes from the host. What stands in the
box's own memory nobody else can change, so paths lead there as they are written. In what comes from the host
somebody may: there a target is looked up below the root's own descriptor, no symbolic link on the way is
followed, and what was found is what is covered.
"""

import errno
import os
import stat
from typing import Final

from ringfence.sandbox.linux import kernel

__all__ = ["FIXED", "NOEXEC", "READ_ONLY", "Places"]

READ_ONLY: Final = 0x1
_NOSUID: Final = 0x2
_NODEV: Final = 0x4
NOEXEC: Final = 0x8
FIXED: Final = _NOSUID | _NODEV
"""Of every mount of a box: no setuid programs, no devices."""


class Places:
    """The new root below the current folder, `folder`: a mount of its own that is empty so far.

    `scratch` is an empty folder beside it, out of the box's reach, where what covers others stands.
    """

    def __init__(self, folder: int, scratch: str) -> None:
        self.folder = folder
        self._scratch = scratch
        self._helpers = 0
        # Folders of the box's own memory, `/tmp`, the root as nothing; and whether the box may write there.
        self._own = {"": False}
        self._foreign: set[str] = set()  # what covers those: nothing is made in it
        for name in ("new", "empty"):
            os.mkdir(f"{scratch}/{name}", 0o755)  # noqa: PTH102 - plain paths are quick
        _write(f"{scratch}/none", b"", 0o444)

    def find(self, target: str) -> int:
        """A descriptor (O_PATH) of what stands there. Raises OSError."""
        return kernel.open_path(target[1:], beneath=self.folder)

    def put(self, tree: int, target: str, *, folder: bool) -> None:
        """Puts a detached copy there and closes it.

        Raises:
            FileNotFoundError: nothing stands there, and it would have to be made in what comes from the host.
        """
        try:
            if self._in_own(target):
                _make(target[1:], folder=folder)
                kernel.move_mount(tree, target[1:])
            else:
                self._put_over(tree, target)
        finally:
            os.close(tree)
        self._cover(target)

    def put_new(self, filesystem: str, target: str, flags: int, options: str, *, own: bool = False) -> None:
        """Puts a new file system there. `own`: the box may write there, and things may be made there."""
        kernel.mount(filesystem, f"{self._scratch}/new", filesystem, flags, options)
        self.put(kernel.open_path(f"{self._scratch}/new"), target, folder=True)
        if own:
            self._foreign.discard(target)
            self._own[target] = True

    def put_folder(self, target: str) -> None:
        """Makes a folder of the box's own. Raises FileNotFoundError as `put`."""
        if not self._in_own(f"{target}/"):
            raise _not_own(target)

    def put_file(self, content: bytes, mode: int, target: str) -> None:
        """Puts a file there that nobody can write: in the root, which becomes read-only, or over what is."""
        if self._in_own(target) and not self._own[target.rpartition("/")[0]]:
            try:
                _write(target[1:], content, mode)
            except FileExistsError:
                pass
            else:
                return
        helper = self._helper()
        _write(helper, content, mode)
        self.put(_read_only(helper), target, folder=False)

    def put_link(self, leads_to: str, target: str) -> None:
        """Makes a symbolic link where nothing is. Raises FileNotFoundError as `put`."""
        if not self._in_own(target):
            raise _not_own(target)
        try:
            os.symlink(leads_to, target[1:])  # noqa: PTH211
        except FileExistsError:
            if os.readlink(target[1:]) != leads_to:  # noqa: PTH115
                raise

    def put_link_over(self, leads_to: str, target: str) -> None:
        """Puts a symbolic link over a file; raises FileNotFoundError for none."""
        helper = self._helper()
        os.symlink(leads_to, helper)  # noqa: PTH211
        tree = _read_only(helper)
        try:
            self._put_over(tree, target)
        finally:
            os.close(tree)

    def put_empty(self, target: str) -> None:
        """Puts nothing, that nobody can write, over a file or a folder; raises FileNotFoundError for none."""
        found = self.find(target)
        try:
            name = "empty" if stat.S_ISDIR(os.fstat(found).st_mode) else "none"
            tree = _read_only(f"{self._scratch}/{name}")
            try:
                kernel.move_mount(tree, found)
            finally:
                os.close(tree)
        finally:
            os.close(found)
        self._cover(target)

    def _helper(self) -> str:
        """A path for something that is to be put over something else."""
        self._helpers += 1
        return f"{self._scratch}/{self._helpers}"

    def _put_over(self, tree: int, target: str) -> None:
        found = self.find(target)
        try:
            kernel.move_mount(tree, found)
        finally:
            os.close(found)

    def _in_own(self, target: str) -> bool:
        """Whether it stands in the box's own memory; the folders above it are made there."""
        above = parent = target.rpartition("/")[0]
        missing = []
        while above not in self._own:
            if above in self._foreign:
                return False
            missing.append(above)
            above = above.rpartition("/")[0]
        for folder in reversed(missing):
            os.mkdir(folder[1:], 0o755)  # noqa: PTH102
            self._own[folder] = self._own[above]
        return parent in self._own

    def _cover(self, target: str) -> None:
        """Nothing is made any more in what was there."""
        if target in self._own or target in self._foreign:
            below = f"{target}/"
            self._own = {p: w for p, w in self._own.items() if p != target and not p.startswith(below)}
            self._foreign = {p for p in self._foreign if not p.startswith(below)}
        self._foreign.add(target)


def _make(path: str, *, folder: bool) -> None:
    """Something to put a mount over, unless there is."""
    try:
        if folder:
            os.mkdir(path, 0o755)  # noqa: PTH102
        else:
            os.mknod(path, 0o644)
    except FileExistsError:
        return


def _write(path: str, content: bytes, mode: int) -> None:
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        while content:
            content = content[os.write(fd, content) :]
    finally:
        os.close(fd)


def _read_only(path: str) -> int:
    """A detached copy of something that was made to help."""
    tree = kernel.open_tree(kernel.AT_FDCWD, path)
    kernel.mount_setattr(tree, FIXED | READ_ONLY)
    return tree


def _not_own(target: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "not in the box's own memory", target)
