"""Real boxes for tests: one call runs a program in one and returns all that came of it.

    result = run(["/usr/bin/id", "-u"], user="ordinary")
    assert (result.exit, result.stdout) == (0, b"1000\\n")

`run(argv, user=…, tree=…, stdin=…, terminal=…, …, **changes)` makes the plan of `plan_for` and the command
of `command_for`, with `changes` in the fields of either (`limits=…`, `mounts=…`, `environment=…`), starts it
by a launcher of its own, answers the filter's listener, says go, and returns
`Result(exit, stdout, stderr, messages, refused, started)`. `exit` is as
a shell has it: 128 and the signal's number for a signal; None where nothing ran. `refusal` is the error
where no box could even be begun; a `Failed` among the messages says why one was not finished.

`user` is "ordinary" (a process of uid 1000 does all of it, forked from the test) or "root"; a test that is
not root runs as what it is. `without` are functions that are called in the launcher's process before it
serves: what they change of the modules there, every box has. So an attack shows that it succeeds without a
layer.

Lower down: `launcher()`, `start(launcher, plan, command, streams)`, `follow(box, …)`.
"""

import contextlib
import dataclasses
import errno
import os
import select
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import crossing
import ringfence.sandbox.known_failures  # noqa: F401 - a child that is another user may not read it then
from ringfence.core.actions import CommandRun
from ringfence.core.errors import RingfenceError
from ringfence.gate.seals import Seals
from ringfence.gate.uses import Uses
from ringfence.sandbox import serving
from ringfence.sandbox.box import Box, Streams
from ringfence.sandbox.launcher import Launcher, fork_launcher
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.seccomp.listening import Refused, answer
from ringfence.sandbox.linux.starting import Start, StartReader
from ringfence.sandbox.messages import Ended, Listener, Message, NotRun, Ready, Sockets, Stopped, Terminal
from ringfence.sandbox.plan import Command, Identity, Layer, Limits, Mount, MountKind, Plan, Why

ORDINARY = 1000
ROOT_S = 1_380_000_000  # whom a command that root started is on the host
WITHIN = 1000
_WHY = Why(text="test")
PATIENCE_S = 20.0


def no_landlock() -> None:
    """For `without`: boxes as on a kernel that has none."""
    from ringfence.sandbox.linux import landlock

    def none(_mounts: object, *, loopback: bool) -> None:
        raise OSError(errno.ENOSYS, "not in this kernel")

    landlock.restrict = none


NO_LANDLOCK = {"without": (no_landlock,), "may_lack": frozenset({Layer.LANDLOCK})}
"""Changes for `run`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why no box could be begun."""

    what: str
    hint: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a box."""

    exit: int | None
    stdout: bytes  # of a terminal: all that it showed
    stderr: bytes
    messages: list[Message]
    refused: list[Refused]  # calls that the filter told of after the command had started
    refusal: Refusal | None = None
    started: list[Start] = dataclasses.field(default_factory=list)  # with `tells_starts`: all of them


def command_for(argv: list[str], *, tree: Path, **changes: object) -> Command:
    """A command with little in its environment."""
    environment = (("HOME", str(tree)), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin"), ("TERM", "xterm"))
    command = Command(program=argv[0], arguments=tuple(argv), environment=environment)
    return dataclasses.replace(command, **changes)


def plan_for(*, tree: Path, user: str = "", **changes: object) -> Plan:
    """The plan of a box with the system read-only, `tree` read-write at its own path, and memory."""
    as_root = os.geteuid() == 0 and user != "ordinary"
    host = ROOT_S if as_root else (ORDINARY if os.geteuid() == 0 else os.geteuid())
    owner = tree.stat()
    plan = Plan(
        session="0197f2a0-0000-7000-8000-000000000001",
        agent="test",
        folder=str(tree),
        identity=Identity(
            host_uid=host,
            host_gid=host,
            uid=WITHIN,
            gid=WITHIN,
            name="user",
            owner_uid=owner.st_uid,
            owner_gid=owner.st_gid,
        ),
        mounts=(*system_mounts(), bind(str(tree), MountKind.WRITE, is_user_s=True)),
        limits=Limits(),
        limits_why=_WHY,
    )
    return dataclasses.replace(plan, **changes)


def system_mounts() -> tuple[Mount, ...]:
    """What every box of a test has."""
    links = [name for name in ("bin", "sbin", "lib", "lib64", "lib32") if Path(f"/{name}").is_symlink()]
    etc = [name for name in ("alternatives", "ld.so.cache") if Path("/etc", name).exists()]
    return (
        bind("/usr", MountKind.READ),
        *(made(f"/{name}", MountKind.SYMLINK, source=os.readlink(f"/{name}")) for name in links),
        *(bind(f"/etc/{name}", MountKind.READ) for name in etc),
        made("/etc/passwd", MountKind.FILE, content=b"user:x:1000:1000::/:/bin/sh\n", mode=0o644),
        made("/proc", MountKind.PROC),
        made("/dev", MountKind.DEVICES),
        *(made(target, MountKind.MEMORY, mode=0o1777) for target in ("/tmp", "/var/tmp", "/run")),
    )


def made(target: str, kind: MountKind, **fields: object) -> Mount:
    """A mount of the box's own."""
    return Mount(target=target, kind=kind, why=_WHY, **fields)


