"""The running machine, as the use cases ask for it."""

import functools
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.app.scan.here import Here
from ringfence.endpoint.homes import own_home
from ringfence.endpoint.this_platform import this_platform

if TYPE_CHECKING:
    from ringfence.gate.door import Door

__all__ = ["here"]


def here(tell: Callable[[str], None] = lambda _line: None) -> Here:
    """This machine, now, as the running user. `tell` hears what a person should know of the policy."""
    return Here(
        environment=os.environ,
        platform=this_platform,
        now=lambda: datetime.now(UTC),
        digest_cache=_cache_folder() / "digests.sqlite",
        cores=_cores(),
        door=_once(functools.partial(_door, tell)),
    )


def _once(made: "Callable[[], Door]") -> "Callable[[], Door]":
    """The same one for all threads, made when it is first asked for."""
    lock, cached = threading.Lock(), functools.cache(made)

    def door() -> "Door":
        with lock:
            return cached()

    return door


def _door(tell: Callable[[str], None]) -> "Door":
    from ringfence.wiring.gate import open_door

    return open_door(tell=tell)


def _cache_folder() -> Path:
    return own_home(os.environ).cache("ringfence")


def _cores() -> int:
    """Cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
