"""Against the sweep itself: links on its way, names that cannot be moved, too much of everything, kills."""

import os
import sys
from pathlib import Path

import pytest

from boxes import ORDINARY, as_user, tree_of
from ringfence.core.limits import LIMITS
from ringfence.sandbox.tree import moving
from ringfence.sandbox.tree.flow_back import flow_back
from ringfence.sandbox.tree.settle import forget
from ringfence.sandbox.tree.walk import ASIDE
from working_trees import Run, git, inside, start, state


def test_a_link_that_takes_the_place_of_a_folder_leads_the_sweep_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another box over the same tree exchanges the folder between the look and the move."""
    run = start(tmp_path, repository=False)
    run.begin()
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.bashrc").write_text("precious")
    (run.tree / "pkg").mkdir()
    (run.tree / "pkg/.bashrc").write_text("evil")
    move = moving.move

    def late(anchor: str, path: str, into: Path, aside: str, name: str) -> str:
        if not (run.tree / "gone").exists():
            (run.tree / "pkg").rename(run.tree / "gone")
            (run.tree / "pkg").symlink_to(tmp_path / "home")
        return move(anchor, path, into, aside, name)

    monkeypatch.setattr(moving, "move", late)
    swept = run.sweep()
    assert (tmp_path / "home/.bashrc").read_text() == "precious"
    assert [each.path for each in swept.troubles] == [f"{run.tree}/pkg/.bashrc"]
    assert [Path(each.kept or "").read_text() for each in swept.refused] == ["evil"]
    assert not (run.tree / "gone/.bashrc").exists()


@pytest.mark.parametrize("kind", ["fifo", "folder", "full folder", "huge", "socket"])
def test_what_is_no_file_is_moved_as_it_is(kind: str, tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    path = run.tree / ".mcp.json"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir(mode=0o500)
        case "full folder":
            (path / "a/.git").mkdir(parents=True)
        case "huge":
            with path.open("wb") as file:
                file.truncate(1 << 40)
        case "socket":
            os.mknod(path, 0o140600)
    assert run.refused() == [".mcp.json"]
    assert not os.path.lexists(path)


def test_a_configuration_that_never_ends_is_not_read(tmp_path: Path) -> None:
    run = start(tmp_path)
    run.begin()
    (run.tree / "docs/.git").mkdir(parents=True)
    with (run.tree / "docs/.git/config").open("wb") as file:
        file.truncate(1 << 40)
    os.mkfifo(run.tree / ".git/config.worktree")
    assert run.refused() == [".git/config.worktree", "docs/.git/config"]


def test_on_another_file_system_what_was_refused_stays_beside(tmp_path: Path) -> None:
    with _other_file_system() as folder:
        run = start(tmp_path, repository=False)
        run = Run(tree=run.tree, session=_session(Path(folder)))
        run.begin()
        (run.tree / ".mcp.json").write_text("evil")
        (run.tree / ASIDE).symlink_to("/nowhere")  # in the way of the sweep
        (refused,) = run.end()
        assert refused.kept is not None
        assert refused.kept.startswith(f"{run.tree}/{ASIDE}/")
        assert Path(refused.kept).read_text() == "evil"
        assert (run.tree / ASIDE).stat().st_mode & 0o777 == 0o700
        run.begin()
        assert run.end() == (refused,)


def _session(folder: Path) -> Path:
    session = folder / "state" / "session-1"
    for name in ("git", "refused"):
        (session / name).mkdir(parents=True, mode=0o700)
    session.chmod(0o700)
    return session


class _other_file_system:  # noqa: N801 - reads as a word
    def __enter__(self) -> str:
        import tempfile

        self._folder = tempfile.TemporaryDirectory(dir="/dev/shm")
        return self._folder.name

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def test_many_planted_names_are_all_moved(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    for number in range(LIMITS.git_folders + 50):
        git_folder = run.tree / f"d{number}/.git"
        git_folder.mkdir(parents=True)
        (git_folder / "config").write_text("[alias]\n\tx = !evil\n")
    swept = run.sweep()
    assert len(swept.refused) == LIMITS.git_folders + 50
    assert not list(run.tree.glob("*/.git/config"))


@pytest.mark.parametrize("mode", [0o000, 0o111, 0o333, 0o555])
def test_folders_that_are_closed_hide_nothing(mode: int) -> None:
    """As an ordinary user, whom permissions bind."""
    with tree_of("ordinary") as folder:

        def act() -> list[str]:
            run = start(folder, repository=False)
            run.begin()
            deep = run.tree / "a/b"
            deep.mkdir(parents=True)
            (deep / ".envrc").write_text("evil")
            (deep / ".vscode").mkdir(mode=0o000)
            deep.chmod(mode)
            deep.parent.chmod(mode)
            return run.refused()

        found = as_user(ORDINARY, act) if os.geteuid() == 0 else act()
    assert found == ["a/b/.envrc", "a/b/.vscode"]


_CHANGES = frozenset(
    {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.chmod", "os.chown"}
)


def _killed_after(changes: int, run: Run) -> bool:
    """Puts the tree in order in a process that is gone after so many changes; whether it came to the end."""
    child = os.fork()
    if not child:
        left = changes

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
            if event in _CHANGES or writes:
                if left == 0:
                    os._exit(9)
                left -= 1

        sys.addaudithook(count)
        try:
            run.sweep()
            flow_back(run.session)
            forget(run.session)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _left_by_a_box(folder: Path) -> Run:
    run = start(folder)
    (run.tree / ".envrc").write_text("good")
    found = run.begin()
    with inside(run, found):
        git(run.tree, "checkout", "-q", "-b", "new")
        git(run.tree, "config", "branch.new.remote", ".")
        git(run.tree, "config", "branch.new.merge", "refs/heads/main")
    (run.tree / ".envrc").unlink()
    (run.tree / ".envrc").write_text("evil")
    (run.tree / "pkg/.vscode").mkdir(parents=True)
    (run.tree / ".git/commondir").write_text("../pkg\n")
    return run


def test_killed_after_any_change_and_done_again_the_end_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = _left_by_a_box(tmp_path / "whole")
    refused = sorted((each.path.removeprefix(f"{whole.tree}/"), each.is_restored) for each in whole.end())
    assert refused == [(".envrc", True), (".git/commondir", False), ("pkg/.vscode", False)]
    expected = _names(whole)
    done, changes = False, 0
    while not done:
        folder = tmp_path / f"killed-{changes}"
        folder.mkdir()
        run = _left_by_a_box(folder)
        done = _killed_after(changes, run)
        run.end()
        assert _names(run) == expected, f"killed after {changes} changes"
        assert sorted(each.name for each in (run.session / "git").iterdir()) == []
        kept = [each for each in (run.session / "refused").iterdir() if each.name != "list.jsonl"]
        assert len(kept) == len(refused)
        changes += 1
    assert changes > 15


def _names(run: Run) -> dict[str, object]:
    """What matters of the tree's state: times and objects of git differ."""
    found = state(run.tree)
    return {
        name: what
        for name, what in found.items()
        if not name.startswith((".git/objects", ".git/index", ".git/logs", ".git/refs"))
    }
