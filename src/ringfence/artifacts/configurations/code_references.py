"""Judges a reference to code: a dotted name that a loader imports and calls as it is told to."""

import re
from enum import Enum
from typing import Final

from ringfence.artifacts.configurations.words import words
from ringfence.artifacts.pickles.policy import Kind, danger, kind_of
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["Runs", "judge_dotted", "judge_repository_code", "stays_within"]


class Runs(Enum):
    """Whether loading calls what is named."""

    SURELY = "calls"
    PERHAPS = "names"


_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
# Libraries whose classes configurations name every day. What they reach through is looked at all the same.
_LIBRARIES: Final = words("libraries")
# The standard library's that honest configurations call.
_EVERYDAY: Final = words("everyday")
_READS: Final = "changes or reads files"
_REACHED: Final = words("reached")
_ACTS: Final = words("acts")
_REPOSITORY_CODE: Final = re.compile(
    r"(?:(?P<other>[\w.-]{1,96}(?:/[\w.-]{1,96})?)--)?(?P<file>[\w/-]{1,200})\.[^\W\d]\w{0,200}"
)
_ASK: Final = "read the code that is named here before you let it run"
_DO_NOT: Final = "do not load it: a loader would call what is named here"


def judge_dotted(where: str, name: str, *, runs: Runs, arguments: tuple[str, ...] = ()) -> Spotted | None:
    """What naming `name` under the key `where` comes to; None for harmless names and for none at all."""
    if len(name) > LIMITS.name_chars or not _DOTTED.fullmatch(name):
        return None
    module, _, last = name.rpartition(".")
    evidence = (f"{where}: {name}", *arguments[:3])
    if name in _EVERYDAY:
        return None
    why = _danger(name)
    if why is not None and module.partition(".")[0] in _LIBRARIES and name in (*_ACTS, *_read_by(why, name)):
        severity = Severity.LOW if why == _READS else Severity.HIGH
        check = "configuration-reads-files" if why == _READS else "configuration-dangerous-code"
        return _spotted(check, severity, (*evidence, why))
    if why is not None:
        return _spotted("configuration-dangerous-code", Severity.CRITICAL, (*evidence, why))
    if name in _ACTS:
        return _spotted("configuration-dangerous-code", Severity.HIGH, (*evidence, "loads what it is given"))
    kind = kind_of(module, last)
    if kind is Kind.DATA or module in ("builtins", "collections", "pathlib", "math"):
        return None
    if kind in (Kind.STANDARD_LIBRARY, Kind.MODULE) and runs is Runs.SURELY:
        return _spotted("configuration-dangerous-code", Severity.HIGH, (*evidence, kind.value))
    if kind is Kind.LIBRARY or module.partition(".")[0] in _LIBRARIES:
        return _spotted("configuration-needs-library", Severity.INFO, evidence)
    return _spotted("runs-repository-code", Severity.LOW, evidence)


def judge_repository_code(where: str, reference: str) -> Spotted:
    """What naming a repository's file comes to: `modeling_x.Model`, or `acme/x--file.Class` of another."""
    found = _REPOSITORY_CODE.fullmatch(reference)
    if found is None or not stays_within(found["file"]) or found["file"].startswith("-"):
        return _spotted("odd-code-reference", Severity.HIGH, (f"{where}: {reference}",))
    if (other := found["other"]) is not None:
        return _spotted(
            "runs-other-repository-code", Severity.LOW, (f"{where}: {reference}", f"from {other}")
        )
    return _spotted("runs-repository-code", Severity.LOW, (f"{where}: {reference}",))


def _read_by(why: str, name: str) -> tuple[str, ...]:
    """The name itself where a library's own function reads files with it, as `numpy.loadtxt`."""
    return (name,) if why == _READS and not _REACHED & set(name.split(".")) else ()


def stays_within(path: str) -> bool:
    """Whether the path cannot leave the folder that it is relative to, on any system."""
    parts = path.replace("\\", "/").split("/")
    return not (path.startswith(("/", "\\", "~")) or ".." in parts or ":" in parts[0])


def _danger(name: str) -> str | None:
    """What is dangerous about a name, or about what it reaches through a harmless one."""
    parts = name.split(".")
    root_is_library = parts[0] in _LIBRARIES
    for at in range(len(parts) - 1):
        if at and parts[at] not in _REACHED:
            continue
        module, last = ".".join(parts[at:-1]), parts[-1]
        why = danger(module, last)
        # The dangers of pickles are wide: a whole module for one function. Under a library's own name only
        # what is dangerous by its exact name counts.
        if why is not None and (at or not root_is_library or kind_of(module, last) is Kind.DANGEROUS):
            return why
    return None


def _spotted(check: str, severity: Severity, evidence: tuple[str, ...]) -> Spotted:
    certain = severity in (Severity.INFO, Severity.LOW)
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        at=None,
        evidence=evidence,
        advice=_ASK if certain else _DO_NOT,
    )
