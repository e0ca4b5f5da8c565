"""Every accelerator: NVIDIA's through its own library, all others through the kernel."""

from collections.abc import Iterator

from ringfence.core.inventory import Skipped
from ringfence.core.machine import Accelerator
from ringfence.endpoint.accelerators.nvidia import nvidia_accelerators
from ringfence.endpoint.platform import Platform, Snapshot

__all__ = ["find_accelerators"]


def find_accelerators(platform: Platform, snapshot: Snapshot) -> Iterator[Accelerator | Skipped]:
    """Each accelerator with the processes that use it; what its driver does not tell is None."""
    names = {process.pid: process.name for process in snapshot.processes}
    yield from nvidia_accelerators(names, hardware=platform.has_nvidia_hardware())
    yield from platform.accelerators(snapshot)
