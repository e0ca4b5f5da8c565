"""What a proxy lacks on this machine: found out by confining a process as one, which then ends."""

import json
import os
import select
import socket

from ringfence.daemon.children import fork_child
from ringfence.daemon.confining import apart, confine

__all__ = ["proxy_lacks"]

_NAME = "ringfence-trial"
_WITHIN_MS = 10_000
_BYTES = 64 << 10


def proxy_lacks() -> tuple[str, ...] | None:
    """The layers that cannot be had, in words; None where nothing is known: no process, or none that serves.

    This process must have one thread.
    """
    try:
        child = fork_child(_try)
    except OSError:
        return None
    try:
        answered = select.poll()
        answered.register(child.channel, select.POLLIN)
        if not answered.poll(_WITHIN_MS):
            return None
        return tuple(map(str, json.loads(child.channel.recv(_BYTES))))
    except (OSError, ValueError):
        return None
    finally:
        child.end(at_once=True)


def _try(daemon: socket.socket) -> None:
    uid, gid = os.geteuid(), os.getegid()
    pid, _, lacking = apart()
    if pid:
        os.waitpid(pid, 0)
        return
    lacking += confine(_NAME, uid=uid, gid=gid)
    daemon.send(json.dumps(lacking).encode())
