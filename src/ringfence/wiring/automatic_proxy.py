"""Asks a file of automatic proxy configuration, in a process of its own that is gone with the answer."""

import json
import subprocess
import sys
from dataclasses import asdict

from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.protocols.pac import PacQuestion

__all__ = ["NoAnswer", "answer"]

_NO_ENGINE, _NOT_CONFINED = 3, 5  # of daemon.pac
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from ringfence.daemon.pac import main
sys.exit(main())
"""


class NoAnswer(RingfenceError):
    """The file says nothing of a host."""


def answer(question: PacQuestion) -> str:
    """What it says. Waits for it, some tenths of a second.

    Raises:
        NoAnswer: there is no engine, the script fails, or it takes too long.
    """
    program = (sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, json.dumps(sys.path))
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that runs this
            program,
            input=json.dumps(asdict(question)).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=LIMITS.pac_wait_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise NoAnswer("the proxy's script was not evaluated in time", hint="name the proxy itself") from None
    match done.returncode:
        case 0:
            return done.stdout.decode("utf-8", "replace")
        case code if code == _NO_ENGINE:
            raise NoAnswer("nothing here evaluates the proxy's script", hint="pip install 'ringfence[pac]'")
        case code if code == _NOT_CONFINED:
            raise NoAnswer("the proxy's script cannot be confined here", hint="see: ringfence doctor")
    raise NoAnswer(
        "the proxy's script fails", hint="it is JavaScript with FindProxyForURL; name the proxy itself"
    )
