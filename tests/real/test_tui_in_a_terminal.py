"""The view in a real terminal, tmux's: as people start it, with keys alone, with colours or without."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from needs import missing
from real.running import until
from watched import machine, push, session_id

_RUN = Path(sys.executable).with_name("ringfence")
_COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


@dataclass(frozen=True)
class Terminal:
    """One window of 80 by 24 with the view in it."""

    socket: Path

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self.socket), *arguments], capture_output=True, text=True, check=True
        ).stdout

    def press(self, *names: str) -> None:
        self.tmux("send-keys", "-t", "0", *names)

    def text(self, *, codes: bool = False) -> str:
        return self.tmux("capture-pane", "-p", "-t", "0", *(["-e"] if codes else []))

    def shows(self, text: str) -> str:
        until(lambda: text in self.text(), lambda: f"{text!r} on\n{self.text()}")
        return self.text()


@contextmanager
def terminal(folder: Path, *variables: str) -> Iterator[Terminal]:
    """A home in `folder`; what the view leaves on the screen stays until the end."""
    if shutil.which("tmux") is None:
        missing("tmux", "scripts/install-test-needs")
    found = Terminal(folder / "s")
    given = [f"HOME={folder}", "LANG=C.UTF-8", "TZ=UTC", *variables]
    command = " ".join(
        [
            "env",
            "-u",
            "NO_COLOR",
            "-u",
            "XDG_STATE_HOME",
            "-u",
            "XDG_CONFIG_HOME",
            *given,
            f"{_RUN} tui; echo status $?; cat",
        ]
    )
    found.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command)
    try:
        yield found
    finally:
        found.tmux("kill-server")


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """A ledger in which a session asks; the file is the one that the view is told of."""
    here = machine(tmp_path)
    here.does(session_id(1), push())
    here.door.ledger.close()
    return tmp_path / "state" / "ledger.sqlite"


@pytest.mark.parametrize("variable", ["TERM=tmux-256color", "NO_COLOR=1", "TERM=xterm"])
def test_the_view_shows_what_is_asked_and_leaves_the_terminal_as_it_was(
    asked: Path, tmp_path: Path, variable: str
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with terminal(home, f"RINGFENCE_LEDGER={asked}", variable) as seen:
        shown = seen.shows("git.push by the agent claude")
        assert " 1 asks 1 " in shown.splitlines()[0]
        seen.press("2")
        seen.shows("following")
        until(
            lambda: (_COLOUR.search(seen.text(codes=True)) is not None) is (variable != "NO_COLOR=1"),
            lambda: f"colours or none on\n{seen.text(codes=True)!r}",
        )
        seen.press("?")
        seen.shows("follow what comes")
        seen.press("q", "q")
        assert "claude" not in seen.shows("status 0")


def test_the_default_ledger_is_the_users_own_and_an_end_by_control_c_is_clean(tmp_path: Path) -> None:
    with terminal(tmp_path) as seen:
        seen.shows("nothing waits for an answer")
        seen.press("C-c")
        seen.shows("status 0")
    assert (tmp_path / ".local/state/ringfence").is_dir()


def test_without_a_terminal_there_is_no_view(tmp_path: Path) -> None:
    done = subprocess.run(
        [_RUN, "tui"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "ringfence: error: the view needs a terminal",
        "ringfence: hint: ringfence asks, or ringfence ledger show --follow",
    ]


def test_no_other_command_loads_what_the_view_is_made_with(tmp_path: Path) -> None:
    for command in (["asks"], ["tui", "--help"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "ringfence.cli.main", *command],
            env={"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "ringfence.cli.parser" in done.stderr
        assert "textual" not in done.stderr
