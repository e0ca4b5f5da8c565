"""Looks through a tree for files that may name models, and asks each what it names."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ringfence.app.references.lines import in_lines
from ringfence.app.references.names import Named
from ringfence.app.references.python import cells_of, in_python
from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.locks import Reference
from ringfence.core.text import printable
from ringfence.endpoint.opening import read_small, refusal

__all__ = ["Found", "find_references", "is_left_out"]

# What is no part of a project's own tree: its history, and what was installed beside it.
_LEFT_OUT = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".venv",
        "venv",
        "node_modules",
        "site-packages",
        "dist-packages",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".ipynb_checkpoints",
    ]
)
_SUFFIXES = frozenset(
    [
        ".sh",
        ".bash",
        ".zsh",
        ".ps1",
        ".bat",
        ".cmd",
        ".yml",
        ".yaml",
        ".toml",
        ".ini",
        ".cfg",
        ".conf",
        ".env",
        ".service",
        ".tf",
        ".json",
        ".js",
        ".mjs",
        ".ts",
        ".tsx",
        ".dockerfile",
        ".containerfile",
        ".mk",
        ".just",
        ".envrc",
    ]
)
_NAMES = ("dockerfile", "containerfile", "modelfile", "makefile", "justfile", "procfile", ".env", "compose")
_NOT_NAMES = frozenset({"package-lock.json", "tokenizer.json", "vocab.json", "models.lock"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a tree's files name, by file and line, and what was not looked at."""

    references: tuple[Reference, ...]
    skipped: tuple[Skipped, ...]


def find_references(root: Path) -> Found:
    """The references in the tree or file at `root`; names that lie in the tree are its own files."""
    references: dict[Reference, None] = {}
    skipped: list[Skipped] = []
    left_bytes = LIMITS.reference_bytes
    for count, item in enumerate(_files(root)):
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        if count >= LIMITS.reference_files or left_bytes <= 0 or len(references) >= LIMITS.references:
            reason = "more files that may name models than are looked into"
            skipped.append(Skipped(kind="references", subject=printable(str(root)), reason=reason))
            break
        path, name = item
        data = read_small(path, max_bytes=LIMITS.script_bytes)
        if not isinstance(data, bytes):
            continue  # larger than any script or configuration that names models
        left_bytes -= len(data)
        for line, named in _in_file(name, data):
            if not _lies_here(named, root, path):
                made = Reference(
                    file=name, line=line, kind=named.kind, name=named.name, revision=named.revision
                )
                references[made] = None
    kept = sorted(
        references, key=lambda each: (each.file, each.line, each.kind, each.name, each.revision or "")
    )
    return Found(references=tuple(kept[: LIMITS.references]), skipped=tuple(skipped))


def _in_file(name: str, data: bytes) -> Iterator[tuple[int, Named]]:
    suffix = PurePosixPath(name).suffix.lower()
    text: str | None = data.decode("utf-8-sig", "replace")
    if suffix == ".ipynb":
        text = cells_of(data)
    if text is None:
        return
    if suffix in (".py", ".ipynb"):
        found = in_python(text)
        if found is not None:
            yield from found
            return
    yield from in_lines(text, is_modelfile=PurePosixPath(name).name.lower().startswith("modelfile"))


def _lies_here(named: Named, root: Path, file: Path) -> bool:
    """Whether the name is a path of the tree after all."""
    if named.kind != "hugging-face":
        return False
    base = root if root.is_dir() else root.parent
    return any(os.path.lexists(folder / named.name) for folder in (base, file.parent))


def _files(root: Path) -> Iterator[tuple[Path, str] | Skipped]:
    """Every file that may name models, with its name below the root, in order."""
    if not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises below a closed folder
        if _may_name(root.name):
            yield root, root.name
        return
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            reason = refusal(error).reason
            yield Skipped(kind="folder", subject=printable(str(root / folder)), reason=reason)
            continue
        deeper = []
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if not is_left_out(Path(entry.path)) and name.count("/") < LIMITS.walk_depth:
                    deeper.append(name)
            elif _may_name(entry.name) and entry.is_file(follow_symlinks=False):
                yield root / name, name
        folders += reversed(deeper)


def is_left_out(folder: Path) -> bool:
    """Whether the folder is no part of the project: its history, or an environment that was installed."""
    return folder.name in _LEFT_OUT or (folder / "pyvenv.cfg").exists() or (folder / "conda-meta").exists()


def _may_name(name: str) -> bool:
    lower = name.lower()
    if lower in _NOT_NAMES:
        return False
    suffix = PurePosixPath(lower).suffix
    return suffix in _SUFFIXES or suffix in (".py", ".ipynb") or lower.startswith(_NAMES)
