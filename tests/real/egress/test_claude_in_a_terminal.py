"""Claude Code in a terminal, as people start it: it asks its first questions once, not in each run."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from needs import missing
from real.node_programs import CLAUDE, MODULES, needs_programs
from real.running import PATIENCE_S, Place, place, until
from real.scripted_model import Model
from real.world import host, keep, lead

_KEY = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"
_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_RUN = Path(sys.executable).with_name("ringfence")


class _Terminal:
    """One window, tmux's, with Claude Code in it."""

    def __init__(self, socket: Path) -> None:
        self.socket, self.pid = socket, 0

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def text(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "0")

    def is_over(self) -> bool:
        """tmux itself does not always hear of it."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    def answers(self, question: str, *keys: str) -> None:
        until(lambda: question in self.text(), lambda: f"{question!r} on\n{self.text()}")
        shown = self.text()
        if keys:
            until(lambda: self._is_heard(shown, *keys), lambda: f"another screen than\n{shown}")

    def _is_heard(self, shown: str, *keys: str) -> bool:
        """Whether typing these changed what is shown; a screen may be drawn before anybody reads keys."""
        self.tmux("send-keys", "-t", "0", *keys)
        end = time.monotonic() + PATIENCE_S / 4  # typed twice, it answers the next question as well
        while self.text() == shown and time.monotonic() < end:
            time.sleep(0.05)
        return self.text() != shown


@contextmanager
def _claude(here: Place, socket: Path) -> Iterator[_Terminal]:
    variables = [f"{name}={value}" for name, value in (here.environment | {"TERM": "tmux-256color"}).items()]
    command = ["env", "-i", *variables, str(_RUN), "run", "--agent", "claude", "--", str(CLAUDE)]
    found = _Terminal(socket)
    size = ("-x", "100", "-y", "40")
    found.tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(here.tree), *command)
    found.tmux("set-option", "remain-on-exit", "on")
    found.pid = int(found.tmux("display-message", "-p", "-t", "0", "#{pane_pid}"))
    try:
        yield found
        while not found.is_over():
            found.tmux("send-keys", "-t", "0", "C-c")
            until(lambda: found.is_over() or "again to exit" in found.text(), found.text)
            found.tmux("send-keys", "-t", "0", "C-c")
            until(lambda: found.is_over() or "again to exit" not in found.text(), found.text)
    finally:
        found.tmux("kill-server")


@contextmanager
def _world() -> Iterator[Place]:
    """A tree, and those whom it asks."""
    needs_programs("claude", CLAUDE)
    if shutil.which("tmux") is None:
        missing("tmux", "scripts/install-test-needs")
    with (
        place(repository=True) as here,
        host("api.anthropic.com", Model) as api,
        host("platform.claude.com", Model) as platform,
    ):
        lead(here, api, platform, network="", reads=(MODULES,))
        yield here


def test_with_a_key_what_it_asks_in_the_first_run_it_does_not_ask_in_the_next(tmp_path: Path) -> None:
    with _world() as here:
        how = ("--kind", "header", "--part", "header=x-api-key", "--host", "api.anthropic.com")
        keep(here, "ANTHROPIC_API_KEY", *how, secret=_KEY)
        with _claude(here, tmp_path / "1") as first:
            first.answers("Choose the text style", "Enter")
            first.answers("Do you want to use this API key?", "Up")
            first.answers("❯ 1. Yes", "Enter")  # noqa: RUF001 - what it draws
            first.answers("Press Enter to continue", "Enter")
            first.answers("Yes, I trust this folder", "Enter")
            first.answers("? for shortcuts")
        with _claude(here, tmp_path / "2") as second:
            second.answers("? for shortcuts")
            assert "API Usage Billing" in second.text(), "with the key, as was answered"


def test_with_a_login_it_asks_whether_the_tree_is_trusted_and_nothing_else_and_once(tmp_path: Path) -> None:
    with _world() as here:
        path = here.own(here.home / ".claude", make=True) / ".credentials.json"
        login = {"accessToken": _TOKEN, "expiresAt": 4_102_444_800_000, "scopes": ["user:inference"]}
        path.write_text(json.dumps({"claudeAiOauth": login}))
        path.chmod(0o600)
        here.own(path)
        assert here.ringfence("vault", "adopt", "--yes").exit == 0
        with _claude(here, tmp_path / "1") as first:
            first.answers("Yes, I trust this folder", "Enter")
            first.answers("? for shortcuts")
        with _claude(here, tmp_path / "2") as second:
            second.answers("? for shortcuts")
            assert "Not logged in" not in second.text()
