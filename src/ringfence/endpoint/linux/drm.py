"""GPUs and NPUs out of /sys/class/{drm,accel}, and who uses them out of /proc/PID/fdinfo.

Source: kernel Documentation/gpu/drm-usage-stats.rst and Documentation/accel/introduction.rst.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Accelerator, AcceleratorUse
from ringfence.core.text import clip, printable
from ringfence.endpoint.linux.reading import read_proc, read_word
from ringfence.endpoint.platform import Snapshot

__all__ = ["DrmClient", "drm_accelerators", "has_pci_vendor", "parse_fdinfo"]

_VENDORS = {"0x1002": "amd", "0x1022": "amd", "0x8086": "intel", "0x10de": "nvidia", "0x17cb": "qualcomm"}
_NVML_TELLS = "nvidia"  # NVIDIA's own driver has no fdinfo; nouveau has
_NO_HARDWARE = frozenset({"vgem", "vkms"})
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}
_SIZE = re.compile(r"(\d{1,20})(?: (KiB|MiB))?")
# Newer kernels say resident; memory is its older name, and total counts what is not in memory too.
_MEMORY_KEYS = ("drm-resident-", "drm-memory-", "drm-total-")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrmClient:
    """One opening of a DRM device, as fdinfo tells of it."""

    driver: str
    pci: str | None  # PCI address; None for devices on another bus
    client: str | None  # the same for duplicates of one descriptor
    memory_bytes: int | None  # over all regions


def parse_fdinfo(data: bytes) -> DrmClient | None:
    """The DRM keys of a fdinfo document; None when there are none. Unknown keys and units are left out."""
    keys: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and key.startswith("drm-"):
            keys.setdefault(key, value.strip())
    if "drm-driver" not in keys:
        return None
    return DrmClient(
        driver=_harmless(keys["drm-driver"]),
        pci=keys.get("drm-pdev"),
        client=keys.get("drm-client-id"),
        memory_bytes=_memory(keys),
    )


def drm_accelerators(proc: Path, sys: Path, snapshot: Snapshot) -> Iterator[Accelerator]:
    """Every device with a render node but those of NVIDIA's own driver, then the accel devices, by node."""
    for kind, folder, pattern in (("gpu", "drm", r"card\d+"), ("npu", "accel", r"accel\d+")):
        try:
            nodes = sorted(
                path for path in (sys / "class" / folder).iterdir() if re.fullmatch(pattern, path.name)
            )
        except OSError:
            continue
        for node in nodes:
            found = _examined(kind, node, proc, snapshot)
            if found:
                yield found


def has_pci_vendor(sys: Path, vendor: int) -> bool:
    """Whether any PCI device is of that maker."""
    wanted = f"0x{vendor:04x}"
    return any(read_word(path) == wanted for path in (sys / "bus/pci/devices").glob("*/vendor"))


def _examined(kind: str, node: Path, proc: Path, snapshot: Snapshot) -> Accelerator | None:
    """The device behind one node of /sys/class; None when it computes nothing or NVML tells about it."""
    name, device, group = node.name, node / "device", "dri" if kind == "gpu" else "accel"
    about = _uevent(device)
    driver = about.get("DRIVER", "")
    nodes = {name}
    if kind == "gpu":
        nodes |= {path.name for path in (device / "drm").glob("renderD*")}
        if len(nodes) == 1 or driver == _NVML_TELLS or driver in _NO_HARDWARE:
            return None
    vendor_id = read_word(device / "vendor") or ""
    pci = about.get("PCI_SLOT_NAME")
    paths = {f"/dev/{group}/{each}" for each in nodes}
    return Accelerator(
        kind=kind,
        vendor=_VENDORS.get(vendor_id, _harmless(driver or "unknown")),
        name=_harmless(
            read_word(device / "product_name") or f"{driver} {about.get('PCI_ID', '')}".strip() or name
        ),
        device=_harmless(pci or f"/dev/{group}/{name}"),
        memory_total_bytes=_number(device / "mem_info_vram_total"),
        memory_used_bytes=_number(device / "mem_info_vram_used")
        or _number(device / "npu_memory_utilization"),
        utilization_percent=_number(device / "gpu_busy_percent"),
        processes=tuple(_uses(proc, snapshot, paths, pci)),
    )


def _uses(proc: Path, snapshot: Snapshot, paths: set[str], pci: str | None) -> Iterator[AcceleratorUse]:
    """One entry for each process that has the device open; memory where the driver tells it."""
    for process in snapshot.processes:
        clients: dict[str, int | None] = {}
        for device in process.devices:
            if str(device.path) not in paths:
                continue
            info = parse_fdinfo(read_proc(proc / str(process.pid) / "fdinfo" / str(device.descriptor)))
            if info and info.pci and pci and info.pci != pci:
                continue
            known = info.client if info and info.client else f"fd {device.descriptor}"
            clients[known] = info.memory_bytes if info else None
        if clients:
            told = [size for size in clients.values() if size is not None]
            memory = sum(told) if told else None
            yield AcceleratorUse(pid=process.pid, name=process.name, memory_bytes=memory)


def _memory(keys: Mapping[str, str]) -> int | None:
    for prefix in _MEMORY_KEYS:
        sizes = [
            _size(value) for key, value in keys.items() if key.startswith(prefix) and "-cycles-" not in key
        ]
        told = [size for size in sizes if size is not None]
        if told:
            return sum(told)
    return None


def _size(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2] or ""] if match else None


def _uevent(device: Path) -> dict[str, str]:
    lines = (read_word(device / "uevent") or "").splitlines()
    return {key: value for key, _, value in (line.partition("=") for line in lines)}


def _number(path: Path) -> int | None:
    text = read_word(path)
    return int(text) if text and text.isdecimal() and len(text) <= 20 else None


def _harmless(text: str) -> str:
    return clip(printable(text), chars=LIMITS.name_chars)
