"""Python's compiled bytecode, which nobody can read. Its names are looked at; it is never unmarshalled.

Source: CPython's Lib/importlib/_bootstrap_external.py and PEP 552.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT", "is_cache"]

# What code that leaves its process has to name.
_ACTING = frozenset(
    (
        *("system", "popen", "Popen", "check_output", "check_call", "subprocess", "exec", "eval", "marshal"),
        *(
            "b64decode",
            "urlopen",
            "urlretrieve",
            "requests",
            "socket",
            "ctypes",
            "__import__",
            "__subclasses__",
        ),
        *("__globals__", "__builtins__", "execv", "execve", "posix", "pty"),
    )
)
# Python writes which one it is into the name; without, the file is a module of its own (PEP 3147).
_CACHE = re.compile(r"\.(?:cpython|pypy|graalpy|ironpython|jython)[\w-]{0,20}(?:\.opt-\w+)?\.pyc$")
_CODE = (0xE3, 0x63)  # marshal's mark of a code object, with and without a reference
_HAVE_FLAGS = 3_390  # Python 3.7
_NEWEST = 3_999  # magic numbers of Python 3 begin at 3,000


def is_cache(name: str) -> bool:
    """Whether a file of that name is only ever loaded beside its source, by Python 3."""
    return _CACHE.search(name) is not None


def _sniff(reader: Reader) -> bool:
    head = reader.head
    magic = int.from_bytes(head[:2], "little")
    if head[2:4] != b"\r\n" or not (3_000 <= magic <= _NEWEST or 50_000 <= magic <= 62_300):
        return False
    return any(len(head) > at and head[at] in _CODE for at in (8, 12, 16))


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("python bytecode",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.marshal_strings import marshal_strings

    magic, flags = (int.from_bytes(reader.head[at : at + size], "little") for at, size in ((0, 2), (4, 4)))
    unchecked = flags == 1 and _HAVE_FLAGS <= magic <= _NEWEST
    if reader.size_bytes > LIMITS.python_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of bytecode")
    found = marshal_strings(reader.at(0, reader.size_bytes))
    names = dict.fromkeys(name for name in found if _ACTING & set(name.split(".")))
    why = "never compared with its source" if unchecked else "runs without its source, which may be another"
    yield Spotted(
        check="python-bytecode",
        severity=Severity.HIGH if names or unchecked else Severity.LOW,
        confidence=Confidence.LIKELY if names else Confidence.POSSIBLE,
        at=0,
        evidence=(why, *(f"names {name}" for name in names)),
        advice="delete it: Python makes it anew from its source, and without one nobody knows what it does",
    )


FORMAT = Format(
    name="python-bytecode",
    title="Python bytecode",
    suffixes=(".pyc", ".pyo"),
    sniff=_sniff,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
