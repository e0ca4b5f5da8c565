"""Judges millions of broken files without instrumentation: sees less than fuzz_judge, and far more of them.

mutants.py [--seconds S] [--processes N] [--seed N] [--library] [GROUP …]

Each input is a real sample changed as `mutations` says, judged by the sample's own name and by one of
another format. Input `i` of a seed is always the same over the same samples, so that a worker only says
which one it is at; a watchdog ends those that hang, crash or grow, saves what they were at, and starts
another. What failed lies in .cache/fuzz/found.

h5py is hidden: HDF5's library is known to hang and crash on broken files, which is why files are judged in
processes apart (docs/decisions/0009). With --library it is there, over HDF5 and Keras alone; what it ends
is then counted, and only Python's exceptions are failures.
"""

import argparse
import gc
import hashlib
import multiprocessing as mp
import re
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from families import FAMILIES
from mutations import LARGEST_BYTES, mutant, stored

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.formats import FORMATS
from ringfence.artifacts.judging import judge
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import as_finding
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_GOLDEN, _FUZZED = _ROOT / "tests/golden", _ROOT / ".cache/fuzz"
_FOUND = _FUZZED / "found"
_READ_BYTES, _INFLATED_BYTES = 32 << 20, 2 << 20
_HANG_S, _SLOW_S, _LOOK_S, _TOLD_S = 30.0, 15.0, 0.5, 60.0
_LARGEST_RSS_BYTES = 2 << 30
_SHORT_BYTES = 600  # samples below this are chosen equally often, larger ones as much less as they are larger
_LIBRARY_GROUPS = ("hdf5", "keras")
_NAMES = (*sorted(each.name for each in (*FORMATS, *COMPANIONS)), "unknown")
_MAGICS = sorted({start for each in (*FORMATS, *COMPANIONS) for start in each.starts or () if len(start) > 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """What inputs are made of: each sample's group, name and bytes, and how often it is chosen."""

    all: list[tuple[str, str, bytes]]
    weights: list[float]
    groups: dict[str, list[bytes]]
    names: list[str]


@dataclass(slots=True)
class _Worker:
    """One process, and what it tells: which input it is at since when, and how many were of which format."""

    process: Any
    at: Any = field(default_factory=lambda: mp.RawValue("q", 0))
    since: Any = field(default_factory=lambda: mp.RawValue("d", 0.0))
    failed: Any = field(default_factory=lambda: mp.RawValue("q", 0))
    slowest: Any = field(default_factory=lambda: mp.RawValue("d", 0.0))
    counts: Any = field(default_factory=lambda: mp.RawArray("Q", len(_NAMES)))


def _samples(wanted: list[str]) -> _Samples:
    found: dict[tuple[str, bytes], str] = {}
    for path in sorted(_GOLDEN.glob("*/*")):
        if path.name != "expected.json":
            found[path.parent.name, path.read_bytes()] = path.name
    for family in FAMILIES:
        for path in sorted(_FUZZED.glob(f"{family}/*")):
            found.setdefault((family, path.read_bytes()[1:]), re.sub(r"^[0-9a-f]{40}$", "", path.name))
    sys.path.insert(0, str(_ROOT / "tests"))
    from corpus.all_samples import BLIND, BROKEN, INFORMED, samples

    for kind, sample in samples(BLIND | INFORMED | BROKEN):
        found.setdefault((kind, sample.data), Path(sample.name).name)
    for (group, data), name in list(found.items()):
        unpacked = stored(data)
        if unpacked is not None:
            found.setdefault((group, unpacked), name)
    every = [
        (group, name, data)
        for (group, data), name in found.items()
        if len(data) <= LARGEST_BYTES and (not wanted or group in wanted)
    ]
    groups: dict[str, list[bytes]] = {}
    for group, _, data in every:
        groups.setdefault(group, []).append(data)
    weights = [1 / len(groups[group]) ** 0.5 / (_SHORT_BYTES + len(data)) for group, _, data in every]
    for i in range(1, len(weights)):
        weights[i] += weights[i - 1]
    return _Samples(all=every, weights=weights, groups=groups, names=sorted({name for _, name, _ in every}))


def _input(samples: _Samples, seed: int, number: int) -> tuple[str, str, bytes]:
    """The two names and the bytes of one input."""
    random = Random(seed << 40 | number)
    (chosen,) = random.choices(samples.all, cum_weights=samples.weights)
    group, name, data = chosen
    return name, random.choice(samples.names), mutant(random, data, samples.groups[group], _MAGICS)


def _judge(data: bytes, name: str) -> str:
    """The format; raises whatever is wrong with judging."""
    budget = Budget(read_bytes=_READ_BYTES, inflated_bytes=_INFLATED_BYTES, files=200, seconds=10)
    found = judge(Reader.of_bytes(data, budget=budget), name=name)
    for spotted in found.spotted:
        finding = as_finding(spotted, subject="m")
        assert all(printable(text) == text for text in finding.evidence), finding.evidence
        assert len(finding.evidence) <= LIMITS.evidence_items, finding.evidence
    return found.format or "unknown"


def _work(samples: _Samples, seed: int, first: int, step: int, worker: _Worker) -> None:
    """Judges input `first` and every one that is `step` on, for ever."""
    index = {name: i for i, name in enumerate(_NAMES)}
    told: set[str] = set()
    number = first
    while True:
        worker.at.value, worker.since.value = number, time.monotonic()
        name, wrong, data = _input(samples, seed, number)
        for each in (name, wrong):
            before = time.process_time()
            try:
                worker.counts[index[_judge(data, each)]] += 1
            except Exception as error:  # noqa: BLE001 - whatever judging raises is what is looked for
                worker.failed.value += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} {where.filename}:{where.lineno}"
                if kind not in told:
                    told.add(kind)
                    _save("crash", data, each, "".join(traceback.format_exception(error)))
            took = time.process_time() - before
            worker.slowest.value = max(worker.slowest.value, took)
            if took > _SLOW_S and "slow" not in told:
                told.add("slow")
                worker.failed.value += 1
                _save("slow", data, each, f"{took:.1f} s of processor time")
        number += step


def _save(kind: str, data: bytes, name: str, why: str) -> None:
    _FOUND.mkdir(parents=True, exist_ok=True)
    path = _FOUND / f"mutants-{kind}-{hashlib.sha256(data).hexdigest()[:20]}"
    path.write_bytes(data)
    path.with_suffix(".why").write_text(f"judged as {name!r}\n{why}\n", encoding="utf-8")
    print(f"FAILED {kind}: {path}, judged as {name!r}\n{why}", flush=True)


def _resident_bytes(pid: int) -> int:
    """The most memory that the process has had; 0 when it is gone."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _wrong(worker: _Worker) -> str | None:
    """What is wrong with the process; None while it works."""
    if not worker.process.is_alive():
        code = worker.process.exitcode
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    if time.monotonic() - worker.since.value > _HANG_S:
        return "hangs"
    if _resident_bytes(worker.process.pid) > _LARGEST_RSS_BYTES:
        return "grows"
    return None


class _Run:
    """All workers of one run, with their watchdog."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.samples = _samples(options.groups or (list(_LIBRARY_GROUPS) if options.library else []))
        self.seed, self.step, self.library = options.seed, options.processes, options.library
        if not self.library:
            sys.modules["h5py"] = None  # type: ignore[assignment]  # importing it then fails
        self.ended: dict[str, int] = {}
        gc.freeze()  # so that workers share the samples' pages
        self.started = time.monotonic()
        self.workers = [_Worker(None) for _ in range(options.processes)]
        for i, worker in enumerate(self.workers):
            self._start(worker, i)

    def watch(self, seconds: float) -> int:
        """Runs so long; the number of failures."""
        told = self.started
        while time.monotonic() < self.started + seconds:
            time.sleep(_LOOK_S)
            for worker in self.workers:
                wrong = _wrong(worker)
                if wrong:
                    self._end(worker, wrong)
            if time.monotonic() > told + _TOLD_S:
                told = time.monotonic()
                self.tell()
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()
        self.tell()
        return sum(worker.failed.value for worker in self.workers) + (
            0 if self.library else sum(self.ended.values())
        )

    def tell(self) -> None:
        """How many were judged, of which format, and what went wrong."""
        counts = {name: sum(worker.counts[i] for worker in self.workers) for i, name in enumerate(_NAMES)}
        judged, seconds = sum(counts.values()), time.monotonic() - self.started
        failed = sum(worker.failed.value for worker in self.workers)
        slowest = max(worker.slowest.value for worker in self.workers)
        print(
            f"{judged:,} judged in {seconds:.0f} s ({judged / seconds:.0f}/s), seed {self.seed}; "
            f"{failed} failed, ended: {self.ended or 'none'}; slowest {slowest:.1f} s; "
            + ", ".join(f"{name} {count:,}" for name, count in counts.items() if count),
            flush=True,
        )

    def _start(self, worker: _Worker, first: int) -> None:
        worker.since.value = time.monotonic()
        worker.process = mp.get_context("fork").Process(
            target=_work, args=(self.samples, self.seed, first, self.step, worker), daemon=True
        )
        worker.process.start()

    def _end(self, worker: _Worker, wrong: str) -> None:
        worker.process.kill()
        worker.process.join()
        self.ended[wrong] = self.ended.get(wrong, 0) + 1
        name, other, data = _input(self.samples, self.seed, worker.at.value)
        _save("library" if self.library else "ended", data, f"{name} or {other}", wrong)
        self._start(worker, worker.at.value + self.step)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--library", action="store_true", help="with h5py, over HDF5 and Keras")
    parser.add_argument(
        "groups", nargs="*", help="golden folders, families or kinds of the corpus; default all"
    )
    options = parser.parse_args()
    return 1 if _Run(options).watch(options.seconds) else 0


if __name__ == "__main__":
    sys.exit(main())
