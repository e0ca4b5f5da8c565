"""Locks: which models a tree or an image holds, written down, and compared with what was written down."""

from ringfence.app.lock.lock import LockReport, check_lock, make_lock

__all__ = ["LockReport", "check_lock", "make_lock"]
