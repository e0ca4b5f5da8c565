"""NVIDIA's GPUs, through the driver's own management library (NVML). Only asks; changes no setting.

Source: NVML API reference. A driver answers "not supported" to single questions; those become None.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Accelerator, AcceleratorUse
from ringfence.core.text import clip, printable

__all__ = ["nvidia_accelerators"]

_DEVICES = 256


def nvidia_accelerators(names: Mapping[int, str], *, hardware: bool) -> Iterator[Accelerator | Skipped]:
    """Each GPU that NVML tells about. `names` gives processes their names.

    Without the driver's library there is nothing to say, unless there is `hardware`: then it is skipped.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        missing = isinstance(error, pynvml.NVMLError_LibraryNotFound)
        if hardware or not missing:
            reason = "the driver's library is missing" if missing else f"the driver says: {_text(str(error))}"
            yield Skipped(kind="accelerator", subject="NVIDIA GPUs", reason=reason)
        return
    try:
        count = _told(pynvml, pynvml.nvmlDeviceGetCount)
        if count is None:
            yield Skipped(kind="accelerator", subject="NVIDIA GPUs", reason="the driver does not list them")
        for index in range(min(count or 0, _DEVICES)):
            handle = _told(pynvml, pynvml.nvmlDeviceGetHandleByIndex, index)
            if handle is None:
                reason = "the driver does not let it be looked at"
                yield Skipped(kind="accelerator", subject=f"NVIDIA GPU {index}", reason=reason)
            else:
                yield _gpu(pynvml, handle, index, names)
    finally:
        pynvml.nvmlShutdown()


def _gpu(nvml: Any, handle: Any, index: int, names: Mapping[int, str]) -> Accelerator:  # noqa: ANN401
    memory = _told(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    rates = _told(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
    return Accelerator(
        kind="gpu",
        vendor="nvidia",
        name=_text(_told(nvml, nvml.nvmlDeviceGetName, handle) or "NVIDIA GPU"),
        device=_text(_told(nvml, nvml.nvmlDeviceGetUUID, handle) or f"nvidia{index}"),
        memory_total_bytes=int(memory.total) if memory else None,
        memory_used_bytes=int(memory.used) if memory else None,
        utilization_percent=int(rates.gpu) if rates else None,
        processes=tuple(_uses(nvml, handle, names)),
    )


def _uses(nvml: Any, handle: Any, names: Mapping[int, str]) -> Iterator[AcceleratorUse]:  # noqa: ANN401
    """Compute and graphics together: a process in both lists has one entry, with the larger number."""
    memory: dict[int, int | None] = {}
    for question in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
        for use in _told(nvml, question, handle) or ():
            sizes = [size for size in (memory.get(use.pid), use.usedGpuMemory) if size is not None]
            memory[use.pid] = max(sizes, default=None)
    for pid, size in sorted(memory.items()):
        yield AcceleratorUse(pid=pid, name=names.get(pid), memory_bytes=size)


def _told(nvml: Any, question: Callable[..., Any], *about: Any) -> Any:  # noqa: ANN401
    """The answer, None where the driver has none. The library has no types of its own."""
    try:
        return question(*about)
    except nvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return clip(printable(text), chars=LIMITS.name_chars)
