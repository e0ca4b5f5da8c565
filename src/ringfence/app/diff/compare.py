"""Compares two files or two folders. Files that are the same bytes are not looked into any further."""

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import field
from datetime import datetime
from pathlib import Path

from ringfence.app.diff.comparison import (
    Comparison,
    FileChange,
    How,
    TensorChanges,
    TextChange,
    ValueChange,
    VocabularyChange,
    shown,
)
from ringfence.app.diff.contents import changes_within, wide_budget
from ringfence.app.diff.documents import decides_much
from ringfence.app.diff.folders import files_of
from ringfence.app.diff.licenses import license_at
from ringfence.app.diff.weights import tensor_changes
from ringfence.app.judging import Allowed, Judges
from ringfence.app.judging.below import FileToJudge
from ringfence.app.scan.here import Here
from ringfence.artifacts.examine import examine
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.listing import LISTED, listed
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UnreadableScope, UsageError
from ringfence.core.facts import FactName
from ringfence.core.findings import Finding
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.opening import NotOpened, opened, refusal

__all__ = ["compare"]

_PIECE_BYTES = 4 * 1024 * 1024
_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.)")
_SHOWN_EVIDENCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A file on both sides, or on one."""

    name: str
    old: Path | None
    new: Path | None
    old_name: str | None = None  # where it is another


@dataclass(slots=True, kw_only=True)
class _Changes:
    """What was found, in the order of the files."""

    files: list[FileChange] = field(default_factory=list)
    texts: list[TextChange] = field(default_factory=list)
    vocabularies: list[VocabularyChange] = field(default_factory=list)
    values: list[ValueChange] = field(default_factory=list)
    tensors: list[TensorChanges] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def compare(old: Path, new: Path, here: Here) -> Comparison:
    """What is different in `new`.

    Raises:
        UnreadableScope: one of them cannot be read.
        UsageError: one is a file and the other a folder.
    """
    started_at = here.now()
    found = _Changes()
    pairs = list(_different(_pairs(old, new, found.skipped), found.skipped, threads=here.cores))
    formats = _judge(pairs, found, here)
    for pair in pairs:
        _look_within(pair, formats.get(pair.name), found)
    _compare_tensors(pairs, formats, found, threads=here.cores)
    licenses = license_at(old, here), license_at(new, here)
    return _comparison(old, new, licenses, found, started_at=started_at)


def _comparison(
    old: Path, new: Path, licenses: tuple[str | None, str | None], found: _Changes, *, started_at: datetime
) -> Comparison:
    files = sorted(found.files, key=_danger, reverse=True)
    texts = sorted(found.texts, key=lambda each: each.kind.rank)
    found.values.sort(key=lambda each: not decides_much(each.key))
    most = LIMITS.diff_items
    everything = (files, texts, found.vocabularies, found.values, found.tensors)
    return Comparison(
        started_at=started_at,
        complete=not found.skipped,
        old=old,
        new=new,
        same=not found.files,
        old_license=licenses[0],
        new_license=licenses[1],
        files=tuple(files[:most]),
        texts=tuple(texts[:most]),
        vocabularies=tuple(found.vocabularies[:most]),
        values=tuple(found.values[:most]),
        tensors=tuple(found.tensors[:most]),
        items_left_out=sum(max(0, len(each) - most) for each in everything),
        skipped=tuple(found.skipped),
    )


def _danger(change: FileChange) -> tuple[bool, int, bool, bool]:
    verdict = change.new_verdict.rank if change.new_verdict else 0
    return change.is_worse, verdict, bool(change.imports_added), change.how is not How.REMOVED


def _pairs(old: Path, new: Path, skipped: list[Skipped]) -> list[_Pair]:
    """Files of the same name on both sides; two single files belong together whatever they are called."""
    for path in (old, new):
        if not path.exists():
            raise UnreadableScope(
                f"{printable(str(path))}: there is nothing that can be read", hint="name a file or a folder"
            )
    if old.is_dir() != new.is_dir():
        raise UsageError(
            "a file and a folder cannot be compared", hint="name two files or two folders of models"
        )
    if not old.is_dir():
        return [_Pair(name=new.name, old=old, new=new, old_name=old.name)]
    sides = [_files(path, skipped) for path in (old, new)]
    everything = sorted(sides[0].keys() | sides[1].keys())
    return [_Pair(name=name, old=sides[0].get(name), new=sides[1].get(name)) for name in everything]


def _files(folder: Path, skipped: list[Skipped]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for item in files_of(folder):
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            found[item] = folder / item
    return found


def _different(pairs: Iterable[_Pair], skipped: list[Skipped], *, threads: int) -> Iterator[_Pair]:
    """Those that are not the same bytes on both sides."""
    known = list(pairs)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for pair, same in zip(known, pool.map(_is_same, known), strict=True):
            if isinstance(same, str):
                skipped.append(_skipped(pair.name, same))
            if same is not True:
                yield pair


def _is_same(pair: _Pair) -> bool | str:
    """Whether nothing changed; why that cannot be said."""
    if pair.old is None or pair.new is None:
        return False
    try:
        with opened(pair.old) as old, opened(pair.new) as new:
            sizes = os.fstat(old), os.fstat(new)
            if os.path.samestat(*sizes):
                return True
            if sizes[0].st_size != sizes[1].st_size:
                return False
            for at in range(0, sizes[0].st_size, _PIECE_BYTES):
                if os.pread(old, _PIECE_BYTES, at) != os.pread(new, _PIECE_BYTES, at):
                    return False
            return True
    except NotOpened as error:
        return error.reason
    except OSError as error:
        return refusal(error).reason


def _judge(pairs: list[_Pair], found: _Changes, here: Here) -> dict[str, str | None]:
    """Fills in what became of each file; the format of each."""
    tasks = [
        FileToJudge(path=path, name=name)
        for pair in pairs
        for path, name in ((pair.old, pair.old_name or pair.name), (pair.new, pair.name))
        if path
    ]
    formats: dict[str, str | None] = {}
    if not tasks:
        return formats
    with Judges(Allowed(), processes=min(here.cores, len(tasks))) as judges:
        verdicts = iter(list(judges.judge(tasks)))
    for pair in pairs:
        old, new = (_or_skipped(next(verdicts), found) if path else None for path in (pair.old, pair.new))
        change = _file_change(pair, old, new)
        found.files.append(change)
        kinds = {change.old_format, change.new_format} - {None}
        formats[pair.name] = (
            kinds.pop() if len(kinds) == 1 else None
        )  # what differs in kind has no parts alike
    return formats


def _or_skipped(judged: JudgedFile | Skipped, found: _Changes) -> JudgedFile | None:
    if isinstance(judged, JudgedFile):
        return judged
    found.skipped.append(judged)
    return None


def _file_change(pair: _Pair, old: JudgedFile | None, new: JudgedFile | None) -> FileChange:
    known = {(each.check, each.evidence) for each in old.findings} if old else set()
    fresh = [each for each in (new.findings if new else ()) if (each.check, each.evidence) not in known]
    fresh.sort(key=lambda each: each.severity, reverse=True)
    before, after = (_imports(path) if path else () for path in (pair.old, pair.new))
    return FileChange(
        name=shown(pair.name),
        how=How.ADDED if not pair.old else How.REMOVED if not pair.new else How.CHANGED,
        old_verdict=old.verdict if old else None,
        new_verdict=new.verdict if new else None,
        old_format=old.format if old else None,
        new_format=new.format if new else None,
        old_size_bytes=old.size_bytes if old else None,
        new_size_bytes=new.size_bytes if new else None,
        new_findings=tuple(map(_line, fresh[: LIMITS.diff_names])),
        imports_added=tuple(shown(each) for each in after if each not in before),
    )


def _line(finding: Finding) -> str:
    return shown(
        f"{finding.severity} {finding.check}: {'; '.join(finding.evidence[:_SHOWN_EVIDENCE])}".rstrip(": ")
    )


def _imports(path: Path) -> tuple[str, ...]:
    """What a pickle in the file names, as far as its header tells."""
    try:
        with opened(path) as fd:
            facts = examine(Reader.of_fd(fd), suffix=path.suffix.lower()).facts
    except (NotOpened, OSError):
        return ()
    value = facts.get(FactName.IMPORTS, ())
    return value if isinstance(value, tuple) else ()


def _look_within(pair: _Pair, format_: str | None, found: _Changes) -> None:
    try:
        for change in changes_within(pair.name, pair.old, pair.new, format_):
            match change:
                case TextChange():
                    found.texts.append(change)
                case ValueChange():
                    found.values.append(change)
                case VocabularyChange():
                    found.vocabularies.append(change)
    except Malformed as wrong:
        found.skipped.append(_skipped(pair.name, wrong.problem.detail))
    except NotOpened as error:
        found.skipped.append(_skipped(pair.name, error.reason))


def _compare_tensors(
    pairs: list[_Pair], formats: dict[str, str | None], found: _Changes, *, threads: int
) -> None:
    """Compares those of each model file, shards of one model together."""
    groups: dict[str, list[_Pair]] = {}
    for pair in pairs:
        if formats.get(pair.name) in LISTED:
            groups.setdefault(_SHARD.sub("", pair.name), []).append(pair)
    for name, group in groups.items():
        if not all(any(getattr(pair, side) for pair in group) for side in ("old", "new")):
            continue  # there is nothing to compare with: the file itself is new or gone
        try:
            with ExitStack() as open_:
                sides = [
                    [
                        tensor
                        for pair in group
                        if (path := getattr(pair, side)) is not None
                        for tensor in _tensors(open_.enter_context(opened(path)), formats[pair.name] or "")
                    ]
                    for side in ("old", "new")
                ]
                change = tensor_changes(name, *sides, threads=threads)
        except Malformed as wrong:
            found.skipped.append(_skipped(name, f"its tensors: {wrong.problem.detail}"))
        except NotOpened as error:
            found.skipped.append(_skipped(name, error.reason))
        else:
            if change:
                found.tensors.append(change)


def _tensors(fd: int, format_: str) -> Iterable[Tensor]:
    return listed(Reader.of_fd(fd, budget=wide_budget(os.fstat(fd).st_size)), format_)


def _skipped(name: str, reason: str) -> Skipped:
    return Skipped(kind="file", subject=printable(name), reason=printable(reason))
