"""The real `ringfence run` on real programs, for tests.

    with place() as here:
        done = here.run("make", "test")
        assert (done.exit, done.out) == (0, "…")

A place is a working tree and a home of their own, away from /tmp (which a box has for itself), that are gone
afterwards. `user` is "root" or "ordinary". ringfence is a fork of the test, whose imports it need not do
again and which another user need not be able to read; with `executed` it is the program that people install.
`before` are functions called in the process that then is ringfence: what they take from it, it does without.
"""

import importlib
import json
import os
import pkgutil
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli.main import main

__all__ = [
    "ORDINARY",
    "USERS",
    "Done",
    "Place",
    "appears",
    "descendants",
    "free_port",
    "left",
    "place",
    "reaches_ringfence",
    "until",
]

ORDINARY = 1000
USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
PATIENCE_S = 60.0
_COMMAND = Path(sys.executable).with_name("ringfence")
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    exit: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """A tree and a home."""

    tree: Path
    home: Path
    user: str
    executed: bool
    environment: dict[str, str] = field(default_factory=dict)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def run(self, *command: str | bytes, **how: Any) -> Done:
        """`ringfence run -- COMMAND`."""
        return self.ringfence("run", "--", *command, **how)

    def sh(self, script: str, **how: Any) -> Done:
        """`ringfence run -- sh -c SCRIPT`."""
        return self.run("sh", "-c", script, **how)

    def ringfence(self, *arguments: str | bytes, stdin: bytes = b"", **how: Any) -> Done:
        """Any command of ringfence."""
        process = self.start(*arguments, **how)
        out, err = process.communicate(stdin, timeout=PATIENCE_S)
        return Done(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def free(self, *arguments: str) -> str:
        """What it says to an operator: it is executed, as nobody can see that a fork is in no sandbox."""
        return self.host(str(_COMMAND), *arguments)

    def document(self, command: str, *arguments: str) -> Any:
        """What it says with --json."""
        done = self.ringfence(command, "--json", *arguments)
        assert done.exit == 0, done
        return json.loads(done.out)

    def start(
        self,
        *arguments: str | bytes,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        before: tuple[Callable[[], None], ...] = (),
        **streams: Any,
    ) -> "subprocess.Popen[bytes]":
        """It, still running. Its streams are pipes where nothing else is said."""
        given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        variables = {**self.environment, **(environment or {})}
        if not self.executed:
            _import_all()

        def instead() -> None:
            self._be_ringfence(arguments, variables, before)

        process = subprocess.Popen(
            [str(_COMMAND), *arguments],
            cwd=folder or self.tree,
            env=variables,
            restore_signals=False,  # Python has SIGPIPE ignored, as it has when it is executed
            preexec_fn=None if self.executed else instead,  # noqa: PLW1509 - no other thread holds a lock
            **given,
        )
        self.started.append(process)
        return process

    @property
    def is_another(self) -> bool:
        """Whether its user is not the test's."""
        return os.geteuid() == 0 and self.user == "ordinary"

    def needs_ringfence(self) -> None:
        """Skips the test where the place's user cannot execute this checkout's ringfence."""
        if self.is_another and not reaches_ringfence():
            pytest.skip("an ordinary user cannot read this checkout")

    def _be_ringfence(
        self,
        arguments: tuple[str | bytes, ...],
        variables: Mapping[str, str],
        before: tuple[Callable[[], None], ...],
    ) -> None:
        code = 70
        try:
            os.closerange(3, 2**31 - 1)  # and so the parent sees that nothing is executed
            sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
            os.environ.clear()
            os.environ.update(variables)
            if self.is_another:
                os.setgroups([])
                os.setresgid(ORDINARY, ORDINARY, ORDINARY)
                os.setresuid(ORDINARY, ORDINARY, ORDINARY)
            for each in before:
                each()
            code = main([os.fsdecode(each) for each in arguments])
            sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - whatever it is, the test is to show it
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def write(self, name: str, text: str | bytes, *, mode: int = 0o644) -> Path:
        """A file of the tree, its user's."""
        return self._written(self.tree, name, text, mode)

    def write_at_home(self, name: str, text: str) -> Path:
        """A file of the user's home, which nobody else may read."""
        return self._written(self.home, name, text, 0o600)

    def _written(self, top: Path, name: str, text: str | bytes, mode: int) -> Path:
        path = top / name
        for folder in reversed(path.relative_to(top).parents):
            self.own(top / folder, make=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return self.own(path)

    def own(self, path: Path, *, make: bool = False) -> Path:
        """`path`, given to the user; with `make` it is a folder."""
        if make:
            path.mkdir(exist_ok=True)
        if self.is_another:
            os.chown(path, ORDINARY, ORDINARY, follow_symlinks=False)
        return path

    def host(self, *command: str, check: bool = True, **how: Any) -> str:
        """What a program says outside of any box, started by the same user."""
        who = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []} if self.is_another else {}
        done = subprocess.run(
            command,
            cwd=how.get("folder", self.tree),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            **who,
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def policy(self, text: str) -> None:
        """The user's own document."""
        folder = self.home / ".config/ringfence"
        for each in (folder.parent, folder):
            self.own(each, make=True)
        path = folder / "ringfence.yaml"
        path.write_text(text)
        path.chmod(0o600)
        self.own(path)

    def git(self, *arguments: str) -> str:
        """Git, outside of any box."""
        return self.host("git", *arguments)

    def names(self) -> list[str]:
        """What stands in the tree."""
        return sorted(os.listdir(self.tree))

    def session(self) -> str:
        """The name of the newest session."""
        return str(self.document("run", "--report")["sessions"][-1]["name"])

    def report(self, name: str | None = None) -> Any:
        """Of the newest session, or of this one."""
        return self.document("run", "--report", name or self.session())["sessions"][0]


@contextmanager
def place(user: str = USERS[0], *, repository: bool = False, executed: bool = False) -> Iterator[Place]:
    """A tree and a home; with `repository` the tree is git's, with one commit."""
    top = Path(tempfile.mkdtemp(prefix="ringfence-run-", dir="/var/tmp"))
    top.chmod(0o755)
    tree, home = top / "tree", top / "home"
    here = Place(tree=tree, home=home, user=user, executed=executed, environment=_environment(home))
    here.own(tree, make=True)
    here.own(home, make=True)
    (home / ".gitconfig").write_text(
        '[user]\n\tname = A "B" C # D\n\temail = a@example.com\n[credential]\n\thelper = store\n'
    )
    try:
        if repository:
            here.git("init", "-q", "-b", "main")
            here.write("file.txt", "one\n")
            here.git("add", ".")
            here.git("commit", "-q", "-m", "one")
        try:
            yield here
        except BaseException:  # what a test that failed leaves running would be in the way of others
            for each in here.started:
                each.kill()
                each.wait()
            raise
        finally:  # also of a test that failed
            if (home / ".local/state/ringfence/daemons").exists():
                here.ringfence("daemon", "stop")
        assert not left(str(top)), "something still runs"
        assert str(top) not in Path("/proc/self/mountinfo").read_text()
    finally:
        shutil.rmtree(top)


def _environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": _PATH,
        "LANG": "C.UTF-8",
        "TERM": "xterm",
    }


@cache
def _import_all() -> None:
    """What is only imported when it is needed: afterwards it may be out of reach."""
    for package in ("app", "cli", "core", "daemon", "gate", "ledger", "policy", "sandbox", "vault", "wiring"):
        found = importlib.import_module(f"ringfence.{package}")
        for each in pkgutil.walk_packages(found.__path__, f"ringfence.{package}."):
            importlib.import_module(each.name)
    "".encode("utf-8-sig")  # as policies are read


@cache
def reaches_ringfence() -> bool:
    """Whether an ordinary user can execute it."""
    who: dict[str, Any] = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []}
    try:
        return subprocess.call([_COMMAND, "--version"], stdout=subprocess.DEVNULL, **who) == 0
    except OSError:  # its interpreter is root's alone
        return False


