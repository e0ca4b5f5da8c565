"""Judges lists of packages to install: where they come from, beside the index that everybody uses.

Installing a package runs its code. What is named is not looked up; what is fetched from elsewhere is told.

Source: pip's requirements file format; conda's environment files.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ringfence.artifacts.configurations.documents import Entry
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Confidence, Severity

__all__ = ["judge_environment", "judge_requirements"]

_URL: Final = re.compile(
    r"(?:[a-z0-9]{2,8}\+)?([a-z]{3,8})://(?:[^\s/@]{0,200}@)?([^\s/:#]{1,255})", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:]+\]|0x[0-9a-f]+|\d{8,10}", re.IGNORECASE)
_INDEX: Final = re.compile(r"(?:^|\s)(?:-i|--index-url|--extra-index-url|-f|--find-links|--pre-index)[\s=]")
_UNCHECKED: Final = re.compile(r"(?:^|\s)--trusted-host[\s=]")
_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_LINES: Final = 20_000


def judge_requirements(text: str) -> Iterator[Spotted]:
    """What is odd about the lines of a requirements file."""
    yield from _lines(text.replace("\\\n", " ").splitlines()[:_LINES])


def judge_environment(entry: Entry) -> Iterator[Spotted]:
    """What is odd about one mapping of a conda or Python environment."""
    for key in ("pip", "dependencies", "requires", "pip_requirements", "requirements", "build_dependencies"):
        value = entry.mapping.get(key)
        if isinstance(value, list):
            yield from _lines(_texts(value))
    channels = entry.mapping.get("channels")
    if isinstance(channels, list):
        for channel in _texts(channels):
            if "://" in channel:
                yield from _from(f"--index-url {channel}")


def _texts(values: list[Json]) -> list[str]:
    return [each for each in values[:_LINES] if isinstance(each, str)]


def _lines(lines: Iterable[str]) -> Iterator[Spotted]:
    for line in lines:
        stated = line.partition(" #")[0].strip()
        if stated and not stated.startswith("#"):
            yield from _from(stated)


def _from(line: str) -> Iterator[Spotted]:
    found = _URL.search(line[:2000])
    index = _INDEX.search(line) is not None
    if _UNCHECKED.search(line):
        yield _spotted("packages-unprotected", Severity.HIGH, line, "nothing proves who sends the packages")
    elif found is None:
        return
    elif found[2].lower() not in _LOCAL and (found[1].lower() == "http" or _ADDRESS.fullmatch(found[2])):
        why = "fetched without encryption" if found[1].lower() == "http" else "fetched from a bare address"
        yield _spotted("packages-unprotected", Severity.HIGH, line, why)
    else:
        why = "an index of somebody's own" if index else "fetched from where it says"
        yield _spotted("packages-from-elsewhere", Severity.LOW, line, why)


def _spotted(check: str, severity: Severity, line: str, why: str) -> Spotted:
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.LIKELY if severity == Severity.HIGH else Confidence.CERTAIN,
        at=None,
        evidence=(line, why),
        advice="install from your own index, by hash; installing runs what is fetched",
    )
