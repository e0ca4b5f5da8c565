"""Files that somebody outside replaces while a box runs, as editors and git do.

The kernel takes what stood over the old one away with it, in every box; what is put back comes a bit later.
"""

import os

import pytest

from real.running import PATIENCE_S, USERS, appears, place

_SCRIPT = """
cat .env > before; echo > begun; until [ -e go ]; do read -t 0.05 < /dev/zero; done
printf '[core]\\n\\tfsmonitor = ./planted\\n' >> .git/config
echo planted > .vscode/tasks.json; echo planted > .git/hooks/pre-commit; echo planted > .git/hooks/commit-msg
"""


@pytest.mark.parametrize("user", USERS)
def test_what_a_box_then_writes_is_taken_back_and_folders_stay_as_they_are(user: str) -> None:
    with place(user, repository=True) as here:
        here.write(".env", "TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789\n")
        here.write(".vscode/tasks.json", "{}\n")
        here.write(".git/hooks/pre-commit", "#!/bin/sh\n", mode=0o755)
        before = here.git("config", "--list", "--local")
        process = here.start("run", "--", "bash", "-c", _SCRIPT)
        appears(here.tree / "begun")
        here.git("config", "branch.main.description", "outside")
        for name in (".vscode/tasks.json", ".git/hooks/pre-commit"):
            os.replace(here.write(f"{name}.new", "of a person\n"), here.tree / name)
        here.write("go", "")
        _, error = process.communicate(timeout=PATIENCE_S)
        assert (here.tree / "before").read_text() == ""
        assert "fsmonitor" not in here.git("config", "--list", "--local")
        assert set(before.splitlines()) <= set(here.git("config", "--list", "--local").splitlines())
        for name in (".vscode/tasks.json", ".git/hooks/pre-commit"):
            assert (here.tree / name).read_text() == "of a person\n"
        assert not (here.tree / ".git/hooks/commit-msg").exists()
        assert b"core.fsmonitor" in error


def test_a_folder_of_settings_is_read_only_whatever_happens_in_it_outside() -> None:
    with place(repository=True) as here:
        here.write(".vscode/tasks.json", "{}\n")
        script = (
            "echo > begun; until [ -e go ]; do read -t 0.05 < /dev/zero; done; echo x > .vscode/tasks.json"
        )
        process = here.start("run", "--", "bash", "-c", script)
        appears(here.tree / "begun")
        os.replace(here.write(".vscode/new", "of a person\n"), here.tree / ".vscode/tasks.json")
        here.write("go", "")
        assert process.wait(PATIENCE_S) == 1
        process.communicate()
        assert (here.tree / ".vscode/tasks.json").read_text() == "of a person\n"
