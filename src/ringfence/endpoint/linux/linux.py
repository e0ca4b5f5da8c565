"""Linux as a `Platform`. The roots are parameters, so that a tree of files can stand in for a machine."""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Accelerator, Capability, Network
from ringfence.endpoint.linux.drm import drm_accelerators, has_pci_vendor
from ringfence.endpoint.linux.kernel import examine_kernel
from ringfence.endpoint.linux.network import look_at_network
from ringfence.endpoint.linux.processes import own_sockets, running_processes
from ringfence.endpoint.linux.sockets import listening_sockets, own_addresses
from ringfence.endpoint.platform import RunningProcess, Snapshot

__all__ = ["Linux"]

_NVIDIA = 0x10DE


@dataclass(frozen=True, slots=True, kw_only=True)
class Linux:
    """The running kernel, or what fixture files say of one."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    etc: Path = Path("/etc")

    def snapshot(self) -> Snapshot:
        """Sockets first: whoever opens one later is simply not in this picture."""
        sockets = tuple(listening_sockets(self.proc))
        seen = tuple(running_processes(self.proc, self.etc))
        return Snapshot(
            processes=tuple(item for item in seen if isinstance(item, RunningProcess)),
            sockets=sockets,
            addresses=own_addresses(self.proc),
            own_sockets=own_sockets(self.proc),
            skipped=tuple(item for item in seen if isinstance(item, Skipped)),
        )

    def network(self) -> Network:
        """Routes and interfaces of the own network namespace."""
        return look_at_network(self.proc, self.etc)

    def accelerators(self, snapshot: Snapshot) -> Iterator[Accelerator]:
        """What the kernel's DRM and accel subsystems tell."""
        return drm_accelerators(self.proc, self.sys, snapshot)

    def has_nvidia_hardware(self) -> bool:
        """Whether a PCI device of that maker is listed."""
        return has_pci_vendor(self.sys, _NVIDIA)

    def capabilities(self) -> tuple[Capability, ...]:
        """What the running kernel offers, tried where trying is harmless."""
        return examine_kernel(self.proc, self.sys)
