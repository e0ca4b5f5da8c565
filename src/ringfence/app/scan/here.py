"""What a scan needs to know of the machine it runs on. Wiring fills it in; tests put in what they like."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.dataclass import dataclass
from ringfence.endpoint.platform import Platform

if TYPE_CHECKING:  # most commands have no effect, and need not load what judges one
    from ringfence.gate.door import Door

__all__ = ["Here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The machine, the moment and the user."""

    environment: Mapping[str, str] = field(repr=False)
    platform: Callable[[], Platform | None]  # None where no implementation exists yet; asked only when needed
    now: Callable[[], datetime]  # UTC
    digest_cache: Path  # the file that remembers digests; made when missing
    cores: int
    door: "Callable[[], Door]"  # to every effect; opened when first asked for
