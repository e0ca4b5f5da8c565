"""What a comparison consists of. All text is harmless to print, and every list is bounded."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.core.verdicts import Verdict

__all__ = [
    "Comparison",
    "FileChange",
    "How",
    "Names",
    "TensorChanges",
    "TextChange",
    "TextKind",
    "ValueChange",
    "VocabularyChange",
    "names",
    "shown",
]


class How(StrEnum):
    """What became of a file."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class TextKind(StrEnum):
    """What a text is for, the most dangerous first."""

    TEMPLATE = "chat template"
    CODE = "code"
    CONFIGURATION = "configuration"
    CARD = "model card"
    OTHER = "text"

    @property
    def rank(self) -> int:
        """0 for the most dangerous."""
        return list(TextKind).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Some of many names."""

    count: int
    first: tuple[str, ...]  # at most limits.diff_names


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file that is not what it was. Without a side there was no such file on it."""

    name: str
    how: How
    old_verdict: Verdict | None
    new_verdict: Verdict | None
    old_format: str | None
    new_format: str | None
    old_size_bytes: int | None
    new_size_bytes: int | None
    new_findings: tuple[str, ...]  # that the old one did not have, worst first
    imports_added: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Whether its verdict is worse than it was; a new file is compared with none, which is clean."""
        return (self.new_verdict or Verdict.CLEAN) > (self.old_verdict or Verdict.CLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A text as a unified diff, hidden characters spelled out."""

    name: str
    kind: TextKind
    lines: tuple[str, ...]
    lines_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One value of a configuration or header; None where there was none."""

    name: str  # of the file
    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyChange:
    """A tokenizer's words."""

    name: str
    old_size: int
    new_size: int
    added: Names
    removed: Names
    renumbered: Names
    special: Names  # special tokens that are new, gone or not what they were
    old_merges: int | None
    new_merges: int | None
    merges_differ: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorChanges:
    """The tensors of a file, or of all shards that make one."""

    name: str
    same: int
    added: Names
    removed: Names
    retyped: Names  # another type or shape, told behind the name
    changed: Names  # other numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that changed, the dangerous first. `complete` is false when something was not examined."""

    started_at: datetime  # UTC
    complete: bool
    old: Path
    new: Path
    same: bool
    old_license: str | None
    new_license: str | None
    files: tuple[FileChange, ...]
    texts: tuple[TextChange, ...]
    vocabularies: tuple[VocabularyChange, ...]
    values: tuple[ValueChange, ...]
    tensors: tuple[TensorChanges, ...]
    items_left_out: int  # changes beyond the limits
    skipped: tuple[Skipped, ...]


def shown(text: str) -> str:
    """Foreign text, bounded and harmless."""
    return clip(printable(clip(text, chars=LIMITS.diff_line_chars)), chars=LIMITS.diff_line_chars)


def names(all_: Iterable[str], count: int | None = None) -> Names:
    """The first few of the names, and how many they are."""
    known = list(all_)
    first = tuple(shown(each) for each in islice(known, LIMITS.diff_names))
    return Names(count=len(known) if count is None else count, first=first)
