"""What is measured, against what, and how much is allowed."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from bench.boxes import boxes
from bench.egress import egress
from bench.judging import judging
from bench.ledger import ledger
from bench.measure import Result, by_turns, cores, peak_bytes, ringfence, scan_environment, seconds
from bench.operators import operators
from bench.policy import policy
from bench.trees import header_tree, large_tree, many_files_tree

__all__ = ["CASES"]

_FILES_ONLY = ("--no-processes", "--no-listeners", "--format", "json")


def _start(place: Path) -> Iterator[Result]:
    environment = scan_environment(place)
    python = [sys.executable, "-c", "pass"]
    version, nothing = by_turns(
        lambda: seconds(ringfence("--version"), environment=environment),
        lambda: seconds(python, environment=environment),
    )
    yield Result(
        name="`ringfence --version` more than `python -c pass`",
        measured=(version - nothing) * 1000,
        limit=60,
        unit=" ms",
        detail=f"{version * 1000:.0f} ms and {nothing * 1000:.0f} ms",
    )


def _walk(place: Path) -> Iterator[Result]:
    tree = many_files_tree(place)
    environment = scan_environment(place)
    scan = ringfence("scan", tree, "--no-hash", *_FILES_ONLY)
    find = ["find", str(tree), "-type", "f", "-size", "+1M", "-exec", "head", "-q", "-c", "8", "{}", "+"]
    seconds(scan, environment=environment)
    ours, theirs = by_turns(
        lambda: seconds(scan, environment=environment), lambda: seconds(find, environment=environment)
    )
    yield Result(
        name="scan of 300,000 files, against find and the magic of what it lists",
        measured=ours / theirs,
        limit=1.2,
        detail=f"{ours:.2f} s and {theirs:.2f} s",
    )
    peak = peak_bytes(scan, environment=environment)
    yield Result(
        name="peak memory with 300,000 files and 200 models",
        measured=peak / 1e6,
        limit=120,
        unit=" MB",
        detail="all processes together, shared pages once",
    )


def _hash(place: Path) -> Iterator[Result]:
    tree = large_tree(place)
    environment = scan_environment(place)
    cache = Path(environment["HOME"]) / ".cache"
    scan = ringfence("scan", tree, *_FILES_ONLY)
    openssl = ["openssl", "dgst", "-sha256", *map(str, sorted(tree.iterdir()))]

    seconds(openssl, environment=environment)  # holes, too, are only read fast once they have pages

    def first() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return seconds(scan, environment=environment)

    new, again, one_core = by_turns(
        first,
        lambda: seconds(scan, environment=environment),
        lambda: seconds(openssl, environment=environment),
    )
    yield Result(
        name=f"hashing 12 GiB, against {cores()} x openssl on one core",
        measured=one_core / cores() / new,
        limit=0.9,
        at_least=True,
        detail=f"{new:.2f} s; openssl {one_core:.2f} s",
    )
    yield Result(
        name="a second scan with hashing, against the first",
        measured=again / new,
        limit=0.2,
        detail=f"{again:.2f} s and {new:.2f} s",
    )


def _headers(place: Path) -> Iterator[Result]:
    environment = scan_environment(place)
    scan = ringfence("scan", header_tree(place), "--no-hash", *_FILES_ONLY)
    (took,) = by_turns(lambda: seconds(scan, environment=environment))
    yield Result(
        name="1,000 GGUF headers of 20 KB", measured=took, limit=1, unit=" s", detail="start to exit"
    )


def _listeners(place: Path) -> Iterator[Result]:
    empty = place / "empty"
    empty.mkdir(parents=True, exist_ok=True)
    scan = ringfence("scan", empty, "--no-hash", "--no-processes", "--format", "json")
    serve = [sys.executable, "-m", "bench.servers", *scan]
    alone = ["unshare", "--user", "--map-root-user", "--net"]  # nobody else's servers are asked, or count
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        alone = []

    def took() -> float:
        environment = scan_environment(place)
        ran = subprocess.run([*alone, *serve], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return float(ran.stdout)

    (median,) = by_turns(took)
    yield Result(
        name="200 listeners, 50 of which never answer",
        measured=median,
        limit=3,
        unit=" s",
        detail="start to exit" + ("" if alone else "; this machine's own servers are in it"),
    )


CASES: Mapping[str, Callable[[Path], Iterator[Result]]] = MappingProxyType(
    {
        "start": _start,
        "walk": _walk,
        "hash": _hash,
        "headers": _headers,
        "listeners": _listeners,
        "judging": judging,
        "ledger": ledger,
        "boxes": boxes,
        "egress": egress,
        "policy": policy,
        "operators": operators,
    }
)
