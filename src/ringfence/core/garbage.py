"""What a process that serves for long does not look through again and again in search of garbage."""

import gc

__all__ = ["leave_alone"]

_NEW, _YOUNG, _OLD = 10_000, 20, 20
"""So many more objects than were let go, before the new ones are looked through; then so many times each."""


def leave_alone() -> None:
    """All that is there now stays; what comes is looked through less often than by default.

    Modules and tables are most of what there is, and a tenth of each request's time went into them. Nothing
    is looked through here either: that writes to memory which forked processes share.
    """
    gc.freeze()
    gc.set_threshold(_NEW, _YOUNG, _OLD)
