"""Looks at a git working tree: is there code, do agents work here, and which records say what models wrote?

Reads names, and the few files of git that say which refs there are; never runs git and never reads code.

Source: gitrepository-layout(5), git-notes(1); Agent Trace keeps `.agent-trace/traces.jsonl`, git-ai keeps its
authorship logs as notes under `refs/notes/ai`.
"""

import os
import stat
from pathlib import Path, PurePosixPath

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Repository
from ringfence.core.text import printable
from ringfence.endpoint.opening import NotOpened, opened, read_small, refusal
from ringfence.endpoint.places import names, status

__all__ = ["look_at_repository"]

_CODE = {
    *(".ada", ".asm", ".bash", ".c", ".cc", ".clj", ".cljs", ".coffee", ".cpp", ".cs", ".css"),
    *(".cu", ".cxx", ".d", ".dart", ".elm", ".erl", ".ex", ".exs", ".f90", ".fish", ".fs", ".go"),
    *(".gradle", ".groovy", ".h", ".hpp", ".hs", ".html", ".hx", ".ipynb", ".java", ".jl", ".js"),
    *(".jsx", ".kt", ".kts", ".less", ".lisp", ".lua", ".m", ".metal", ".mjs", ".ml", ".mm"),
    *(".nim", ".nix", ".nu", ".pas", ".php", ".pl", ".pm", ".proto", ".ps1", ".py", ".pyx", ".r"),
    *(".rb", ".rs", ".s", ".sass", ".scala", ".scss", ".sh", ".sol", ".sql", ".svelte", ".sv"),
    *(".swift", ".tcl", ".tf", ".ts", ".tsx", ".v", ".vb", ".vhd", ".vhdl", ".vue", ".wgsl"),
    *(".zig", ".zsh"),
}
_NOT_OURS = frozenset({"node_modules", "vendor", "third_party", "dist", "build", "target", "venv"})
_DEPTH = 4

_MARKS = (
    *("AGENTS.md", "CLAUDE.md", "CLAUDE.local.md", "GEMINI.md", "QWEN.md", "CRUSH.md", "WARP.md"),
    *("CONVENTIONS.md", ".agents", ".agent-trace", ".amazonq", ".antigravity", ".claude"),
    *(".clinerules", ".cline", ".codex", ".continue", ".continuerules", ".crush", ".crush.json"),
    *(".cursor", ".cursorrules", ".gemini", ".goosehints", ".github/copilot-instructions.md"),
    *(".github/instructions", ".github/skills", ".junie", ".kilocode", ".kiro", ".mcp.json"),
    *(".opencode", "opencode.json", ".qwen", ".roo", ".roomodes", ".roorules", ".rules"),
    *(".vscode/mcp.json", ".windsurf", ".windsurfrules", ".aider.conf.yml", ".aiderignore"),
    *(".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache.v3"),
    ".aider.tags.cache.v4",
)
_NOTES = "refs/notes/ai"
_POINTER_BYTES = 16 * 1024
_CHUNK_BYTES = 1024 * 1024


def look_at_repository(path: Path) -> Repository | Skipped | None:
    """What the working tree at `path` shows; None when it is none or has no code; or why nobody can tell."""
    git = _git_folder(path)
    if not isinstance(git, Path):
        return git
    code = _has_code(path)
    if code is not True:
        return code or None
    records: list[str] = []
    traces = status(path / ".agent-trace/traces.jsonl")
    if isinstance(traces, os.stat_result) and stat.S_ISREG(traces.st_mode) and traces.st_size:
        records.append("agent-trace")
    notes = _has_notes(git)
    if isinstance(notes, Skipped):
        return notes
    if notes:
        records.append("git-ai")
    return Repository(path=path, records=tuple(records), agent_marks=_marks(path))


def _marks(path: Path) -> tuple[str, ...]:
    there = set(names(path))  # once, because there are many repositories, and most have no marks
    whole = not any(isinstance(name, Skipped) for name in there)
    return tuple(
        mark
        for mark in sorted(_MARKS)
        if (mark.partition("/")[0] in there or not whole) and os.path.lexists(path / mark)
    )


