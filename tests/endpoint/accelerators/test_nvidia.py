"""NVIDIA's GPUs, asked through the real pynvml over a stub of the driver's library."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from needs import missing
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Accelerator, AcceleratorUse
from ringfence.endpoint.accelerators.nvidia import nvidia_accelerators

ASK = """
import sys
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Accelerator, AcceleratorUse
from ringfence.endpoint.accelerators.nvidia import nvidia_accelerators
from ringfence.endpoint.doctor import examine_machine
print(list(nvidia_accelerators({4242: "server"}, hardware=True)))
print([(c.available, c.detail) for c in examine_machine(None) if c.name == "nvml"])
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        missing("gcc", "apt-get install gcc")
    folder = tmp_path_factory.mktemp("nvml")
    source = Path(__file__).parents[2] / "real/stub_nvml.c"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", folder / "libnvidia-ml.so.1", source],
        check=True,
    )
    return folder


def asked(library: Path, part: str) -> tuple[list[Accelerator | Skipped], list[tuple[bool, str]]]:
    environment = os.environ | {"LD_LIBRARY_PATH": str(library), "STUB_NVML": part, "STUB_NVML_PID": "4242"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
    )
    known = {"Accelerator": Accelerator, "AcceleratorUse": AcceleratorUse, "Skipped": Skipped}
    first, second = done.stdout.splitlines()
    return eval(first, known), eval(second)


def test_two_gpus_and_who_uses_them(library: Path) -> None:
    found, nvml = asked(library, "working")
    first = Accelerator(
        kind="gpu",
        vendor="nvidia",
        name="Stub H200",
        device="GPU-stub-0",
        memory_total_bytes=80 << 30,
        memory_used_bytes=20 << 30,
        utilization_percent=77,
        processes=(AcceleratorUse(pid=4242, name="server", memory_bytes=5 << 30),),
    )
    second = Accelerator(
        kind="gpu",
        vendor="nvidia",
        name="Stub\\x1b[2J A100",
        device="GPU-stub-1",
        memory_total_bytes=80 << 30,
        memory_used_bytes=20 << 30,
        utilization_percent=77,
        processes=(),
    )
    assert found == [first, second]
    assert nvml == [(True, "driver 999.1")]


def test_what_the_driver_does_not_tell_is_none(library: Path) -> None:
    found, _ = asked(library, "silent")
    assert found == [
        Accelerator(
            kind="gpu",
            vendor="nvidia",
            name="NVIDIA GPU",
            device="nvidia0",
            memory_total_bytes=None,
            memory_used_bytes=None,
            utilization_percent=None,
            processes=(),
        )
    ]


def test_a_driver_that_is_not_loaded_is_a_skip_that_says_so(library: Path) -> None:
    found, nvml = asked(library, "stopped")
    reason = "the driver says: Driver Not Loaded"
    assert found == [Skipped(kind="accelerator", subject="NVIDIA GPUs", reason=reason)]
    assert nvml == [(False, reason)]


def test_without_a_library_there_is_a_skip_only_where_there_is_hardware() -> None:
    ask = (
        "import sys\n"
        "from ringfence.endpoint.accelerators.nvidia import nvidia_accelerators\n"
        "print([[s.reason for s in nvidia_accelerators({}, hardware=h)] for h in (True, False)])\n"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has the driver")
    assert done.stdout.strip() == '[["the driver\'s library is missing"], []]'


def test_nothing_is_raised_on_this_very_machine() -> None:
    for found in nvidia_accelerators({}, hardware=True):
        assert isinstance(found, Accelerator | Skipped)
