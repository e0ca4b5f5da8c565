"""What the symbolic machine saw a stream of pickles do."""

from collections.abc import Callable, Sized
from dataclasses import field, replace
from enum import StrEnum
from typing import Final

from ringfence.artifacts.pickles.contents import Content
from ringfence.artifacts.pickles.items import Global
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["PLAIN_TYPES", "Anomaly", "How", "Seen", "Use"]

# Types that cloudpickle and dill look up by a name, and that only hold data.
PLAIN_TYPES: Final = frozenset(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range"}
    | {"set", "slice", "str", "tuple", "SimpleNamespace"}
)


class How(StrEnum):
    """How a pickle uses what it imports."""

    CALL = "call"  # REDUCE
    INSTANCE = "instance"  # INST, OBJ: a class, or a call all the same
    NEW = "new"  # NEWOBJ, NEWOBJ_EX: surely a class, whose __new__ is called
    STATE = "state"  # BUILD with something that its class runs
    CHANGE = "change"  # BUILD, SETITEMS or APPENDS on the imported object itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a global that is watched."""

    how: How
    module: str
    name: str
    at: int
    shown: str  # the arguments as far as they are literals, to be clipped and made printable
    texts: tuple[str, ...]  # the strings among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something that no honest writer puts into a pickle, or that ended the walk."""

    at: int
    detail: str  # our words
    serious: bool  # made to hide something
    over_limit: bool = False


@dataclass(slots=True)
class Seen:
    """Everything gathered, in order of appearance. It only grows; an error later on removes nothing."""

    watched: Callable[[str, str], bool]  # whether the calls of module, name are to be reported
    urgent: Callable[[str, str], bool] = lambda _module, _name: False  # noted even over a limit
    runs_text: Callable[[str, str], bool] = lambda _module, _name: False  # its objects, of their state
    holds_code: Callable[[str, str], bool] = lambda _module, _name: False  # what it is given is code
    imports: dict[tuple[str, str], Global] = field(default_factory=dict)
    uses: dict[tuple[How, str, str, str], Use] = field(default_factory=dict)
    anomalies: dict[tuple[str, bool], Anomaly] = field(default_factory=dict)
    pickled: list[Content] = field(default_factory=list)  # bytes that look like a pickle
    files: list[Content] = field(default_factory=list)  # bytes that look like another file
    programs: list[Content] = field(default_factory=list)
    loaded: list[Content] = field(default_factory=list)  # bytes that a loader gets
    extensions: dict[int, int] = field(default_factory=dict)  # code → where
    persistent: dict[str, int] = field(default_factory=dict)  # the id's first word, "" when computed → where
    arrays: int = 0  # whose bytes were stepped over
    pickles: int = 0  # that came to their end
    walked_bytes: int = 0
    written_out: bool = True  # all imports, as they are called now, right before the opcodes that import them

    @property
    def is_one_flawless(self) -> bool:
        """Whether the stream is one pickle to its last byte, with nothing odd and no array's bytes in it."""
        return self.pickles == 1 and not (self.anomalies or self.arrays)

    def imported(self, module: str, name: str, at: int) -> Global:
        """The global of that name."""
        found = self.imports.get((module, name))
        if found is None:
            found = self.named(module, name, at)
            if self._has_room(self.imports, LIMITS.pickle_globals, module, name):
                self.imports[module, name] = found
            else:
                self.odd(at, f"more than {LIMITS.pickle_globals} imports", over_limit=True)
        return found

    def named(self, module: str, name: str, at: int) -> Global:
        """A new global of that name, which is not noted as imported."""
        watched, runs_text = self.watched(module, name), self.runs_text(module, name)
        return Global(module, name, at, watched=watched, runs_text=runs_text)

    def used(self, use: Use) -> None:
        """Notes the use."""
        if self._has_room(self.uses, LIMITS.pickle_uses, use.module, use.name):
            self.uses.setdefault((use.how, use.module, use.name, use.shown), use)
        else:
            self.odd(use.at, f"more than {LIMITS.pickle_uses} calls", over_limit=True)

    def _has_room(self, noted: Sized, most: int, module: str, name: str) -> bool:
        """Whether one more may be noted. Harmless ones must not crowd out what matters."""
        return len(noted) < most or (len(noted) < 2 * most and self.urgent(module, name))

    def fresh(self) -> "Seen":
        """For other bytes, or another reading of the same ones."""
        return Seen(
            self.watched, self.urgent, self.runs_text, self.holds_code, walked_bytes=self.walked_bytes
        )

    def odd(self, at: int, detail: str, *, serious: bool = False, over_limit: bool = False) -> None:
        """Notes an anomaly; the same one counts once."""
        if len(self.anomalies) < LIMITS.evidence_items or serious:
            key = (detail, serious)
            if len(self.anomalies) < 2 * LIMITS.evidence_items:
                self.anomalies.setdefault(
                    key, Anomaly(at=at, detail=detail, serious=serious, over_limit=over_limit)
                )

    def holds(self, content: Content, kind: list[Content]) -> None:
        """Notes bytes that are a file, in one of the lists above."""
        if len(kind) < LIMITS.pickle_nested:
            kind.append(content)
        else:
            self.odd(content.at, f"more than {LIMITS.pickle_nested} files within bytes", over_limit=True)

    def add(self, other: "Seen", *, moved: int = 0) -> None:
        """Everything that `other` saw in a part of this stream that begins at `moved`."""
        for each in other.imports.values():
            self.imported(each.module, each.name, each.at + moved)
        for use in other.uses.values():
            self.used(
                Use(how=use.how, module=use.module, name=use.name, at=use.at + moved,
                    shown=use.shown, texts=use.texts)
            )  # fmt: skip
        for odd in other.anomalies.values():
            self.odd(odd.at + moved, odd.detail, serious=odd.serious, over_limit=odd.over_limit)
        for code, at in other.extensions.items():
            self.extensions.setdefault(code, at + moved)
        for word, at in other.persistent.items():
            self.persistent.setdefault(word, at + moved)
        for mine, others in (
            (self.files, other.files),
            (self.programs, other.programs),
            (self.loaded, other.loaded),
        ):
            for content in others:
                self.holds(replace(content, at=content.at + moved), mine)
        self.arrays += other.arrays
        self.pickles += other.pickles
