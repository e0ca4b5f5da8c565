"""A file that was found and examined, before it is known which model it belongs to."""

from ringfence.artifacts.examine import Examined
from ringfence.core.dataclass import dataclass
from ringfence.endpoint.found import FoundFile

__all__ = ["SeenFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """A regular file and what its header says."""

    found: FoundFile
    examined: Examined
