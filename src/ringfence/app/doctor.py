"""What this machine offers ringfence."""

import platform
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.machine import Capability
from ringfence.endpoint.doctor import examine_machine
from ringfence.endpoint.this_platform import this_platform

__all__ = ["Doctor", "examine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """What this kernel and machine offer, each with what is lost without it."""

    started_at: datetime  # UTC
    complete: bool
    system: str  # e.g. Linux 6.18.1 x86_64
    capabilities: tuple[Capability, ...]


def examine(*, started_at: datetime) -> Doctor:
    """Tries out every capability, harmlessly; `complete` is false when one could not be told."""
    capabilities = examine_machine(this_platform())
    uname = platform.uname()
    return Doctor(
        started_at=started_at,
        complete=all(each.available is not None for each in capabilities),
        system=f"{uname.system} {uname.release} {uname.machine}",
        capabilities=capabilities,
    )
