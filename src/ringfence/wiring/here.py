"""The running machine, as the use cases ask for it."""

import os
from datetime import UTC, datetime
from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.endpoint.homes import own_home
from ringfence.endpoint.this_platform import this_platform

__all__ = ["here"]


def here() -> Here:
    """This machine, now, as the running user."""
    return Here(
        environment=os.environ,
        platform=this_platform,
        now=lambda: datetime.now(UTC),
        digest_cache=_cache_folder() / "digests.sqlite",
        cores=_cores(),
    )


def _cache_folder() -> Path:
    return own_home(os.environ).cache("ringfence")


def _cores() -> int:
    """Cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
