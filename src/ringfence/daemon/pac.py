"""Evaluates one file of automatic proxy configuration, in a process that has nothing and ends with it.

The script is a stranger's. Before it runs, its process has lost every file, socket, name and privilege, as a
proxy of ours does; it has a second of time and some memory. The engine is QuickJS (the extra `pac`).

Standard input: the question as JSON. Standard output: the answer. The exit status says why there is none.
"""

import importlib
import json
import os
import resource
import sys
from enum import IntEnum

from ringfence.core.limits import LIMITS
from ringfence.protocols.pac import FUNCTIONS, PacQuestion, call_of

__all__ = ["Ended", "main"]

_NAME = "ringfence-pac"


class Ended(IntEnum):
    """How it went."""

    ANSWERED = 0
    NO_ENGINE = 3
    FAILED = 4  # the script, or it took too much
    NOT_CONFINED = 5


def main() -> int:
    """Its exit status."""
    question = PacQuestion(**json.loads(sys.stdin.buffer.read(LIMITS.pac_question_bytes)))
    try:
        quickjs = importlib.import_module("quickjs")
    except ImportError:
        return Ended.NO_ENGINE
    from ringfence.core.errors import RingfenceError
    from ringfence.daemon.confining import apart, confine

    uid, gid = os.getuid(), os.getgid()
    pid, _, _ = apart()
    if pid:
        _, how = os.waitpid(pid, 0)
        return os.WEXITSTATUS(how) if os.WIFEXITED(how) else Ended.FAILED
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMITS.pac_s + 1, LIMITS.pac_s + 1))
        confine(_NAME, uid=uid, gid=gid)
    except (OSError, RingfenceError):
        os._exit(Ended.NOT_CONFINED)
    engine = quickjs.Context()
    engine.set_memory_limit(LIMITS.pac_memory_bytes)
    engine.set_time_limit(LIMITS.pac_s)
    engine.set_max_stack_size(LIMITS.pac_stack_bytes)
    try:
        asked = json.dumps({"host": question.host, "address": question.address})
        engine.eval(f"const _asked = {asked};\n{FUNCTIONS}")
        engine.eval(question.script)
        answer = engine.eval(call_of(question))
        os.write(1, str(answer).encode()[: LIMITS.pac_answer_bytes])
    except (quickjs.JSException, UnicodeError, MemoryError):
        os._exit(Ended.FAILED)
    os._exit(Ended.ANSWERED)


if __name__ == "__main__":
    sys.exit(main())
