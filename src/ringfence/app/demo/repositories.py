"""Git repositories with one commit, made without git: objects, a branch, a configuration.

Sources: gitrepository-layout(5), git's Documentation/technical; Agent Trace 0.1.0.
"""

import json
import zlib
from collections.abc import Mapping

from ringfence.app.demo.entries import Entries, Entry, Folder, git_sha1, sha256

__all__ = ["with_record", "without_record"]

_AUTHOR = "Demo <demo@example.com> 1760000000 +0000"
_CONFIG = (
    b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
)
_APP = b'def greet(name: str) -> str:\n    return f"Hello, {name}"\n\n\nprint(greet("world"))\n'


def without_record() -> Entries:
    """An agent works here, and nothing says which lines a model wrote."""
    files = {"CLAUDE.md": b"# Greeter\n\nRun `python app.py` after every change.\n", "app.py": _APP}
    return {**files, **_git(files)[0]}


def with_record() -> Entries:
    """The same code, and an Agent Trace record that names the model that wrote it."""
    files = {"app.py": _APP}
    git, commit = _git(files)
    trace = {
        "version": "0.1.0",
        "id": "7d1f2c64-9e2b-4c1a-8f3d-5a60b7e4c921",
        "timestamp": "2025-10-09T08:53:20Z",
        "vcs": {"type": "git", "revision": commit},
        "tool": {"name": "claude-code", "version": "2.0.10"},
        "files": [
            {
                "path": "app.py",
                "conversations": [
                    {
                        "contributor": {"type": "ai", "model_id": "anthropic/claude-sonnet-4-5-20250929"},
                        "ranges": [
                            {"start_line": 1, "end_line": 5, "content_hash": f"sha256:{sha256(_APP)}"}
                        ],
                    }
                ],
            }
        ],
    }
    return {**files, **git, ".agent-trace/traces.jsonl": json.dumps(trace).encode() + b"\n"}


def _git(files: Mapping[str, bytes]) -> tuple[Entries, str]:
    """A `.git` whose one commit holds the files (no folders), and that commit's name."""
    blobs = {name: git_sha1(data) for name, data in sorted(files.items())}
    tree = b"".join(f"100644 {name}\0".encode() + bytes.fromhex(sha) for name, sha in blobs.items())
    commit = (
        f"tree {git_sha1(tree, kind='tree')}\nauthor {_AUTHOR}\ncommitter {_AUTHOR}\n\nGreet people\n"
    ).encode()
    commit_sha = git_sha1(commit, kind="commit")
    objects = (("commit", commit), ("tree", tree), *(("blob", data) for data in files.values()))
    entries: dict[str, Entry] = {
        ".git/HEAD": b"ref: refs/heads/main\n",
        ".git/config": _CONFIG,
        ".git/description": b"Unnamed repository; edit this file 'description' to name the repository.\n",
        ".git/objects/info": Folder(),
        ".git/objects/pack": Folder(),
        ".git/refs/heads/main": f"{commit_sha}\n".encode(),
        ".git/refs/tags": Folder(),
    }
    for kind, data in objects:
        sha = git_sha1(data, kind=kind)
        entries[f".git/objects/{sha[:2]}/{sha[2:]}"] = zlib.compress(f"{kind} {len(data)}\0".encode() + data)
    return entries, commit_sha
