"""The new root while it is made: where things go, and what is put there.

What is named is looked up below the root's own descriptor, and no symbolic link on the way is followed:
whoever swaps one in a folder that several can write gets an error, not a mount elsewhere. Folders and files
are made in the box's own memory only, never in what comes from the host.
"""

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

_SCRATCH = ".ringfence"


class Places:
    """The new root below `folder`, a mount of its own that is empty so far. The current folder is there."""

    def __init__(self, folder: int) -> None:
        self.folder = folder
        self._device = os.fstat(folder).st_dev
        self._own = {self._device}
        os.mkdir(_SCRATCH, 0o700, dir_fd=folder)
        self._scratch = kernel.open_path(_SCRATCH, beneath=folder)
        os.mkdir("mount", 0o700, dir_fd=self._scratch)
        os.mkdir("empty", 0o555, dir_fd=self._scratch)
        self._write("file", b"", 0o444)

    def find(self, target: str) -> int:
        """A descriptor (O_PATH) of what stands there. Raises OSError."""
        return kernel.open_path(target[1:] or ".", beneath=self.folder)

    def make(self, target: str, *, folder: bool) -> int:
        """A descriptor of what stands there; where nothing does, of an empty folder or file, made now.

        Raises:
            FileNotFoundError: nothing does, and it would have to be made in what comes from the host.
        """
        try:
            return self.find(target)
        except FileNotFoundError:
            parent, name = self.parent(target)
        try:
            if folder:
                os.mkdir(name, 0o755, dir_fd=parent)
            else:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644, dir_fd=parent))
            return kernel.open_path(name, beneath=parent)
        finally:
            os.close(parent)

    def parent(self, target: str) -> tuple[int, str]:
        """A descriptor of the folder that `target` is to be made in, and its name there. Raises as `make`."""
        above, _, name = target.rpartition("/")
        parent = self.make(above, folder=True) if above else os.dup(self.folder)
        if os.fstat(parent).st_dev not in self._own:
            os.close(parent)
            raise FileNotFoundError(2, "not there on the host", target)
        return parent, name

    def put(self, tree: int, target: int) -> None:
        """Puts a detached copy over what `target` is, and closes both."""
        try:
            kernel.move_mount(tree, target)
        finally:
            os.close(tree)
            os.close(target)

    def put_new(self, filesystem: str, target: int, flags: int, options: str, *, own: bool = False) -> None:
        """Puts a new file system there and closes `target`. `own`: what is to stand in it is made there."""
        try:
            kernel.mount(filesystem, f"{_SCRATCH}/mount", filesystem, flags, options)
            made = kernel.open_path("mount", beneath=self._scratch)
            try:
                if own:
                    self._own.add(os.fstat(made).st_dev)
                kernel.move_mount(made, target)
            finally:
                os.close(made)
        finally:
            os.close(target)

    def put_file(self, content: bytes, mode: int, target: str) -> None:
        """Puts a file there that nobody can write: in the root, which becomes read-only, or over what is."""
        try:
            found = self.find(target)
        except FileNotFoundError:
            parent, name = self.parent(target)
            try:
                if os.fstat(parent).st_dev == self._device:
                    self._write(name, content, mode, folder=parent)
                    return
            finally:
                os.close(parent)
            found = self.make(target, folder=False)
        self._write("put", content, mode)
        self._put_scratch("put", found)
        os.unlink("put", dir_fd=self._scratch)

    def put_link(self, leads_to: str, target: int) -> None:
        """Puts a symbolic link over a file and closes `target`."""
        os.symlink(leads_to, "link", dir_fd=self._scratch)
        self._put_scratch("link", target)
        os.unlink("link", dir_fd=self._scratch)

    def put_empty(self, target: int) -> None:
        """Puts nothing over a file or a folder, and closes `target`."""
        self._put_scratch("empty" if stat.S_ISDIR(os.fstat(target).st_mode) else "file", target)

    def leave(self) -> None:
        """What helped to make the root goes."""
        os.rmdir("mount", dir_fd=self._scratch)
        os.rmdir("empty", dir_fd=self._scratch)
        os.unlink("file", dir_fd=self._scratch)
        os.close(self._scratch)
        os.rmdir(_SCRATCH, dir_fd=self.folder)

    def _put_scratch(self, name: str, target: int) -> None:
        tree = kernel.open_tree(self._scratch, name)
        kernel.mount_setattr(tree, FIXED | READ_ONLY)
        self.put(tree, target)

    def _write(self, name: str, content: bytes, mode: int, *, folder: int | None = None) -> None:
        fd = os.open(
            name,
            os.O_CREAT | os.O_EXCL | os.O_WRONLY,
            mode,
            dir_fd=self._scratch if folder is None else folder,
        )
        with open(fd, "wb") as file:
            file.write(content)