def bind(source: str, kind: MountKind, *, target: str | None = None, is_user_s: bool = False) -> Mount:
    """A mount of the host's."""
    return Mount(target=target or source, kind=kind, source=source, why=_WHY, is_user_s=is_user_s)


@contextlib.contextmanager
def tree_of(user: str = "") -> Iterator[Path]:
    """A folder of the user's, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ringfence-test-", dir="/var/tmp"))
    if os.geteuid() == 0 and user == "ordinary":
        os.chown(folder, ORDINARY, ORDINARY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def run(
    argv: list[str],
    *,
    user: str = "",
    tree: Path | None = None,
    stdin: bytes = b"",
    given: int | None = None,
    terminal: bool = False,
    said: Callable[[Box, Message], None] | None = None,
    answers: Mapping[bytes, bytes] | None = None,
    without: tuple[Callable[[], None], ...] = (),
    **changes: object,
) -> Result:
    """Runs `argv` in a box; see above.

    `given` is a descriptor that it has as its input, instead of `stdin`.
    `said` is called with every message, before it is acted on. `answers` are typed into its terminal, each
    once, when what it stands for was shown there.
    """
    with contextlib.ExitStack() as stack:
        folder = tree or stack.enter_context(tree_of(user))
        said_of_command = {
            name: changes.pop(name) for name in ("arguments", "environment") if name in changes
        }
        plan = plan_for(tree=folder, user=user, **changes)
        command = command_for(argv, tree=folder, **said_of_command)

        def drive() -> Result:
            return _drive(
                plan,
                command,
                stdin=stdin,
                given=given,
                terminal=terminal,
                said=said,
                answers=answers,
                without=without,
            )

        return as_user(ORDINARY, drive) if os.geteuid() == 0 and user == "ordinary" else drive()


def as_user(uid: int, work: Callable[[], object]) -> object:
    """What `work` returns in a process of that user, forked from this one: a value that can cross."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read)
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with open(write, "wb") as result:
                result.write(crossing.written(work()))
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with open(read, "rb") as result:
        data = result.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the process of user {uid} failed"
    return crossing.read(data)


def launcher(*, without: tuple[Callable[[], None], ...] = ()) -> Launcher:
    """A launcher of this process's; `without` is called in it before it serves."""
    if not without:
        return fork_launcher()
    original = serving.serve

    def less(channel: socket.socket) -> None:
        for each in without:
            each()
        original(channel)

    serving.serve = less
    try:
        return fork_launcher()
    finally:
        serving.serve = original


def start(launcher: Launcher, plan: Plan, command: Command, streams: Streams) -> Box:
    """A box that was given its command."""
    with launcher.begin(plan, streams) as begun:
        box = begun.box()
    try:
        give(box, command, decided=plan)
    except BaseException:
        box.close()
        raise
    return box


def give(box: Box, command: Command, *, decided: Plan, **changes: object) -> None:
    """Gives it the command, by a receipt that is for it and that plan, but for `changes`."""
    action = CommandRun(
        agent=decided.agent,
        session=decided.session,
        program=command.program,
        arguments=command.arguments[1:],
        folder=decided.folder,
    )
    action = dataclasses.replace(action, **changes)
    with tempfile.TemporaryDirectory() as state:
        seals = Seals(
            key=b"k" * 32, uses=Uses(Path(state) / "receipts.sqlite"), now=lambda: datetime.now(UTC)
        )
        receipt = seals.seal(action, stream="endpoint", seq=1, lasts=timedelta(minutes=5))
        with contextlib.closing(seals):
            box.give(receipt, command, seals=seals)


def _drive(
    plan: Plan,
    command: Command,
    *,
    stdin: bytes,
    given: int | None,
    terminal: bool,
    said: Callable[[Box, Message], None] | None,
    answers: Mapping[bytes, bytes] | None,
    without: tuple[Callable[[], None], ...],
) -> Result:
    streams, ours = _streams(stdin, terminal=terminal)
    if given is not None:
        streams = dataclasses.replace(streams, stdin=os.dup(given))
    try:
        with launcher(without=without) as starts:
            try:
                box = start(starts, plan, command, streams)
            except RingfenceError as error:
                refusal = Refusal(what=error.what, hint=error.hint)
                return Result(exit=None, stdout=b"", stderr=b"", messages=[], refused=[], refusal=refusal)
            with box:
                for fd in {streams.stdin, streams.stdout, streams.stderr} - {None}:
                    os.close(fd)
                outs = {"stdout": ours.get("stdout"), "stderr": ours.get("stderr")}
                return follow(box, **outs, stdin=stdin, said=said, answers=answers)
    finally:
        for fd in ours.values():
            os.close(fd)


