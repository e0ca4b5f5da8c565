"""Starts and ends a process that judges. It knows no more than it is asked, and cannot hold the scan up.

Where that is safe it is forked, which costs nothing: what this process has imported is imported there too. A
process with threads is never forked, because a lock that one of them holds would be held in the copy for
ever; then, and on systems that fork differently, the interpreter is started anew.
"""

import gc
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import NoReturn

from ringfence.app.judging.allowed import Allowed
from ringfence.core.dataclass import dataclass

__all__ = ["Judging", "started"]

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # of libraries; cores are shared already
_PROGRAM = """
import json, sys
path, allowed = map(json.loads, sys.argv[1:])
sys.path[:] = path
from ringfence.app.judging.allowed import Allowed
from ringfence.app.judging.worker import serve
serve(Allowed(**allowed))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """A running process and the pipes to it, until `end`."""

    pid: int
    questions: int  # a descriptor to write to
    answers: int  # and one to read from
    child: "subprocess.Popen[bytes] | None" = None  # None when it was forked

    def kill(self) -> None:
        """Whatever it is doing; from any thread that knows that `end` was not called."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kills it and forgets all about it."""
        self.kill()
        for fd in (self.questions, self.answers):
            os.close(fd)
        if self.child:
            self.child.wait()
        else:
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def started(allowed: Allowed) -> Judging:
    """A new process that answers as `worker.serve` does.

    Raises:
        OSError: the system allows no more.
    """
    asked, questions = os.pipe()
    answers, answered = os.pipe()
    try:
        if _may_fork():
            if not gc.get_freeze_count():
                gc.freeze()  # looking for garbage writes to what both share; what comes later is looked at
            pid = os.fork()
            if not pid:
                _become_judge(asked, answered, allowed)
            child = None
        else:
            child = _spawned(asked, answered, allowed)
            pid = child.pid
    except OSError:
        os.close(questions)
        os.close(answers)
        raise
    finally:
        os.close(asked)
        os.close(answered)
    os.set_blocking(questions, False)
    return Judging(pid=pid, questions=questions, answers=answers, child=child)


def _may_fork() -> bool:
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


def _become_judge(asked: int, answered: int, allowed: Allowed) -> NoReturn:
    """Serves in the forked process, and never returns to what its parent was doing."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.dup2(asked, 0)
        os.dup2(answered, 1)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 2)
        for fd in map(int, os.listdir("/proc/self/fd")):
            if fd > 2:  # above all the other judges' pipes
                with suppress(OSError):
                    os.close(fd)
        os.environ |= _ONE_THREAD
        gc.freeze()  # what it has from its parent is looked at for cycles by nobody, and so not copied
        from ringfence.app.judging.worker import serve

        serve(allowed)
    finally:
        os._exit(0)


def _spawned(asked: int, answered: int, allowed: Allowed) -> "subprocess.Popen[bytes]":
    program = (sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM)
    return subprocess.Popen(  # noqa: S603  the interpreter that runs this
        (*program, json.dumps(sys.path), json.dumps(asdict(allowed))),
        stdin=asked,
        stdout=answered,
        stderr=subprocess.DEVNULL,
        env=os.environ | _ONE_THREAD,
    )
