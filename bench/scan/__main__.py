"""`python -m bench.scan [--quick]`: how many files that act are flagged, and how many honest ones are.

The same files for all scanners, in one run: the corpus of tests/corpus and what everyday libraries write.
Everything lies below .cache/bench/scan.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from bench.scan.environments import python_of
from bench.scan.scanners import OTHERS, Answers, ask_other, ask_ringfence
from bench.scan.table import BENIGN, Labelled, Row, missed_kinds, row

_ROOT = Path(__file__).resolve().parents[2]
_PLACE = _ROOT / ".cache/bench"
_LIMIT_S = 1200
_FLAGGED = frozenset({"flagged", "warned"})
_HEADS = (
    *("scanner", "answered", "flagged", "mean of kinds", "blind", "informed", "benign flagged"),
    *("benign clean or known", "inconclusive", "malformed clean", "time", "memory"),
)

_SHARES = (
    *("recall", "recall_of_kinds", "recall_blind", "recall_informed"),
    *("benign_flagged", "benign_clean", "inconclusive"),
)


def main() -> int:
    """Prints the table and what ringfence got wrong; 1 when it misses what it aims at."""
    parser = argparse.ArgumentParser(prog="python -m bench.scan", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every tenth file only")
    parser.add_argument("--limit-s", type=float, default=_LIMIT_S, help="seconds for each scanner")
    parser.add_argument("--only", action="append", choices=OTHERS, help="of the other scanners only this one")
    options = parser.parse_args()
    place = _PLACE / "scan"
    shutil.rmtree(place / "files", ignore_errors=True)
    files = [*_corpus(place / "files"), *_benign(place)]
    if options.quick:
        files = _tenth(files)
    Random(0).shuffle(files)  # so that whoever runs out of time has seen some of everything
    paths = [Path(file.path) for file in files]
    print(f"{len(files)} files; ringfence …", file=sys.stderr)
    own = ask_ringfence(place / "files", home=place / "home", limit_s=options.limit_s)
    rows = [row(own, files, counts=_FLAGGED)]
    for scanner in options.only or OTHERS:
        python = python_of(scanner, _PLACE)
        if python is None:
            print(f"{scanner} cannot be installed here", file=sys.stderr)
            continue
        print(f"{scanner} …", file=sys.stderr)
        said = ask_other(scanner, python, paths, place=place, limit_s=options.limit_s)
        rows += _rows(said, files)
    _show(rows, own, files, place)
    return 0 if _is_good(rows[0]) else 1


def _rows(said: Answers, files: list[Labelled]) -> list[Row]:
    """One line for what is flagged by default, and one for the stricter or laxer way where there is one."""
    if said.scanner == "picklescan":
        lax = {path: "clean" if word == "warned" else word for path, word in said.verdicts.items()}
        strict = replace(said, scanner="picklescan, strict")
        return [row(replace(said, verdicts=lax), files, counts=_FLAGGED), row(strict, files, counts=_FLAGGED)]
    rows = [row(said, files, counts=_FLAGGED)]
    if said.scanner == "modelaudit":
        critical = replace(said, scanner="modelaudit, critical")
        rows.append(row(critical, files, counts=frozenset({"flagged"})))
    return rows


def _corpus(folder: Path) -> Iterator[Labelled]:
    sys.path.insert(0, str(_ROOT / "tests"))
    from corpus.all_samples import BLIND, BROKEN, INFORMED, samples  # type: ignore[import-not-found]

    for half, kinds in (("blind", BLIND), ("informed", INFORMED), ("malformed", BROKEN)):
        for kind, sample in samples(kinds):
            path = folder / half / sample.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sample.data)
            yield Labelled(path=str(path), half=half, kind=kind)


def _benign(place: Path) -> Iterator[Labelled]:
    """What benign/ made, made once and hard-linked from there."""
    made = place / BENIGN
    done = place / "benign.done"
    maker = Path(__file__).with_name(BENIGN)
    sources = (*sorted(maker.glob("*.py")), maker.with_suffix(".txt"))
    wanted = "".join(source.read_text() for source in sources)
    if not done.exists() or done.read_text() != wanted:
        python = python_of(BENIGN, _PLACE)
        if python is None:
            raise SystemExit("ringfence: error: what writes the benign files cannot be installed")
        shutil.rmtree(made, ignore_errors=True)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        made.mkdir(parents=True)
        subprocess.run([str(python), str(maker), str(made)], check=True, env=environment, cwd=made)
        done.write_text(wanted)
    for source in sorted(path for path in made.rglob("*") if path.is_file()):
        name = source.relative_to(made)
        path = place / "files" / BENIGN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, path)
        yield Labelled(path=str(path), half=BENIGN, kind=name.parts[0])


def _tenth(files: list[Labelled]) -> list[Labelled]:
    """Every tenth file; the others are deleted, so that nobody reads them."""
    kept = files[::10]
    for file in set(files) - set(kept):
        Path(file.path).unlink()
    return kept


def _is_good(own: Row) -> bool:
    return (
        min(own.recall or 0, own.recall_of_kinds or 0) >= 0.99
        and (own.benign_flagged or 0) <= 0.005
        and (own.benign_clean or 0) >= 0.95
        and own.malformed_clean == 0
    )


def _show(rows: list[Row], own: Answers, files: list[Labelled], place: Path) -> None:
    """The table in Markdown, the kinds that ringfence got wrong, and each such file in `wrong.json`."""
    print("| " + " | ".join(_HEADS) + " |\n|" + "---|" * len(_HEADS))
    for each in rows:
        shares = [getattr(each, name) for name in _SHARES]
        told = " | ".join("-" if share is None else f"{share:.1%}" for share in shares)
        cost = f"{each.malformed_clean} | {each.seconds:.0f} s | {each.peak_bytes / 2**20:.0f} MiB"
        print(f"| {each.scanner} | {each.answered} of {len(files)} | {told} | {cost} |")
    print("\nringfence got wrong:")
    for half, kind, number, of in missed_kinds(own, files):
        print(f"  {half} {kind}: {number} of {of}")
    wrong = [
        (file.half, file.kind, own.verdicts.get(file.path, "missing"), file.path)
        for file in files
        if missed_kinds(own, [file])
    ]
    (place / "wrong.json").write_text(json.dumps(sorted(wrong), indent=1))


if __name__ == "__main__":
    sys.exit(main())
