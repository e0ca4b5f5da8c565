"""Says what may come of loading a file: it and all files within it are judged, whatever they are called.

Nothing is loaded. What could not be looked at, because it is broken, over a limit or of a format that nobody
here knows, is inconclusive and never clean.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from ringfence.artifacts import payloads
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.companions import COMPANIONS
from ringfence.artifacts.examine import KNOWN_SUFFIXES, identify, name_problems
from ringfence.artifacts.format import Child, Format, Inside
from ringfence.artifacts.formats import FORMATS, executable, plain_text, python_bytecode
from ringfence.artifacts.pickles.disguised import disguised
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind, as_spotted
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted, moved
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.core.verdicts import Judgement, Verdict, judged, verdict_of

__all__ = ["Judged", "judge", "judging_budget"]

_KNOWN = (*FORMATS, *COMPANIONS)
_CLAIMED = frozenset(suffix for each in _KNOWN for suffix in each.suffixes) | {".pb", ".meta"}
_WALKED = ("pickle", "joblib", "pytorch-legacy")  # as pickles, from their first byte
_Look = Callable[[Reader], Iterator[Spotted | Problem | Inside | Fact | Child]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one file is and what may come of it. Of one check at most `limits.judged_findings` are kept."""

    format: str | None
    judgement: Judgement
    spotted: tuple[Spotted, ...]
    facts: tuple[Fact, ...] = ()  # all that its header says, where judging came to know that besides


def judging_budget() -> Budget:
    """What judging one file may cost unless somebody says otherwise."""
    return Budget(
        read_bytes=LIMITS.judged_bytes,
        inflated_bytes=LIMITS.judged_total_inflated_bytes,
        files=LIMITS.judged_files,
        seconds=LIMITS.judged_s,
    )


def judge(reader: Reader, *, name: str) -> Judged:
    """Everything that loading the file called `name` would do, as far as its budget goes."""
    run = _Run()
    for spotted in run.file(reader, name, depth=0):
        run.keep(spotted)
    return Judged(
        format=run.format,
        judgement=judged(run.worst.items(), leaves_out=run.leaves_out),
        spotted=tuple(run.kept),
        facts=tuple(run.facts),
    )


class _Run:
    """One file with all files within it."""

    def __init__(self) -> None:
        self.format: str | None = None
        self.kept: list[Spotted] = []
        self.worst: dict[Verdict, str] = {}  # → the first check that led to it
        self.leaves_out: dict[str, None] = {}
        self.facts: list[Fact] = []
        self._count: Counter[tuple[str, Verdict]] = Counter()
        self._seen: set[Spotted] = set()  # of what is kept

    def keep(self, spotted: Spotted) -> None:
        """Notes what it makes of the file, and keeps it unless there are many of its kind."""
        if spotted in self._seen:
            return
        verdict = verdict_of(spotted.severity, spotted.confidence)
        self.worst.setdefault(verdict, spotted.check)
        self._count[spotted.check, verdict] += 1
        if self._count[spotted.check, verdict] <= LIMITS.judged_findings:
            self.kept.append(spotted)
            self._seen.add(spotted)

    def file(self, reader: Reader, name: str, *, depth: int) -> Iterator[Spotted]:
        """What is spotted in one file, and in the files within it."""
        path = PurePosixPath(name.replace("\\", "/"))
        suffix = path.suffix.lower()
        found = _identified(reader, suffix, path.name.lower())
        if depth == 0:
            self.format = found.name if found else None
        for problem in name_problems(found, reader, suffix):
            yield as_spotted(problem)
        if found is None or found.name not in _WALKED:
            yield from disguised(reader)
        if found is None:
            yield _inconclusive("unknown-format", "the bytes are of no format that is known here")
            return
        if not reader.size_bytes and suffix not in KNOWN_SUFFIXES:
            return  # an empty document, which is no model cut short
        if found is executable.FORMAT and suffix in KNOWN_SUFFIXES:
            why = f"named {suffix}, and is a program or native library"
            advice = "do not run or load it; ask who renamed it, and why"
            yield _misplaced("executable-among-models", why, advice)
        if found is python_bytecode.FORMAT and not python_bytecode.is_cache(path.name):
            why = f"{path.name} is imported in the place of a source, and is no copy of one"
            yield _misplaced("python-bytecode", why, "do not load it: nobody can read what it does")
        self.leaves_out |= dict.fromkeys(found.leaves_out)
        if not found.judges_structure:
            yield from self._look(found.read, reader, depth, path.stem)
            self.facts.clear()  # children say something as well, which is not looked at here
        if found.judge is None:
            yield _inconclusive("not-examined", f"what {found.title} may do is not examined")
        else:
            yield from self._look(found.judge, reader, depth, path.stem)

    def _look(self, look: _Look, reader: Reader, depth: int, stem: str = "") -> Iterator[Spotted]:
        """What one pass over the file yields, up to the first thing that cannot be read on from.

        `stem` is the file's name without its last suffix, for files within that have no name of their own.
        """
        reader.offset = 0
        try:
            for item in look(reader):
                match item:
                    case Spotted():
                        yield item
                    case Problem():
                        yield as_spotted(item)
                        yield from self._behind(item, reader, depth, stem)
                    case Inside():
                        yield from self._inside(item, depth + 1, stem)
                    case Child():
                        part = reader.part(item.offset, item.size_bytes)
                        child = Inside(name="", reader=part, at=item.offset)
                        yield from self._inside(child, depth + 1, stem)
                    case Fact():
                        if depth == 0:
                            self.facts.append(item)
        except Malformed as stop:
            yield as_spotted(stop.problem)

    def _behind(self, problem: Problem, reader: Reader, depth: int, stem: str) -> Iterator[Spotted]:
        """What the bytes are that a format says nothing about."""
        if problem.kind is ProblemKind.TRAILING_DATA and problem.at is not None:
            for item in payloads.behind(reader, problem.at):
                if isinstance(item, Spotted):
                    yield item
                else:
                    yield from self._inside(item, depth + 1, stem)

    def _inside(self, inside: Inside, depth: int, stem: str) -> Iterator[Spotted]:
        inside.reader.budget.enter(at=inside.at)
        if depth > LIMITS.judged_depth:
            raise Malformed(ProblemKind.OVER_LIMIT, at=inside.at, detail=f"files within files, {depth} deep")
        name = clip(inside.name, chars=LIMITS.name_chars)
        if inside.judge is None:
            found = self.file(inside.reader, inside.name or stem, depth=depth)
        else:
            found = self._look(inside.judge, inside.reader, depth)
        for spotted in found:
            yield moved(spotted, inside.at, within=name)


def _identified(reader: Reader, suffix: str, name: str) -> Format | None:
    """What the file is. Text is text whatever it is called, unless the name claims something else."""
    found = identify(reader, suffix=suffix, name=name, among=_KNOWN)
    if found is None and suffix not in _CLAIMED:
        found = identify(reader, suffix="", among=(plain_text.FORMAT,))
    return found


def _misplaced(check: str, why: str, advice: str) -> Spotted:
    return Spotted(
        check=check,
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=0,
        evidence=(why,),
        advice=advice,
    )


def _inconclusive(check: str, why: str) -> Spotted:
    return Spotted(
        check=check,
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=(why,),
        advice="have somebody look at it, or leave it out of what is loaded",
    )
