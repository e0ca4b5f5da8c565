"""People at a terminal: a real one of tmux, in which somebody types `ringfence run -- …`."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from needs import missing
from real.running import USERS, Place, appears, left, place, until

_RUN = str(Path(sys.executable).with_name("ringfence"))


@dataclass(frozen=True)
class Screen:
    """A terminal with a shell of the host in it, whose prompt is `host>`."""

    socket: Path
    here: Place

    def tmux(self, *arguments: str) -> str:
        return self.here.host("tmux", "-S", str(self.socket), *arguments)

    def type(self, text: str, *, enter: bool = True) -> None:
        self.tmux("send-keys", "-t", "0", "-l", text)
        if enter:
            self.key("Enter")

    def key(self, *names: str) -> None:
        """As tmux names them: C-c, Escape."""
        self.tmux("send-keys", "-t", "0", *names)

    def text(self) -> str:
        """What can be seen, and what has scrolled away."""
        return self.tmux("capture-pane", "-p", "-S", "-200", "-t", "0")

    def shows(self, text: str) -> None:
        """Returns once a line that ends so can be seen."""
        until(
            lambda: any(line.rstrip().endswith(text) for line in self.text().splitlines()),
            lambda: f"{text!r} on\n{self.text()}",
        )

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-t", "0", "-x", str(columns), "-y", str(rows))


@contextmanager
def screen(here: Place) -> Iterator[Screen]:
    """A server of tmux's with one window of 80 by 24."""
    if shutil.which("tmux") is None:
        missing("tmux", "scripts/install-test-needs")
    here.needs_ringfence()
    here.write("rc", f"PS1='host> '; run() {{ {shlex.quote(_RUN)} run -- \"$@\"; }}\n")
    found = Screen(here.own(here.home / "t", make=True) / "s", here)
    shell = f"bash --noprofile --rcfile {shlex.quote(str(here.tree / 'rc'))} -i"
    found.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", str(here.tree), shell)
    try:
        found.shows("host>")
        yield found
    finally:
        found.tmux("kill-server")
        until(lambda: not left(str(here.tree)), "the end of the terminal")


@pytest.mark.parametrize("user", USERS)
def test_a_shell_in_a_box_is_as_a_shell_outside(user: str) -> None:
    with place(user) as here, screen(here) as seen:
        seen.type("run bash --norc --noprofile -i")
        seen.shows("$")
        seen.type("PS1='box> '")
        seen.shows("box>")
        seen.type("tty; stty size")
        seen.shows("24 80")
        assert "/dev/pts/0" in seen.text()
        seen.resize(100, 30)
        seen.type("sleep 0.2; stty size; echo $COLUMNS")
        seen.shows("30 100")
        seen.type("sleep 1000")
        seen.key("C-c")
        seen.type("echo status $?")
        seen.shows("status 130")
        seen.type("sleep 1000 & jobs; fg")
        seen.shows("sleep 1000")
        seen.key("C-z")
        seen.shows("Stopped                 sleep 1000")
        seen.type("bg; jobs -r; kill %1; wait; echo o''ver")
        seen.shows("over")
        seen.type("exit 7")
        seen.shows("host>")
        seen.type("echo status $?; stty -a | grep -o ' echo '")
        seen.shows("status 7")
        seen.shows(" echo")


@pytest.mark.parametrize("user", USERS)
def test_a_stopped_command_is_a_stopped_job_of_the_host_and_goes_on(user: str) -> None:
    with place(user) as here, screen(here) as seen:
        seen.type("run cat")
        seen.type("one")
        until(lambda: "one\none\n" in seen.text(), "an answer of cat")
        seen.key("C-z")
        seen.shows(' run -- "$@"')
        seen.type("echo typed at the host")
        seen.shows("typed at the host")
        seen.type("fg")
        seen.type("two")
        until(lambda: "two\ntwo\n" in seen.text(), "an answer of cat")
        seen.key("C-d")
        seen.shows("host>")
        seen.type("echo status $?")
        seen.shows("status 0")


def test_control_c_ends_a_command_and_only_it() -> None:
    with place() as here, screen(here) as seen:
        seen.type("run sh -c 'echo waits; sleep 1000'; echo status $?")
        seen.shows("waits")
        seen.key("C-c")
        seen.shows("status 130")
        seen.type("run sh -c 'echo still here; exit 3' | cat; echo status ${PIPESTATUS[0]}")
        seen.shows("status 3")
        assert "still here" in seen.text()


def test_only_some_of_the_streams_need_be_a_terminal() -> None:
    with place() as here, screen(here) as seen:
        seen.type("run yes | head -n 1; echo status ${PIPESTATUS[0]}")
        seen.shows("status 141")
        seen.type("echo piped | run sh -c 'read a; echo $a; test -t 1 && echo shown'")
        seen.shows("shown")
        seen.type("run sh -c 'test -t 0 && echo typed' > result; cat result; echo the e''nd")
        seen.shows("the end")
        assert {"piped", "typed"} <= set(seen.text().split())


def test_an_editor_draws_its_screen_and_gives_it_back() -> None:
    with place() as here, screen(here) as seen:
        if shutil.which("vi") is None:
            missing("vi", "scripts/install-test-needs")
        seen.type("run vi -u NONE note")
        until(lambda: "[New" in seen.text(), "the editor")
        seen.type("iwritten inside", enter=False)
        seen.key("Escape")
        seen.type(":wq")
        assert appears(here.tree / "note") == "written inside\n"
        seen.shows("host>")
        seen.type("clear; echo status $?")
        seen.shows("status 0")


def test_a_terminal_that_is_closed_ends_its_box() -> None:
    with place() as here, screen(here) as seen:
        seen.type("run bash -c 'echo > begun; sleep 1000; sleep 1000'")
        appears(here.tree / "begun")
        seen.tmux("new-window", "-d", "cat")
        seen.tmux("kill-window", "-t", "0")
        until(lambda: not any("sleep 1000" in each for each in left(str(here.tree))), "the end of the box")


def test_hostile_escapes_do_not_reach_the_terminal() -> None:
    with place() as here, screen(here) as seen:
        seen.tmux("set-option", "-s", "set-clipboard", "on")
        clipboard = b"\x1b]52;c;aGFja2Vk\x07"
        here.write("hostile", clipboard + b"\x1bPtmux;\x1b" + clipboard + b"\x1b\\ a \x1b[1mb\x1b[0m\n")
        seen.type("run cat hostile")
        seen.shows("a b")
        assert seen.here.host("tmux", "-S", str(seen.socket), "list-buffers") == ""
        seen.type("clear")
        refused = {(each["kind"], each["what"]) for each in here.report()["refused"]}
        assert {kind for kind, _ in refused} == {"escape"}, refused
