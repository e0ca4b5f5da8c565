"""Working trees with real git, and what a box would do to them: it writes the tree and its private copies."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringfence.sandbox.tree.flow_back import flow_back
from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.mounts import copies
from ringfence.sandbox.tree.settle import forget, prepare, sweep
from ringfence.sandbox.tree.tree import Refused, Swept, Tree

_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """What git says, with no configuration but the repository's."""
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if check and done.returncode:
        raise AssertionError(f"git {arguments}: {done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Run:
    """A session over a tree: `begin`, then do what a box could, then `end`."""

    tree: Path
    session: Path
    cache: Path | None = None

    def look(self) -> Tree:
        return look(self.tree, cache=self.cache, now_ns=time.time_ns())

    def begin(self) -> Tree:
        found = self.look()
        prepare(found, self.session)
        return found

    def sweep(self) -> Swept:
        return sweep(self.session, cache=self.cache, now_ns=time.time_ns())

    def end(self) -> tuple[Refused, ...]:
        """What was refused; everything else must have gone well."""
        swept, flowed = self.sweep(), flow_back(self.session)
        assert not swept.troubles
        assert not flowed.troubles
        forget(self.session)
        return (*swept.refused, *flowed.refused)

    def refused(self) -> list[str]:
        """Paths of what was refused, relative to the tree."""
        return sorted(each.path.removeprefix(f"{self.tree}/") for each in self.end())


def start(folder: Path, *, repository: bool = True) -> Run:
    """A tree and a session in `folder`."""
    tree, session = folder / "tree", folder / "state" / "session-1"
    tree.mkdir()
    for name in ("home", "git", "refused"):
        (session / name).mkdir(parents=True, mode=0o700)
    session.chmod(0o700)
    if repository:
        git(tree, "init", "-q", "-b", "main")
        (tree / "file.txt").write_text("one\n")
        git(tree, "add", ".")
        git(tree, "commit", "-q", "-m", "one")
    return Run(tree=tree.resolve(), session=session.resolve())


@contextmanager
def inside(run: Run, found: Tree) -> Iterator[None]:
    """Git's configurations as a box sees them: links to the private copies, over the files."""
    moved = []
    for number, each in copies(found):
        config = Path(each.path) / "config"
        config.rename(run.session / f"hidden-{number}")
        config.symlink_to(run.session / "git" / str(number) / "config")
        moved.append((config, number))
    try:
        yield
    finally:
        for config, number in moved:
            config.unlink()
            (run.session / f"hidden-{number}").rename(config)


def state(folder: Path) -> dict[str, object]:
    """All that is in a folder: kinds, permissions, contents. Git's objects and its index left aside."""
    found: dict[str, object] = {}
    for path, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted((*folders, *files)):
            each = Path(path) / name
            relative = str(each.relative_to(folder))
            if each.is_symlink():
                found[relative] = ("link", os.readlink(each))
            elif each.is_dir():
                found[relative] = "folder"
            elif each.is_file():
                found[relative] = (oct(each.stat().st_mode), each.read_bytes())
    return found


def copy_of(folder: Path, to: Path) -> Path:
    """The folder with everything in it, links as links."""
    shutil.copytree(folder, to, symlinks=True)
    return to
