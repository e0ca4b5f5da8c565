"""Runs ringfence and other scanners over the same files, one after another: what each said of each."""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["OTHERS", "Answers", "ask_other", "ask_ringfence"]

OTHERS = ("modelscan", "picklescan", "fickling", "modelaudit")
_ASKING = Path(__file__).resolve().parent / "asking.py"
_WORDS = {"suspicious": "flagged", "malicious": "flagged", "known-library": "clean"}
_RESTARTS = 20  # of a scanner that dies at a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What one scanner said: path → flagged, warned, unknown, inconclusive or clean.

    Files that its time did not suffice for are missing.
    """

    scanner: str
    verdicts: dict[str, str]
    seconds: float
    peak_bytes: int  # of the largest of its processes


def ask_ringfence(folder: Path, *, home: Path, limit_s: float) -> Answers:
    """What `ringfence inspect` says of every file below `folder`."""
    answer = folder.parent / "ringfence.json"
    program = str(Path(sys.executable).parent / "ringfence")
    command = [program, "inspect", str(folder), "--no-hash", "--format", "json"]
    with answer.open("wb") as out:
        _, seconds, peak = _measured(command, home=home, limit_s=limit_s, out=out.fileno())
    files = json.loads(answer.read_bytes())["judged"]
    verdicts = {file["path"]: _WORDS.get(file["verdict"], file["verdict"]) for file in files}
    return Answers(scanner="ringfence", verdicts=verdicts, seconds=seconds, peak_bytes=peak)


def ask_other(scanner: str, python: Path, paths: list[Path], *, place: Path, limit_s: float) -> Answers:
    """What another scanner says, started anew after a file that it dies at (which is then inconclusive)."""
    listed, answers = place / f"{scanner}.list", place / f"{scanner}.jsonl"
    listed.write_text("".join(f"{path}\n" for path in paths))
    answers.unlink(missing_ok=True)
    took = peak = 0.0
    for _ in range(_RESTARTS):
        command = [str(python), str(_ASKING), scanner, str(listed), str(answers)]
        code, seconds, bytes_ = _measured(command, home=place / "home", limit_s=limit_s - took)
        took, peak = took + seconds, max(peak, bytes_)
        said = answers.read_text().splitlines() if answers.exists() else []
        if code == 0 or took >= limit_s or len(said) == len(paths):
            break
        with answers.open("a") as out:
            dead = {"path": str(paths[len(said)]), "verdict": "inconclusive", "seconds": 0}
            out.write(json.dumps(dead) + "\n")
    said = answers.read_text().splitlines()
    verdicts = {each["path"]: each["verdict"] for each in map(json.loads, said)}
    return Answers(scanner=scanner, verdicts=verdicts, seconds=took, peak_bytes=int(peak))


def _measured(
    command: list[str], *, home: Path, limit_s: float, out: int = subprocess.DEVNULL
) -> tuple[int, float, int]:
    """Exit code (-1 past the limit), seconds, and the peak of the largest process, taken by a helper."""
    helper = [sys.executable, str(Path(__file__)), str(limit_s), *command]
    home.mkdir(parents=True, exist_ok=True)
    # What tells a scanner not to report to its makers.
    quiet = {
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "NO_ANALYTICS": "1",
        "DO_NOT_TRACK": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **quiet}
    measured = subprocess.run(
        helper, env=environment, stdout=out, stderr=subprocess.PIPE, text=True, check=True, cwd=home
    )
    code, seconds, peak = measured.stderr.rsplit("\n", 2)[-2].split()
    return int(code), float(seconds), int(peak)


def _helper(limit_s: str, *command: str) -> None:
    """Runs one command, so that what its children took can be told from what others did."""
    started = time.perf_counter()
    try:
        code = subprocess.run(
            command, check=False, timeout=float(limit_s), stderr=subprocess.DEVNULL
        ).returncode
    except subprocess.TimeoutExpired:
        code = -1
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"\n{code} {time.perf_counter() - started:.3f} {peak}", file=sys.stderr)


if __name__ == "__main__":
    _helper(*sys.argv[1:])