def _git_folder(path: Path) -> Path | Skipped | None:
    """Where the refs lie: `.git`, or what the `.git` file of a worktree or submodule names."""
    git = path / ".git"
    found = status(git)
    if found is None or isinstance(found, Skipped):
        return found
    pointed = not stat.S_ISDIR(found.st_mode)
    if pointed:
        named = _pointer(git, b"gitdir: ")
        if not isinstance(named, str):
            return named
        git = path / named
    common = _pointer(git / "commondir", b"")
    if isinstance(common, Skipped):
        return common
    if common is not None:
        git = git / common
    head = status(git / "HEAD")
    if head is None and pointed:
        reason = "its git folder lies elsewhere and is not there"
        return Skipped(kind="repository", subject=printable(str(path)), reason=reason)
    return git if isinstance(head, os.stat_result) else head


def _pointer(path: Path, prefix: bytes) -> str | Skipped | None:
    """The path that a one-line file of git names; None when there is no such file or it names nothing."""
    data = read_small(path, max_bytes=_POINTER_BYTES)
    if data is None or isinstance(data, Skipped):
        return data
    line = data.split(b"\n", 1)[0].rstrip(b"\r")
    if not line.startswith(prefix) or b"\0" in line:
        return None
    return os.fsdecode(line[len(prefix) :]) or None


def _has_code(path: Path) -> bool | Skipped:
    """Whether a file with code is among the first names, level by level; hidden and foreign ones left out."""
    left = LIMITS.repository_names
    level = [path]
    closed: Skipped | None = None
    for _ in range(_DEPTH):
        folders: list[Path] = []
        for folder in level:
            entries = _entries(folder)
            if isinstance(entries, Skipped):
                closed = entries
                continue
            if any(
                PurePosixPath(name).suffix.lower() in _CODE for name, is_folder in entries if not is_folder
            ):
                return True
            left -= len(entries)
            if left <= 0:
                reason = f"no code among its first {LIMITS.repository_names} names"
                return Skipped(kind="repository", subject=printable(str(path)), reason=reason)
            folders.extend(folder / name for name, is_folder in entries if is_folder)
        level = folders
    return closed or False


def _entries(folder: Path) -> list[tuple[str, bool]] | Skipped:
    """Names in `folder` that may count, and whether each is a folder. Links are not followed."""
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not entry.name.startswith(".") and not (is_folder and entry.name in _NOT_OURS):
                    found.append((entry.name, is_folder))
                if len(found) == LIMITS.repository_names:
                    break
    except OSError as error:
        return Skipped(kind="folder", subject=printable(str(folder)), reason=refusal(error).reason)
    return sorted(found)


def _has_notes(git: Path) -> bool | Skipped:
    """Whether there is a ref for git-ai's notes, loose or packed."""
    if os.path.lexists(git / "reftable"):
        reason = "it keeps its refs in a reftable, which is not read"
        return Skipped(kind="repository", subject=printable(str(git)), reason=reason)
    loose = read_small(git / _NOTES, max_bytes=_POINTER_BYTES)
    if loose:
        return loose if isinstance(loose, Skipped) else True
    return _in_packed_refs(git / "packed-refs", f" {_NOTES}\n".encode())


def _in_packed_refs(path: Path, wanted: bytes) -> bool | Skipped:
    """Whether a line of packed-refs ends so. Read in pieces: some repositories have a million refs."""
    try:
        with opened(path) as fd:
            tail = b""
            for _ in range(LIMITS.packed_refs_bytes // _CHUNK_BYTES):
                chunk = os.read(fd, _CHUNK_BYTES)
                if not chunk:
                    return False
                if wanted in tail + chunk:
                    return True
                tail = chunk[-len(wanted) :]
    except NotOpened as error:
        if error.missing:
            return False
        return Skipped(kind="file", subject=printable(str(path)), reason=error.reason)
    except OSError as error:
        return Skipped(kind="file", subject=printable(str(path)), reason=refusal(error).reason)
    reason = f"larger than {LIMITS.packed_refs_bytes} bytes"
    return Skipped(kind="file", subject=printable(str(path)), reason=reason)
