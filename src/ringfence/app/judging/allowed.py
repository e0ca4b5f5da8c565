"""What judging one file may cost. The defaults are `limits.judged_*`; options of commands change them."""

from ringfence.artifacts.budget import Budget
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["Allowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Bounds on one file with all files within it; what goes beyond one is inconclusive."""

    seconds: float = LIMITS.judged_s
    read_bytes: int = LIMITS.judged_bytes
    inflated_bytes: int = LIMITS.judged_total_inflated_bytes
    files: int = LIMITS.judged_files
    memory_bytes: int = LIMITS.judged_memory_bytes  # beyond what the process that judges begins with

    def budget(self) -> Budget:
        """For one file."""
        return Budget(
            read_bytes=self.read_bytes,
            inflated_bytes=self.inflated_bytes,
            files=self.files,
            seconds=self.seconds,
        )
