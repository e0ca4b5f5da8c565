"""The daemon's process, from when it was started until nobody needs it."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from ringfence.daemon.control import Control, DaemonThere, listen

__all__ = ["run"]


def run(folder: Path, *, ready: int, serve: Callable[[Control], None]) -> None:
    """Listens in that folder and serves; nothing is done where another one listens already.

    `ready` is a pipe's end, which is told that somebody listens, and closed.

    Raises:
        StateRefused: the folder is not as it must be.
        RingfenceError: what it needs cannot be kept running.
    """
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        control = listen(folder)
    except DaemonThere:
        return
    finally:
        os.close(ready)
    serve(control)


def _end(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what is open is closed in good order
    sys.exit(0)
