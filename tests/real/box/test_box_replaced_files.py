"""Files that people replace outside while a box runs are covered again in it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from real.running import PATIENCE_S, USERS, Place, place, until


@contextmanager
def _looking(here: Place, script: str) -> Iterator[Callable[[str], None]]:
    """A box that runs the script again and again; waits, when called, until this comes of it."""
    loop = f"until [ -e go ]; do {{ {script}; }} > draft 2>&1; mv draft said; read -t 0.02 < /dev/zero; done"
    process = here.start("run", "--", "bash", "-c", loop)

    def says(what: str) -> None:
        said = here.tree / "said"
        until(
            lambda: said.exists() and said.read_text() == what,
            lambda: f"{what} instead of {said.read_text()}",
        )

    try:
        yield says
    finally:
        here.write("go", "")
        _, error = process.communicate(timeout=PATIENCE_S)
    assert b"open to the box" not in error


@pytest.mark.parametrize("user", USERS)
def test_what_a_person_saves_over_a_secret_is_hidden_as_it_was(user: str) -> None:
    with place(user, repository=True) as here:
        here.write("below/.env", "TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789\n")
        with _looking(here, "cat next; cat below/.env") as says:
            here.write("next", "1\n")
            says("1\n")
            os.replace(here.write("below/new", f"TOKEN=ghp_{'b' * 36}\n"), here.tree / "below/.env")
            here.write("next", "2\n")
            says("2\n")
            (here.tree / "below/.env").unlink()
            here.write("below/.env", f"TOKEN=ghp_{'c' * 36}\n")
            here.write("next", "3\n")
            says("3\n")
        assert "ccc" in (here.tree / "below/.env").read_text()


@pytest.mark.parametrize("user", USERS)
def test_git_s_configuration_is_a_private_copy_also_after_somebody_changed_it(user: str) -> None:
    with place(user, repository=True) as here:
        with _looking(here, "cat next; readlink .git/config") as says:
            for number in ("1", "2"):
                here.git("config", "branch.main.description", number)
                here.write("next", f"{number}\n")
                says(f"{number}\n/run/ringfence/git/0/config\n")
        assert here.git("config", "branch.main.description") == "2\n"
        assert not (here.tree / ".git/config").is_symlink()


@pytest.mark.parametrize("user", USERS)
def test_what_acts_outside_is_read_only_also_after_somebody_replaced_it(user: str) -> None:
    with place(user, repository=True) as here:
        here.write(".envrc", "one\n")
        here.write(".vscode/tasks.json", "{}\n")
        files = ".envrc .vscode/tasks.json"
        with _looking(here, f"cat {files}; for each in {files}; do [ -w $each ] || echo kept; done") as says:
            says("one\n{}\nkept\nkept\n")
            os.replace(here.write("new", "two\n"), here.tree / ".envrc")
            here.host("rm", "-r", ".vscode")
            here.write(".vscode/tasks.json", "[]\n")
            says("two\n[]\nkept\nkept\n")
