"""Runs whole programs and says what they took: seconds, by turns, or the most memory of all processes."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Result", "by_turns", "cores", "peak_bytes", "ringfence", "scan_environment", "seconds"]

_SAMPLE_S = 0.005
_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the table."""

    name: str
    measured: float
    limit: float
    at_least: bool = False  # the limit is the least that is good enough, not the most
    unit: str = " x"
    detail: str  # the numbers behind it, in this machine's own seconds

    @property
    def is_ok(self) -> bool:
        """Whether it keeps to the limit."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def ringfence(*arguments: str | Path) -> list[str]:
    """The command line of the ringfence that is installed beside this interpreter."""
    return [str(Path(sys.executable).parent / "ringfence"), *map(str, arguments)]


def scan_environment(place: Path) -> dict[str, str]:
    """An empty home, so that a scan finds what the bench made and nothing else."""
    home = place / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def seconds(command: list[str], *, environment: dict[str, str]) -> float:
    """How long a program ran, from start to exit.

    Raises:
        CalledProcessError: it failed, so its time says nothing.
    """
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def by_turns(*measurements: Callable[[], float], rounds: int = _ROUNDS) -> tuple[float, ...]:
    """The median of each, taken A B A B …, so that a busy moment of the machine falls on all alike."""
    taken = [[measure() for measure in measurements] for _ in range(rounds)]
    return tuple(statistics.median(times) for times in zip(*taken, strict=True))


def peak_bytes(command: list[str], *, environment: dict[str, str]) -> int:
    """The most memory that a program and all it starts held at one time.

    Sampled; pages that processes share are counted once (PSS).

    Raises:
        CalledProcessError: it failed.
    """
    peak = 0
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_pss_bytes, _family(process.pid))))
            time.sleep(_SAMPLE_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in _listed(Path(f"/proc/{pid}/task")):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
