"""What this kernel and machine offer, and what is lost without it."""

from ringfence.core.limits import LIMITS
from ringfence.core.machine import Capability
from ringfence.core.text import clip, printable
from ringfence.endpoint.platform import Platform

__all__ = ["examine_machine"]


def examine_machine(platform: Platform | None) -> tuple[Capability, ...]:
    """Every mechanism that ringfence knows how to use. Tries, but changes nothing."""
    return (*(platform.capabilities() if platform else ()), _nvml())


def _nvml() -> Capability:
    import pynvml

    available = False
    try:
        pynvml.nvmlInit()
        try:
            version = pynvml.nvmlSystemGetDriverVersion()
            available, detail = True, f"driver {version}"
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError_LibraryNotFound:
        detail = "the driver's library is not installed"
    except pynvml.NVMLError as error:
        detail = f"the driver says: {error}"
    return Capability(
        name="nvml",
        available=available,
        detail=clip(printable(detail), chars=LIMITS.evidence_chars),
        lost_without="Use of NVIDIA GPUs cannot be seen.",
    )
