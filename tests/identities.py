"""Who a box runs as, for tests that need nobody else."""

import os

from ringfence.sandbox.plan import Identity

__all__ = ["ME"]

ME = Identity(
    host_uid=1000,
    host_gid=1000,
    uid=1000,
    gid=1000,
    name="agent",
    owner_uid=os.geteuid(),
    owner_gid=os.getegid(),
)
