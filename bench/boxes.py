"""How fast boxes start, what they weigh, how fast work in them is: beside others, in the same run."""

import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.box_peers import Peers, peers
from bench.measure import Result, by_turns, ringfence, seconds
from ringfence.core.actions import CommandRun
from ringfence.egress.authority import make_authority
from ringfence.gate.seals import Seals, open_seals
from ringfence.policy.load import load
from ringfence.sandbox.box import Box, Streams
from ringfence.sandbox.furnishing import put_readable
from ringfence.sandbox.launcher import Launcher
from ringfence.sandbox.linux.seccomp.listening import answer
from ringfence.sandbox.messages import Listener, Message, Ready, Running, Sockets
from ringfence.sandbox.plan import Command, Plan
from ringfence.sandbox.planning.answered import BUNDLE, authorities
from ringfence.sandbox.planning.looking import look
from ringfence.sandbox.planning.making import make_plan
from ringfence.sandbox.planning.wanted import Planned, Wanted, WantedNetwork
from ringfence.sandbox.planning.working_tree import working_tree

__all__ = ["boxes"]

_LAUNCHES, _MANY = 40, 100
_MACHINE = os.uname().machine
_LAUNCHER = """
import socket, sys
from ringfence.sandbox import forking
forking._leave_everything(int(sys.argv[1]))
from ringfence.sandbox import serving
serving.serve(socket.socket(fileno=forking.CHANNEL))
"""
_WORK = """
import hashlib, os, time
begun = time.perf_counter()
for number in range(1500):
    with open(f"file-{number}", "w") as file: file.write("x" * 2000)
for number in range(1500):
    os.stat(f"file-{number}"); open(f"file-{number}").read(); os.unlink(f"file-{number}")
data = b"x" * 65536
for _ in range(3000): data = hashlib.sha256(data).digest() * 2048
print(time.perf_counter() - begun)
"""


def boxes(place: Path) -> Iterator[Result]:
    """One row for each limit."""
    others = peers(place / "box_peers")
    with _house() as house:
        yield from _launches(house, others)
        yield _with_network(house)
        yield _weight(house)
        yield _work(house)


class _House:
    """A launcher that is kept warm, and a working tree."""

    def __init__(self, launcher: Launcher, seals: Seals, folder: Path) -> None:
        self.launcher, self.seals, self.tree, self.state = launcher, seals, folder / "tree", folder / "state"
        self._positions = iter(range(1, 1_000_000))

    def plan(self, *argv: str, network: WantedNetwork | None = None) -> Planned:
        """As `ringfence run` makes it without a policy, or with one that grants hosts."""
        host = look(os.environ, home=str(self.state), own=(str(self.state),))
        wanted = Wanted(
            session="bench",
            agent="bench",
            argv=argv,
            folder=str(self.tree),
            environment=os.environ,
            session_folder=str(self.state / "session"),
            tree=working_tree(str(self.tree), host),
            network=network,
        )
        if network is not None:
            put_readable(self.state / "session" / BUNDLE, authorities(network, host))
        return make_plan(wanted, policy=load(()), host=host, now=datetime.now(UTC))

    def begin(self, plan: Plan) -> Box:
        """A box that is being made, of a session of its own."""
        plan = replace(plan, session=f"bench-{next(self._positions)}")
        with open(os.devnull, "r+b") as null:
            fd = null.fileno()
            with self.launcher.begin(plan, Streams(stdin=fd, stdout=fd, stderr=fd)) as begun:
                return begun.box()

    def give(self, box: Box, command: Command) -> None:
        """Gives it its command, with a receipt."""
        action = CommandRun(
            agent=box.plan.agent,
            session=box.plan.session,
            program=command.program,
            arguments=command.arguments[1:],
            folder=box.plan.folder,
        )
        receipt = self.seals.seal(
            action, stream="bench", seq=next(self._positions), lasts=timedelta(minutes=5)
        )
        box.give(receipt, command, seals=self.seals)

    def start(self, planned: Planned) -> Box:
        """A box whose command runs."""
        box = self.begin(planned.plan)
        self.give(box, planned.command)
        _go(box, _stand(box))
        return box


def _stand(box: Box) -> int:
    """Answers what the box tries, and returns once it stands: what tells of its system calls."""
    return _answered(box, -1, until=Ready)


def _go(box: Box, listener: int) -> None:
    """Returns when its command runs."""
    box.go()
    os.close(_answered(box, listener, until=Running))


def _answered(box: Box, listener: int, *, until: type[Message]) -> int:
    while True:
        poll = select.poll()
        poll.register(box, select.POLLIN)
        if listener >= 0:
            poll.register(listener, select.POLLIN)
        ready = {fd for fd, _ in poll.poll()}
        if listener in ready:
            answer(listener, machine=_MACHINE)
        if box.fileno() in ready:
            match box.receive():
                case Listener(fd=fd):
                    listener = fd
                case Sockets(sockets=sockets):
                    for each in sockets:
                        os.close(each.fd)
                case message if isinstance(message, until):
                    return listener
                case message:
                    raise AssertionError(message)


@contextmanager
def _house() -> Iterator[_House]:
    with ExitStack() as stack:
        # Not below /tmp, which every box has of its own.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        for each in ("tree", "state/home", "state/session/home"):
            (folder / each).mkdir(parents=True)
        # Receipts are counted in memory: what the disk takes for that no peer does.
        counted = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        seals = open_seals(counted, now=lambda: datetime.now(UTC), randomness=os.urandom)
        yield _House(stack.enter_context(_launcher()), seals, folder)


