"""This process's memory: nobody of the same user reads it, and no core file is made of it.

Source: prctl(2), PR_SET_DUMPABLE; core(5).
"""

import ctypes
import resource

__all__ = ["hide_memory"]

_PR_SET_DUMPABLE = 4


def hide_memory() -> bool:
    """Makes this process non-dumpable and forbids core files, for good; whether all of that was had.

    Processes of root read it all the same. What it starts anew by exec is dumpable again.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.PyDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
