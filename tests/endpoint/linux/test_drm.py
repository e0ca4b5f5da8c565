"""AMD, Intel and NPU devices out of trees laid out as the kernel does; fdinfo as drivers print it."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.machine import Accelerator, AcceleratorUse
from ringfence.endpoint.accelerators.find import find_accelerators
from ringfence.endpoint.linux.drm import DrmClient, drm_accelerators, parse_fdinfo
from ringfence.endpoint.linux.linux import Linux
from ringfence.endpoint.platform import Device, RunningProcess, Snapshot

AMDGPU = """pos:	0
flags:	02100002
mnt_id:	24
ino:	1239
drm-driver:	amdgpu
drm-client-id:	38
drm-pdev:	0000:03:00.0
pasid:	32771
drm-memory-vram:	1048576 KiB
drm-memory-gtt: 	2048 KiB
drm-memory-cpu: 	0 KiB
amd-evicted-vram:	0 KiB
drm-engine-gfx:	1536895423 ns
"""
I915 = """pos:    0
flags:  02100002
drm-driver: i915
drm-client-id: 39
drm-pdev: 0000:00:02.0
drm-total-system0: 6044 KiB
drm-shared-system0: 0
drm-resident-system0: 6044 KiB
drm-purgeable-system0: 1688 KiB
drm-resident-stolen-system0: 0
drm-engine-render: 346249 ns
drm-engine-capacity-video: 2
"""
XE = """drm-driver:     xe
drm-client-id:  3
drm-pdev:       0000:03:00.0
drm-total-system:       0
drm-resident-gtt:       192 KiB
drm-total-vram0:        23992 KiB
drm-shared-vram0:       16 MiB
drm-resident-vram0:     23992 KiB
drm-cycles-rcs: 28257900
drm-total-cycles-rcs:   7655183225
"""


@pytest.mark.parametrize(
    ("text", "client"),
    [
        (AMDGPU, DrmClient(driver="amdgpu", pci="0000:03:00.0", client="38", memory_bytes=1050624 << 10)),
        (I915, DrmClient(driver="i915", pci="0000:00:02.0", client="39", memory_bytes=6044 << 10)),
        (XE, DrmClient(driver="xe", pci="0000:03:00.0", client="3", memory_bytes=24184 << 10)),
        (
            "drm-driver: x\ndrm-total-cycles-rcs: 5\n",
            DrmClient(driver="x", pci=None, client=None, memory_bytes=None),
        ),
        (
            "drm-driver: x\ndrm-memory-a: 5 GiB\n",
            DrmClient(driver="x", pci=None, client=None, memory_bytes=None),
        ),
        ("drm-driver: x\ndrm-total-a: 5\n", DrmClient(driver="x", pci=None, client=None, memory_bytes=5)),
        ("pos: 0\nflags: 02\n", None),
    ],
)
def test_fdinfo_is_read_as_each_driver_prints_it(text: str, client: DrmClient | None) -> None:
    assert parse_fdinfo(text.encode()) == client


@given(
    st.lists(
        st.sampled_from(
            ["drm-driver", "drm-memory-", "drm-resident-x", ":", " ", "9" * 30, " KiB", "\n", "\x1b"]
        )
    )
)
def test_no_order_of_the_parts_breaks_the_reader(parts: list[str]) -> None:
    client = parse_fdinfo("".join(parts).encode())
    assert client is None or client.driver.isprintable()


NPU = "DRIVER=intel_vpu\nPCI_SLOT_NAME=0000:00:0b.0\nPCI_ID=8086:643E\n"


def lay(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def process(pid: int, *devices: tuple[str, int]) -> RunningProcess:
    return RunningProcess(
        pid=pid,
        name=f"p{pid}",
        user="me",
        executable=None,
        folder=None,
        arguments=(),
        devices=tuple(Device(path=Path(path), descriptor=fd) for path, fd in devices),
    )


def test_an_amd_gpu_with_its_users(tmp_path: Path) -> None:
    card = "sys/class/drm/card0/device"
    lay(
        tmp_path,
        {
            f"{card}/vendor": "0x1002\n",
            f"{card}/uevent": "DRIVER=amdgpu\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:03:00.0\n",
            f"{card}/mem_info_vram_total": "25753026560\n",
            f"{card}/mem_info_vram_used": "1500000000\n",
            f"{card}/gpu_busy_percent": "42\n",
            f"{card}/drm/renderD128/dev": "226:128\n",
            "sys/class/drm/card0-DP-1/status": "connected\n",
            "proc/7/fdinfo/5": AMDGPU,
            "proc/7/fdinfo/6": AMDGPU,
            "proc/7/fdinfo/9": AMDGPU.replace("drm-client-id:	38", "drm-client-id:	40"),
        },
    )
    dev = "/dev/dri/renderD128"
    snapshot = Snapshot(
        processes=(process(7, (dev, 5), (dev, 6), (dev, 9)), process(8, ("/dev/dri/renderD129", 3)))
    )

    assert list(drm_accelerators(tmp_path / "proc", tmp_path / "sys", snapshot)) == [
        Accelerator(
            kind="gpu",
            vendor="amd",
            name="amdgpu 1002:744C",
            device="0000:03:00.0",
            memory_total_bytes=25753026560,
            memory_used_bytes=1500000000,
            utilization_percent=42,
            processes=(AcceleratorUse(pid=7, name="p7", memory_bytes=2 * (1050624 << 10)),),
        )
    ]


def test_an_npu_whose_driver_tells_little(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            "sys/class/accel/accel0/device/vendor": "0x8086\n",
            "sys/class/accel/accel0/device/uevent": NPU,
        },
    )
    snapshot = Snapshot(processes=(process(7, ("/dev/accel/accel0", 4)),))
    assert list(drm_accelerators(tmp_path / "proc", tmp_path / "sys", snapshot)) == [
        Accelerator(
            kind="npu",
            vendor="intel",
            name="intel_vpu 8086:643E",
            device="0000:00:0b.0",
            memory_total_bytes=None,
            memory_used_bytes=None,
            utilization_percent=None,
            processes=(AcceleratorUse(pid=7, name="p7", memory_bytes=None),),
        )
    ]


@pytest.mark.parametrize(
    ("driver", "node"), [("nvidia", "renderD128"), ("vgem", "renderD128"), ("bochs-drm", "card0")]
)
def test_displays_and_what_another_library_tells_about_are_left_out(
    tmp_path: Path, driver: str, node: str
) -> None:
    lay(
        tmp_path,
        {
            "sys/class/drm/card0/device/uevent": f"DRIVER={driver}\n",
            f"sys/class/drm/card0/device/drm/{node}/dev": "1",
        },
    )
    assert list(drm_accelerators(tmp_path / "proc", tmp_path / "sys", Snapshot())) == []


def test_hardware_without_a_driver_is_skipped_and_not_forgotten(tmp_path: Path) -> None:
    lay(tmp_path, {"sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n"})
    linux = Linux(proc=tmp_path / "proc", sys=tmp_path / "sys")
    assert linux.has_nvidia_hardware()
    found = list(find_accelerators(linux, Snapshot()))
    assert found or Path("/proc/driver/nvidia").exists()


def test_a_machine_without_any_has_none(tmp_path: Path) -> None:
    assert list(drm_accelerators(tmp_path / "proc", tmp_path / "sys", Snapshot())) == []
