"""Files that a command gets to read as a standard stream, and can open anew only to read.

A descriptor leads, through /proc/self/fd, to the file where the host has it: past whatever the box covers or
keeps read-only there. So a file that was opened to be read is opened again on a mount that is read-only.
Whoever gives a file to be written means that.
"""

import fcntl
import os
import stat

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.places import FIXED, READ_ONLY

__all__ = ["narrow"]


def narrow(stream: int) -> None:
    """Puts a read-only one in the place of `stream`, where that is a file that was opened to be read.

    Call it in a mount namespace of the own, while the host's files are there.

    Raises:
        OSError: its file is not where the kernel says it is (ESTALE).
    """
    found = os.fstat(stream)
    reads = fcntl.fcntl(stream, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    if not stat.S_ISREG(found.st_mode) or not reads or found.st_nlink == 0:
        return
    try:
        again = kernel.open_path(os.readlink(f"/proc/self/fd/{stream}"))  # noqa: PTH115
    except PermissionError:  # it lies where this user may not go; Landlock keeps it from being opened anew
        return
    try:
        if not os.path.samestat(os.fstat(again), found):
            raise OSError(116, "another file is there now")  # ESTALE
        tree = kernel.open_tree(again)
    finally:
        os.close(again)
    try:
        kernel.mount_setattr(tree, FIXED | READ_ONLY)
        try:
            opened = os.open(f"/proc/self/fd/{tree}", os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:  # who may not read it by name may not write it either
            return
    finally:
        os.close(tree)
    os.lseek(opened, os.lseek(stream, 0, os.SEEK_CUR), os.SEEK_SET)
    os.dup2(opened, stream, inheritable=False)
    os.close(opened)
