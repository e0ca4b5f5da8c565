"""From what scanners said of labelled files to the numbers that compare them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from bench.scan.scanners import Answers

__all__ = ["BENIGN", "Labelled", "Row", "missed_kinds", "row"]

BENIGN = "benign"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One file of the run. `half` is blind or informed for what is malicious, else benign or malformed."""

    path: str
    half: str
    kind: str  # for benign files the library


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scanner's line; shares are from 0 to 1, None where it answered about no such file."""

    scanner: str
    answered: int
    recall: float | None
    recall_of_kinds: float | None
    recall_blind: float | None
    recall_informed: float | None
    benign_flagged: float | None
    benign_clean: float | None
    inconclusive: float | None  # of all files; unknown among them
    malformed_clean: int
    seconds: float
    peak_bytes: int


def row(answers: Answers, files: Iterable[Labelled], *, counts: frozenset[str]) -> Row:
    """The numbers of one scanner over what it answered about; `counts` are the words for flagged."""
    said = [(file, answers.verdicts[file.path]) for file in files if file.path in answers.verdicts]
    bad = [(file, word in counts) for file, word in said if file.half in ("blind", "informed")]
    benign = [word for file, word in said if file.half == BENIGN]
    kinds: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for file, flagged in bad:
        kinds[file.half, file.kind].append(flagged)
    return Row(
        scanner=answers.scanner,
        answered=len(said),
        recall=_share(bad, lambda each: each[1]),
        recall_of_kinds=sum(sum(each) / len(each) for each in kinds.values()) / len(kinds) if kinds else None,
        recall_blind=_share([each for each in bad if each[0].half == "blind"], lambda each: each[1]),
        recall_informed=_share([each for each in bad if each[0].half == "informed"], lambda each: each[1]),
        benign_flagged=_share(benign, lambda word: word in counts),
        benign_clean=_share(benign, lambda word: word == "clean"),
        inconclusive=_share(said, lambda each: each[1] in ("inconclusive", "unknown")),
        malformed_clean=sum(word == "clean" for file, word in said if file.half == "malformed"),
        seconds=answers.seconds,
        peak_bytes=answers.peak_bytes,
    )


def missed_kinds(answers: Answers, files: Iterable[Labelled]) -> list[tuple[str, str, int, int]]:
    """Half, kind, how many files of it were not flagged (for benign: not clean or known), and of how many."""
    all_of: Counter[tuple[str, str]] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    for file in files:
        word = answers.verdicts.get(file.path, "missing")
        good = {BENIGN: word == "clean", "malformed": word not in ("clean", "missing")}.get(
            file.half, word == "flagged"
        )
        all_of[file.half, file.kind] += 1
        missed[file.half, file.kind] += not good
    return [(half, kind, number, all_of[half, kind]) for (half, kind), number in missed.items() if number]


def _share(items: list[_T], is_so: Callable[[_T], bool]) -> float | None:
    return sum(map(is_so, items)) / len(items) if items else None