def until(found: Callable[[], Any], what: str | Callable[[], str]) -> Any:
    """What `found` returns once it is something."""
    end = time.monotonic() + PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < end, f"{what() if callable(what) else what} never came"
        time.sleep(0.01)
    return value


def appears(path: Path) -> str:
    """The text of a file that some process writes, once it holds a whole line."""
    return str(until(lambda: path.exists() and (text := path.read_text()).endswith("\n") and text, str(path)))


def free_port() -> int:
    """One of the loopback that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def left(mark: str) -> list[str]:
    """Processes that have `mark` in their arguments or environment, or stand below it."""
    found = []
    for each in os.listdir("/proc"):
        if not each.isdecimal() or int(each) == os.getpid():
            continue
        try:
            cwd = os.readlink(f"/proc/{each}/cwd")
            said = Path(f"/proc/{each}/cmdline").read_bytes() + Path(f"/proc/{each}/environ").read_bytes()
        except OSError:
            continue
        if cwd.startswith(mark) or os.fsencode(mark) in said:
            found.append(f"{each}: {said[:200]!r}")
    return found


def descendants(pid: int) -> list[int]:
    """Its children, theirs, and so on."""
    said = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    children = [int(each) for each in said.stdout.split()]
    return children + [each for child in children for each in descendants(child)]


def killed(process: "subprocess.Popen[bytes]", number: int = signal.SIGKILL) -> int:
    """The exit status of a process that is sent this."""
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    return process.returncode
