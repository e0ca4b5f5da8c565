"""What editors, shells, agents and hook programs outside would act on, planted in a working tree."""

import os
import subprocess
from pathlib import Path

import pytest

from ringfence.sandbox.tree.protected import Care, how
from working_trees import Run, start

_PLANTED = (
    ".vscode/tasks.json",
    ".vscode/settings.json",
    "pkg/.vscode/launch.json",
    ".idea/workspace.xml",
    ".zed/tasks.json",
    ".devcontainer/devcontainer.json",
    ".devcontainer.json",
    "evil.code-workspace",
    ".exrc",
    ".nvim.lua",
    ".dir-locals.el",
    ".envrc",
    "deep/er/.envrc",
    ".bashrc",
    ".zshenv",
    ".claude/settings.json",
    ".codex/config.toml",
    ".gemini/settings.json",
    ".cursor/mcp.json",
    ".mcp.json",
    "opencode.json",
    ".kiro/settings/mcp.json",
    ".husky/pre-commit",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    ".gdbinit",
    "ringfence.yaml",
    "models.lock",
)


def _write(path: Path, text: str = "evil") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("name", _PLANTED)
def test_what_acts_outside_does_not_stay(name: str, tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    _write(run.tree / name)
    parts = name.split("/")
    top = next(
        "/".join(parts[: n + 1]) for n in range(len(parts)) if how("/".join(parts[:n]), parts[n]) is not None
    )
    record = (run.session / "tree.json").read_text()  # as if the folders made for the run had not held
    (run.session / "tree.json").write_text(record.replace(f'"{run.tree}/{top}"', '"/nothing"'))
    (refused,) = run.end()
    assert (refused.path, os.path.lexists(run.tree / name)) == (f"{run.tree}/{top}", False)
    assert refused.kept is not None
    kept = Path(refused.kept)
    assert (kept / "/".join(parts[top.count("/") + 1 :]) if kept.is_dir() else kept).read_text() == "evil"


def test_a_shell_enters_a_folder_that_a_box_wrote_and_nothing_happens(tmp_path: Path) -> None:
    """As direnv and its kin do, here played by the shell itself."""
    run, marker = start(tmp_path, repository=False), tmp_path / "acted"
    run.begin()
    _write(run.tree / ".envrc", f"touch {marker}\n")
    enter = ["sh", "-c", "test -f .envrc && . ./.envrc || true"]
    subprocess.run(enter, cwd=run.tree, check=True)
    assert marker.exists(), "without the sweep the attack succeeds"
    marker.unlink()
    run.end()
    subprocess.run(enter, cwd=run.tree, check=True)
    assert not marker.exists()


def test_what_was_there_is_there_again_when_its_mount_did_not_hold(tmp_path: Path) -> None:
    """Somebody outside exchanged the file, and with that took the mount away."""
    run = start(tmp_path, repository=False)
    _write(run.tree / ".envrc", "export A=1\n")
    _write(run.tree / "pkg/.mcp.json", "{}\n")
    (run.tree / ".envrc").chmod(0o640)
    run.begin()
    for name in (".envrc", "pkg/.mcp.json"):
        _write(run.tree / "new", "evil")
        (run.tree / "new").rename(run.tree / name)
    assert [(each.path.removeprefix(f"{run.tree}/"), each.is_restored) for each in run.end()] == [
        (".envrc", True),
        ("pkg/.mcp.json", True),
    ]
    assert (run.tree / ".envrc").read_text() == "export A=1\n"
    assert (run.tree / ".envrc").stat().st_mode & 0o777 == 0o640
    assert (run.tree / "pkg/.mcp.json").read_text() == "{}\n"


def test_a_folder_with_kept_names_may_be_renamed_and_made_anew(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    _write(run.tree / "pkg/.vscode/tasks.json", "{}")
    _write(run.tree / "pkg/.envrc", "good")
    run.begin()
    (run.tree / "pkg").rename(run.tree / "old")
    _write(run.tree / "pkg/.vscode/tasks.json")
    _write(run.tree / "pkg/.envrc")
    assert run.refused() == ["pkg/.envrc", "pkg/.vscode"]
    assert (run.tree / "old/.vscode/tasks.json").read_text() == "{}"
    assert (run.tree / "old/.envrc").read_text() == (run.tree / "pkg/.envrc").read_text() == "good"


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "nowhere", "."])
def test_a_link_under_a_name_that_acts_is_moved_and_not_followed(target: str, tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    _write(tmp_path / "outside")
    (run.tree / ".mcp.json").symlink_to(target)
    (refused,) = run.end()
    assert not os.path.lexists(run.tree / ".mcp.json")
    assert refused.kept is not None
    assert os.readlink(refused.kept) == target


def test_instructions_and_build_files_stay_and_are_told_of(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    for name in ("AGENTS.md", ".github/workflows/ci.yml", "CLAUDE.md"):
        _write(run.tree / name, "before")
    run.begin()
    for name in ("AGENTS.md", ".github/workflows/ci.yml", ".github/workflows/new.yml", "pkg/GEMINI.md"):
        _write(run.tree / name, "after")
    _write(run.tree / "Makefile", "all:\n\techo\n")
    found = run.end()
    assert [(each.path.removeprefix(f"{run.tree}/"), each.kept) for each in found] == [
        (".github/workflows/ci.yml", None),
        (".github/workflows/new.yml", None),
        ("AGENTS.md", None),
        ("Makefile", None),
        ("pkg/GEMINI.md", None),
    ]
    assert (run.tree / "AGENTS.md").read_text() == "after"


def test_a_program_does_not_become_everybody_s(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    run.begin()
    _write(run.tree / "tool")
    (run.tree / "tool").chmod(0o4755)
    assert run.refused() == ["tool"]
    assert (run.tree / "tool").stat().st_mode & 0o7777 == 0o755


def _held(run: Run) -> list[str]:
    return [path.removeprefix(f"{run.tree}/") for path in run.look().missing]


def test_while_a_box_is_there_the_first_folders_an_editor_looks_for_are_there(tmp_path: Path) -> None:
    run = start(tmp_path, repository=False)
    names = _held(run)
    assert names == [
        *(".vscode", ".idea", ".zed", ".devcontainer"),
        *(".claude", ".codex", ".gemini", ".cursor"),
    ]
    assert {how("", name).care for name in names} == {Care.HOLD}  # type: ignore[union-attr]
    run.begin()
    assert sorted(os.listdir(run.tree)) == sorted(names)
    (run.tree / ".vscode/settings.json").write_text("an editor outside, or another box")
    assert run.refused() == [".vscode"], "nobody can tell which; it is kept aside"
    assert os.listdir(run.tree) == []