def _streams(stdin: bytes, *, terminal: bool) -> tuple[Streams, dict[str, int]]:
    if terminal:
        return Streams(stdin=None, stdout=None, stderr=None), {}
    read, write = os.pipe()
    os.write(write, stdin)
    os.close(write)
    out, out_within = os.pipe()
    err, err_within = os.pipe()
    return Streams(stdin=read, stdout=out_within, stderr=err_within), {"stdout": out, "stderr": err}


def follow(
    box: Box,
    *,
    stdout: int | None = None,
    stderr: int | None = None,
    stdin: bytes = b"",
    said: Callable[[Box, Message], None] | None = None,
    answers: Mapping[bytes, bytes] | None = None,
) -> Result:
    """Lets a box go and follows it to its end. `stdin` is typed into its terminal, if it has one."""
    return _Following(box, stdout=stdout, stderr=stderr, typed=stdin, said=said, answers=answers).to_the_end()


class _Following:
    def __init__(
        self,
        box: Box,
        *,
        stdout: int | None,
        stderr: int | None,
        typed: bytes,
        said: Callable[[Box, Message], None] | None,
        answers: Mapping[bytes, bytes] | None,
    ) -> None:
        self.box, self.stdout, self.stderr, self.typed, self.said = box, stdout, stderr, typed, said
        self.answers = dict(answers or {})
        self.texts: dict[int, bytearray] = {fd: bytearray() for fd in (stdout, stderr) if fd is not None}
        self.messages: list[Message] = []
        self.refused: list[Refused] = []
        self.started: list[Start] = []
        self.reader = StartReader(lambda _program, _by: True)
        self.listener: int | None = None
        self.screen: int | None = None
        self.open = {box.fileno(), *self.texts}
        self.poll = select.poll()
        for fd in self.open:
            self.poll.register(fd, select.POLLIN)

    def to_the_end(self) -> Result:
        until = time.monotonic() + PATIENCE_S
        while self.open - {self.listener}:
            ready = self.poll.poll(max(0.0, until - time.monotonic()) * 1000)
            assert ready, f"nothing more came after {self.messages}"
            for fd, events in ready:
                if fd == self.listener:
                    self._answer(fd, is_over=bool(events & select.POLLHUP))
                elif fd == self.box.fileno():
                    self._hear(fd)
                else:
                    self._read(fd)
        for fd in (self.listener, self.screen, *self._nobody_s()):
            if fd is not None:
                os.close(fd)
        out = self.screen if self.stdout is None else self.stdout
        return Result(
            exit=_exit(self.messages),
            stdout=b"" if out is None else bytes(self.texts[out]),
            stderr=b"" if self.stderr is None else bytes(self.texts[self.stderr]),
            messages=self.messages,
            refused=self.refused,
            started=self.started,
        )

    def _nobody_s(self) -> list[int]:
        """The sockets of its network, unless the test takes them."""
        told = [] if self.said else [each for each in self.messages if isinstance(each, Sockets)]
        return [each.fd for sockets in told for each in sockets.sockets]

    def _watch(self, fd: int) -> None:
        self.open.add(fd)
        self.poll.register(fd, select.POLLIN)

    def _leave(self, fd: int) -> None:
        self.open.discard(fd)
        self.poll.unregister(fd)

    def _answer(self, fd: int, *, is_over: bool) -> None:
        told = answer(fd, machine=kernel.MACHINE, read=self.reader.read)
        if any(isinstance(each, Ready) for each in self.messages):
            self.refused += [each for each in told if isinstance(each, Refused)]
            self.started += [each for each in told if isinstance(each, Start)]
        if is_over and not told:
            self._leave(fd)

    def _read(self, fd: int) -> None:
        try:
            part = os.read(fd, 65536)
        except OSError as error:  # a terminal that nobody within has open any more
            assert error.errno == errno.EIO
            part = b""
        self.texts[fd] += part
        if fd == self.screen:
            for shown in [each for each in self.answers if each in self.texts[fd]]:
                os.write(fd, self.answers.pop(shown))
        if not part:
            self._leave(fd)

    def _hear(self, fd: int) -> None:
        message = self.box.receive()
        if message is None:
            self._leave(fd)
            return
        self.messages.append(message)
        match message:
            case Listener(fd=listener):
                self.listener = listener
                self._watch(listener)
            case Terminal(fd=screen):
                self.screen = screen
                self.texts[screen] = bytearray()
                self._watch(screen)
        if self.said:
            self.said(self.box, message)
        elif isinstance(message, Stopped):
            self.box.resume()
        if isinstance(message, Ready):
            self.box.go()
            if self.screen is not None:
                os.write(self.screen, self.typed)


def _exit(messages: list[Message]) -> int | None:
    for message in messages:
        match message:
            case Ended(status=status):
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code
            case NotRun():
                return None
    return None
