"""Which implementation of `Platform` runs here."""

import sys

from ringfence.core.inventory import Skipped
from ringfence.endpoint.platform import Platform

__all__ = ["not_implemented", "this_platform"]


def this_platform() -> Platform | None:
    """The running system's implementation; None where there is none yet."""
    if sys.platform == "linux":
        from ringfence.endpoint.linux.linux import Linux

        return Linux()
    return None


def not_implemented(kind: str) -> Skipped:
    """What stands in the report for a question that nobody can answer on this system yet."""
    return Skipped(kind=kind, subject="this machine", reason=f"not implemented on {sys.platform}")
