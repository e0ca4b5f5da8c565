"""What a policy's pattern on files stands for on this machine: from its fixed beginning, by looking, bounded.

A pattern is absolute, or below the working tree. `dir/**` is a folder with all in it, and nobody looks in.
Folders are followed no further than the pattern can still fit, and links are not followed at all.
"""

import re
from collections.abc import Iterable, Iterator

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern
from ringfence.policy.globs import Automaton, glob
from ringfence.sandbox.planning.host import Files, Kind, joined_path, within

__all__ = ["Found", "Place", "TooMany", "covers", "found", "place_of"]

_WILD = pattern(r"(?<!\\)(?:\\\\)*[*?]")
_ESCAPED = pattern(r"\\(.)", re.DOTALL)
_BELOW = "/**"


class TooMany(RingfenceError):
    """A pattern stands for more than can be looked for at every start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pattern's files are."""

    fixed: str  # absolute; all of them are there or below
    base: str  # what the pattern's text is counted from: the working tree; empty for an absolute pattern
    is_folder: bool  # it ends in /**: what is found is a folder, with all that is in it
    pattern: str | None  # for what is below `fixed`; None: `fixed` is all there is
    is_deep: bool = False  # the pattern goes on with **, so that no folder can be passed over


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One path that a pattern stands for."""

    path: str
    kind: Kind
    is_folder: bool  # with all that is in it


def place_of(pattern: str, tree: str) -> Place | None:
    """Where the pattern's files are; None when it can stand for no path at all."""
    is_absolute = pattern.startswith("/")
    base = "" if is_absolute else tree
    parts = pattern.removeprefix("/").split("/")
    literal: list[str] = []
    for part in parts:
        if _WILD.search(part):
            break
        literal.append(_ESCAPED.sub(r"\1", part))
    rest = parts[len(literal) :]
    if not {"", ".", ".."}.isdisjoint(literal):
        return None
    fixed = base
    for part in literal:
        fixed = f"{fixed}/{part}" if fixed != "/" else f"/{part}"
    is_folder = rest[-1:] == ["**"]
    if not rest or rest == ["**"]:
        return Place(fixed=fixed or "/", base=base, is_folder=is_folder, pattern=None)
    text = pattern.removesuffix(_BELOW) if is_folder else pattern
    return Place(fixed=fixed or "/", base=base, is_folder=is_folder, pattern=text, is_deep=rest[0] == "**")


def covers(place: Place, folder: str) -> bool:
    """Whether a pattern that ends in /** stands for all that may ever be in an absolute folder."""
    pattern = glob(place.pattern or "", FieldKind.PATH)
    parts = folder[len(place.base) :].removeprefix("/").split("/")
    begins = "" if place.base else "/"
    return within(folder, place.fixed) and any(
        pattern.fits(begins + "/".join(parts[:count])) for count in range(1, len(parts) + 1)
    )


class _Walk:
    """Follows one pattern below a folder, with its states behind the last character that was read."""

    def __init__(self, place: Place, files: Files, budget: list[int]) -> None:
        self._place, self._files, self._budget = place, files, budget
        self._glob = glob(place.pattern or "", FieldKind.PATH)
        self._automaton: Automaton = self._glob.automaton()

    def below(self, folder: str) -> Iterator[Found]:
        """What fits, in this folder and those below it."""
        states = None if self._place.is_deep else self._read(None, self._text(folder))
        left = [(folder, states)]
        while left:
            at, states = left.pop()
            if states == 0:
                continue
            text = self._text(at)
            entries = self._files.entries(at)
            self._count(len(entries))
            for name, kind in entries:
                now, fits = self._entry(states, text, name)
                is_found = fits and (kind is Kind.FOLDER or not self._place.is_folder)
                if is_found:
                    yield Found(path=joined_path(at, name), kind=kind, is_folder=self._place.is_folder)
                if kind is Kind.FOLDER and now != 0 and not (is_found and self._place.is_folder):
                    left.append((joined_path(at, name), now if self._place.is_deep else self._read(now, "/")))

    def _entry(self, states: int | None, text: str, name: str) -> tuple[int | None, bool]:
        """The states behind a name, and whether it fits."""
        if self._place.is_deep:
            return None, self._glob.matches(text + name)
        now = self._read(states, name)
        return now, bool(now and now & self._automaton.final)

    def _text(self, folder: str) -> str:
        """A folder as the pattern's text has it, with a slash behind; empty for the tree's own."""
        text = f"{folder[len(self._place.base) :].removesuffix('/')}/"
        return text.removeprefix("/") if self._place.base else text

    def _read(self, states: int | None, text: str) -> int | None:
        for char in text:
            states = self._automaton.opening(char) if states is None else self._automaton.step(states, char)
        return states

    def _count(self, names: int) -> None:
        self._budget[0] -= names
        if self._budget[0] < 0:
            raise TooMany(
                f"more than {LIMITS.plan_names} names to look through for the policy's patterns",
                hint="let patterns begin with a folder: /data/project/**/*.csv instead of /**/*.csv",
            )


def found(place: Place, files: Files, *, roots: Iterable[str], budget: list[int]) -> Iterator[Found]:
    """What the pattern stands for within `roots`, each an absolute folder; `budget`: how many names are left.

    Raises:
        TooMany: there are more names to look at.
    """
    if place.pattern is None:
        kind = files.kind(place.fixed)
        if kind is not None and any(within(place.fixed, each) for each in roots):
            yield Found(path=place.fixed, kind=kind, is_folder=place.is_folder)
        return
    for root in roots:
        if within(place.fixed, root):
            start = place.fixed
        elif within(root, place.fixed):
            start = root
        else:
            continue
        if files.kind(start) is Kind.FOLDER or start == "/":
            yield from _Walk(place, files, budget).below(start)