def _launcher() -> Launcher:
    """One that has loaded what a launcher needs, as that of `ringfence run`, and not all of this program."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.set_inheritable(True)
        command = [sys.executable, "-c", _LAUNCHER, str(theirs.fileno())]
        return Launcher(os.posix_spawn(sys.executable, command, os.environ), ours)


def _launches(house: _House, others: Peers) -> Iterator[Result]:
    planned = house.plan("true")
    program = planned.command.program
    rivals: dict[str, Callable[[], float]] = {"posix_spawn": _timed([program], os.environ)}
    if others.bubblewrap:
        rivals["bubblewrap"] = _timed([*others.bubblewrap, program], others.environment)
    if others.with_helper:
        rivals["bubblewrap and a helper in C"] = _timed([*others.with_helper, program], others.environment)
    ready, whole, *theirs = by_turns(
        lambda: _ready_s(house, planned),
        lambda: _launch_s(house, planned),
        *rivals.values(),
        rounds=_LAUNCHES,
    )
    named = dict(zip(rivals, theirs, strict=True))
    firejail = others.firejail(program, _LAUNCHES)
    if firejail:
        named["firejail"] = seconds(firejail, environment=dict(others.environment)) / _LAUNCHES
    bubblewrap = named.get("bubblewrap", float("nan"))
    told = ", ".join(f"{name} {_ms(took)}" for name, took in named.items())
    yield Result(
        name="`true` in a box that stands ready, all layers tried, against bubblewrap",
        measured=ready / bubblewrap,
        limit=1.5,
        detail=f"{_ms(ready)}; {told}",
    )
    yield Result(
        name="the same with a box that is begun when it is asked for",
        measured=whole / bubblewrap,
        limit=1.5,
        detail=_ms(whole),
    )
    yield _from_a_shell(house, others)


def _with_network(house: _House) -> Result:
    """What the loopback that takes all addresses, nftables and the sockets add, and what is tried of them."""
    authority = make_authority("bench", datetime.now(UTC))
    plans = house.plan("true"), house.plan("true", network=WantedNetwork(ca_pem=authority.certificate_pem))
    without, answered = by_turns(*(partial(_launch_s, house, plan) for plan in plans), rounds=_LAUNCHES)
    return Result(
        name="a box whose network is ready, over one that has none",
        measured=(answered - without) * 1000,
        limit=2,
        unit=" ms",
        detail=f"{_ms(answered)} and {_ms(without)}",
    )


def _from_a_shell(house: _House, others: Peers) -> Result:
    name = "`ringfence run -- true`, shell to exit, against npm's sandbox-runtime"
    if others.sandbox_runtime is None or others.bubblewrap is None:
        return Result(
            name=name, measured=float("nan"), limit=0.6, detail="sandbox-runtime cannot be had here"
        )
    environment = {"HOME": str(house.state / "home"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    theirs_environment = {**others.environment, "HOME": environment["HOME"]}
    ours, theirs = by_turns(
        lambda: _at(house.tree, ringfence("run", "--", "true"), environment),
        lambda: _at(house.tree, [*others.sandbox_runtime, "true"], theirs_environment),  # type: ignore[misc]
        rounds=11,
    )
    return Result(name=name, measured=ours / theirs, limit=0.6, detail=f"{_ms(ours)} and {_ms(theirs)}")


def _weight(house: _House) -> Result:
    """What a box adds to its command: its init, and its share of the launcher."""
    planned = house.plan("sleep", "1000")
    alone = subprocess.Popen([planned.command.program, "1000"])
    with alone, ExitStack() as stack:
        before = _pss_bytes(house.launcher.pid or 0)
        running = [stack.enter_context(house.start(planned)) for _ in range(_MANY)]
        inits = sum(_pss_bytes(box.pid) for box in running)
        after = _pss_bytes(house.launcher.pid or 0)
        alone.kill()
    each = (inits + after) / _MANY
    return Result(
        name=f"{_MANY} boxes at once, each beyond its command",
        measured=each / 1e6,
        limit=10,
        unit=" MB",
        detail=f"inits {inits / 1e6:.0f} MB, launcher {before / 1e6:.0f} MB before",
    )


def _work(house: _House) -> Result:
    """Files and computing, as the work itself says how long it took."""
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    environment = {"HOME": str(house.state / "home"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    inside, outside = by_turns(
        lambda: _said_s(house.tree, ringfence("run", "--", python, "-c", _WORK), environment),
        lambda: _said_s(house.tree, [python, "-c", _WORK], environment),
        rounds=9,
    )
    return Result(
        name="writing, reading and removing files, and computing, inside against outside",
        measured=inside / outside,
        limit=1.03,
        detail=f"{_ms(inside)} and {_ms(outside)}",
    )


def _launch_s(house: _House, planned: Planned) -> float:
    begun = time.perf_counter()
    with house.start(planned) as box:
        _end(box)
    return time.perf_counter() - begun


def _ready_s(house: _House, planned: Planned) -> float:
    """From a command that is to be decided to the end of its box, which was made before."""
    with house.begin(planned.plan) as box:
        listener = _stand(box)
        begun = time.perf_counter()
        house.give(box, planned.command)
        _go(box, listener)
        _end(box)
    return time.perf_counter() - begun


def _end(box: Box) -> None:
    for _ in box.messages():
        pass


def _timed(command: list[str], environment: Mapping[str, str]) -> Callable[[], float]:
    def once() -> float:
        begun = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environment)
        if os.waitpid(pid, 0)[1]:
            raise subprocess.CalledProcessError(1, command)
        return time.perf_counter() - begun

    return once


def _at(folder: Path, command: list[str], environment: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - begun


def _said_s(folder: Path, command: list[str], environment: Mapping[str, str]) -> float:
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return float(done.stdout)


def _pss_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _ms(took: float) -> str:
    return f"{took * 1000:.1f} ms"
