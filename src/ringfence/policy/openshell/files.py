"""Files, Landlock and the user of a policy.

Its paths are those of an image; here they are the machine's. What every box has, or has of its own, is not
granted again, and nothing of the system is ever written.
"""

from collections.abc import Iterator

from ringfence.core.dataclass import dataclass
from ringfence.policy.openshell.document import Compatibility
from ringfence.policy.openshell.entries import Value
from ringfence.policy.openshell.patterns import literal
from ringfence.policy.openshell.report import Came, Report, Spot
from ringfence.policy.openshell.source import Named
from ringfence.policy.problems import quoted
from ringfence.policy.shapes.tables import Entry
from ringfence.policy.shapes.texts import Worded

__all__ = ["files", "settings"]

_MOST_PATHS = 256
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/etc", "/nix", "/boot")
_OWN = ("/tmp", "/var/tmp", "/dev", "/proc", "/sys", "/run", "/var/run", "/sandbox")  # noqa: S108 - of boxes
_TOO_MUCH = frozenset({"/", "/home", "/root", "/var", "/var/lib"})
_EXPECTED = ("/usr", "/lib", "/etc")


@dataclass(slots=True, kw_only=True)
class _Granted:
    read: list[str]
    write: list[str]


def files(base: Named, report: Report) -> dict[str, Value]:
    """The profile's `files`; adds a problem for what OpenShell refuses, too."""
    said: Entry | None = base.entry.get("filesystem_policy")
    spot = base.spot.of("filesystem_policy", base.entry.at("filesystem_policy"))
    granted = _Granted(read=[], write=[])
    workdir = True if said is None else said.get("include_workdir") is True
    if workdir:
        granted.read.append("**")
        granted.write.append("**")
    paths = [] if said is None else list(_paths(said, spot))
    if len(paths) > _MOST_PATHS:
        base.problems.add(base.entry, f"more than {_MOST_PATHS} paths", hint="name folders instead")
    for path, at, may_write in paths:
        if may_write and path.text.rstrip("/") == "":
            base.problems.add(path, "all of the machine may be written", hint="name folders instead")
            continue
        _path(path.text.rstrip("/") or "/", at, granted, report, may_write=may_write)
    named = {path.text.rstrip("/") for path, _, _ in paths}
    if not named.issuperset(_EXPECTED) and "" not in named:
        there = "what is not listed cannot be read"
        report.add(Came.LOOK, spot, there, "programs and libraries of the system can be read in every box")
    return {key: list(value) for key, value in (("read", granted.read), ("write", granted.write)) if value}


def _paths(said: Entry, spot: Spot) -> Iterator[tuple[Worded, Spot, bool]]:
    for key in ("read_only", "read_write"):
        listed: tuple[Worded, ...] = said.get(key) or ()
        for number, each in enumerate(listed):
            yield each, spot.of(f"{key}[{number}]", each), key == "read_write"


def _path(path: str, at: Spot, granted: _Granted, report: Report, *, may_write: bool) -> None:
    if path in _TOO_MUCH:
        there = f"{quoted(path)} is given as a whole"
        report.add(Came.LEFT_OUT, at, there, "nothing of it is granted: name the folders that are needed")
    elif _is_within(path, _OWN):
        there = f"{quoted(path)} is of the sandbox"
        report.add(Came.LEFT_OUT, at, there, "a box has its own, and nothing of the machine's is granted")
    elif _is_within(path, _SYSTEM):
        if may_write:
            there = f"{quoted(path)} may be written"
            report.add(Came.CLOSED, at, there, "the system's folders are never written")
        elif _is_within(path, ("/etc", "/boot")):
            there = f"{quoted(path)} is given"
            report.add(Came.LEFT_OUT, at, there, "of settings a box has those that programs need")
    else:
        patterns = [literal(path), f"{literal(path)}/**"]
        granted.read += patterns
        granted.write += patterns if may_write else []
        there = f"{quoted(path)} is of the sandbox's image"
        report.add(Came.LOOK, at, there, "it is this machine's: see that it means the same")


def _is_within(path: str, places: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in places)


def settings(base: Named, report: Report) -> None:
    """What Landlock, the user and routes to models come to: nothing is granted by them."""
    landlock: Entry | None = base.entry.get("landlock")
    found = None if landlock is None else landlock.get("compatibility")
    if found is not Compatibility.HARD_REQUIREMENT:
        at = base.entry.at("landlock") if landlock is None else landlock.at("compatibility")
        there = "without Landlock the sandbox starts all the same (`best_effort`)"
        if found is None:
            there += ", which is what nothing said means"
        spot = base.spot.of("landlock.compatibility", at)
        report.add(Came.CLOSED, spot, there, "a box does not start where a layer cannot be applied")
    process: Entry | None = base.entry.get("process")
    for key in ("run_as_user", "run_as_group"):
        if process is not None and process.get(key) is not None:
            spot = base.spot.of(f"process.{key}", process.at(key))
            there = f"commands run as {quoted(process.get(key))}"
            here = "they run as whoever starts the box, with no right over others"
            report.add(Came.CLOSED if _is_root(process.get(key)) else Came.LEFT_OUT, spot, there, here)
    if base.entry.get("inference") is not None:
        spot = base.spot.of("inference", base.entry.at("inference"))
        there = "models are reached by routes"
        report.add(Came.LEFT_OUT, spot, there, "name the models' hosts in `network`")


def _is_root(who: str) -> bool:
    return who in ("root", "0")
