"""The launcher's own side: one thread, which clones a box for every request, and ends when its socket does.

It is forked from whoever starts boxes, keeps nothing of that but what it has imported, and hears no terminal.

Source: fork(2), gc.freeze, unix(7).
"""

import gc
import json
import os
import select
import signal
import socket
import stat
from contextlib import suppress
from typing import Any

from ringfence.core.dataclass import dataclass, field
from ringfence.sandbox.framing import receive, send
from ringfence.sandbox.linux import cgroups, identity, kernel
from ringfence.sandbox.linux.box import enter
from ringfence.sandbox.linux.covering import Spaces, cover, hand_over_spaces, take_spaces
from ringfence.sandbox.linux.failing import NotHad, making
from ringfence.sandbox.linux.order import Order
from ringfence.sandbox.linux.probe import Outside, look_outside
from ringfence.sandbox.linux.proc import hidden
from ringfence.sandbox.linux.seccomp.program import UnknownMachine, program
from ringfence.sandbox.linux.telling import Status, failure
from ringfence.sandbox.plan import Identity, Layer, Plan
from ringfence.sandbox.plan_json import from_json, mount_from_json

__all__ = ["serve"]

_MAX_FDS = 4  # status and three streams
_PR_SET_PDEATHSIG = 1
_AGAIN_MS = 10
_PATIENCE = 100
_LAST_CAPABILITY = "/proc/sys/kernel/cap_last_cap"


def serve(channel: socket.socket) -> None:
    """Clones boxes until `channel` ends; then every box is ended and its control group removed.

    Each request is a document with the plan, and descriptors: the status socket, and those streams that are
    given. The answer is {"pid": …} with a pidfd, or {"failed": …}. A request to cover again what was replaced
    names a box by that number; the answer is {"covered": […]}, as `linux.covering.cover` says it.
    """
    _settle()
    serving = _Serving.here()
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    while True:
        for fd, _ in poll.poll(serving.wait_ms()):
            if fd != channel.fileno():
                serving.forget(fd)
                poll.unregister(fd)
                continue
            try:
                document, fds = receive(channel, max_fds=_MAX_FDS)
                if document is None:
                    return serving.end()
                pidfd = serving.answer(channel, document, fds)
            except OSError:
                return serving.end()
            if pidfd is not None:
                poll.register(pidfd, select.POLLIN)


def _settle() -> None:
    """Stands nowhere on the host, ends with whoever it serves, and keeps its pages for boxes to share."""
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)  # stopped, it would not hear that the channel has ended
    os.chdir("/")
    gc.disable()  # a collection would copy every page that boxes share
    gc.freeze()


def _is_one_way_out(stream: int) -> bool:
    """Whether a socket leads to where it is connected, and nowhere else from there.

    Sockets stay in the network that they were made in. Those of the internet can be connected anew, and so
    can local ones for datagrams: in a box they would be a way into the host's network.
    """
    with socket.socket(fileno=os.dup(stream)) as given:
        try:
            given.getpeername()
        except OSError:
            return False
        return given.family is socket.AF_UNIX and given.type is not socket.SOCK_DGRAM


@dataclass(slots=True)
class _Serving:
    """What a launcher keeps from one box to the next."""

    machine: str
    as_root: bool
    last_capability: int
    itself: int  # a pidfd
    beacon: socket.socket  # a box tries to reach it, and must not
    outside: Outside
    groups: dict[int, cgroups.Group] = field(default_factory=dict)  # by the pidfd of the box
    statuses: dict[int, Status] = field(default_factory=dict)  # where a box spoke, by the same
    spaces: dict[int, Spaces] = field(default_factory=dict)  # of a box, by the same
    left: list[cgroups.Group] = field(default_factory=list)  # to be removed
    owners: dict[tuple[int, int, int, int], int] = field(default_factory=dict)

    @classmethod
    def here(cls) -> "_Serving":
        """Of this process and machine."""
        beacon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        beacon.bind("")  # the kernel draws an abstract name
        beacon.listen()
        name: bytes = beacon.getsockname()
        hidden()  # kept for all boxes to come, as the filter is
        with suppress(UnknownMachine):
            program(machine=kernel.MACHINE, debug=False, quiet=0, starts=True)
        with open(_LAST_CAPABILITY) as last:
            return cls(
                machine=kernel.MACHINE,
                as_root=os.geteuid() == 0,
                last_capability=int(last.read()),
                itself=kernel.pidfd_open(os.getpid()),
                beacon=beacon,
                outside=look_outside(name[1:].decode()),
            )

    def answer(self, channel: socket.socket, document: bytes, fds: list[int]) -> int | None:
        """Clones the box and says so; its pidfd, unless there is none. Or covers something in one."""
        try:
            request = json.loads(document)
            if "cover" in request:
                send(channel, json.dumps({"covered": self._cover(request)}).encode())
                return None
            pid, pidfd = self._clone(request, fds)
        except NotHad as error:
            send(channel, json.dumps({"failed": failure(error)}).encode())
            return None
        except (ValueError, TypeError, KeyError, UnknownMachine) as error:
            failed = {"layer": None, "errno": 22, "what": f"read the plan ({error})"}
            send(channel, json.dumps({"failed": failed}).encode())
            return None
        finally:
            for fd in fds:
                os.close(fd)
        send(channel, json.dumps({"pid": pid}).encode(), [pidfd])
        return pidfd

    def forget(self, pidfd: int) -> None:
        """The box has ended."""
        group = self.groups.pop(pidfd)
        self.left.append(group)
        self._tell_of_limits(self.statuses.pop(pidfd), group.used())
        self.spaces.pop(pidfd).close()  # which takes its mounts down: nobody waits for that
        os.close(pidfd)

    @staticmethod
    def _tell_of_limits(status: Status, used: cgroups.Used) -> None:
        """Says what the control group held back, if anything; then the box has said all."""
        met = (used.killed_for_memory or 0, used.refused_processes or 0)
        if any(met):
            status.say("limits_met", met)
        status.close()

    def wait_ms(self) -> int | None:
        """How long to wait for a request: not for long while a group is to be removed.

        The last process leaves its group a moment after its pidfd says that it has ended, and nothing tells.
        """
        self.left = [group for group in self.left if not group.remove()]
        return _AGAIN_MS if self.left else None

    def end(self) -> None:
        """Ends every box, and waits for that, so that nothing of any is left."""
        for pidfd in self.groups:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        for pidfd in tuple(self.groups):
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            ended.poll()
            self.forget(pidfd)
        for _ in range(_PATIENCE):
            if self.wait_ms() is None:
                return
            select.poll().poll(_AGAIN_MS)

    def _cover(self, request: Any) -> list[int]:  # noqa: ANN401 - JSON
        covers = [mount_from_json(each) for each in request["cover"]]
        spaces = next((each for each in self.spaces.values() if each.pid == request["pid"]), None)
        return [0] * len(covers) if spaces is None else cover(spaces, covers)  # None: the box is gone

    def _clone(self, request: Any, fds: list[int]) -> tuple[int, int]:  # noqa: ANN401 - JSON
        plan = from_json(request["plan"])
        own = request["terminal"]
        status, *given = fds
        rest = iter(given)
        streams = [None if each else next(rest) for each in own]
        if len(streams) != 3 or len(given) != own.count(False):
            raise ValueError("not its streams")
        self._check(plan, given)
        with making(Layer.LIMITS, "make a control group"):
            group = cgroups.make(plan.limits, plan.session, launcher=os.getpid())
        try:
            order = Order(
                plan=plan,
                status=status,
                streams=(streams[0], streams[1], streams[2]),
                rows=int(request["rows"]),
                columns=int(request["columns"]),
                umask=int(request["umask"]),
                as_root=self.as_root,
                owners=self._owners(plan.identity),
                group=group,
                outside=self.outside,
                launcher=self.itself,
                last_capability=self.last_capability,
                machine=self.machine,
                quiet=int.from_bytes(os.urandom(4), "little"),
            )
            # Kept for all boxes to come, where it is another.
            program(machine=self.machine, debug=plan.debug, quiet=0, starts=plan.tells_starts)
            pid, pidfd, spaces = self._begin(order)
        except BaseException:
            group.remove()
            raise
        self.groups[pidfd] = group
        self.spaces[pidfd] = spaces
        self.statuses[pidfd] = Status(os.dup(status))
        return pid, pidfd

    def _begin(self, order: Order) -> tuple[int, int, Spaces]:
        """Clones the box's first process, which hands over its namespaces before anything else."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            with making(self._layer(), "clone a process with namespaces of its own"):
                pid, pidfd = kernel.clone(identity.namespaces(as_root=self.as_root))
            if pid == 0:
                hand_over_spaces(theirs, as_root=self.as_root)
                enter(order)
            theirs.close()
            with making(self._layer(), "hold its namespaces open"):
                return pid, pidfd, take_spaces(ours, pid)

    def _check(self, plan: Plan, streams: list[int]) -> None:
        """What would lead out of any box is not given to one."""
        if not self.as_root and plan.identity.host_uid != os.geteuid():
            raise NotHad(Layer.USER_NAMESPACE, 1, f"run as user {plan.identity.host_uid} of the host")
        for stream in streams:
            mode = os.fstat(stream).st_mode
            if stat.S_ISDIR(mode):
                raise NotHad(None, 21, "give a folder as a standard stream")
            if stat.S_ISSOCK(mode) and not _is_one_way_out(stream):
                raise NotHad(None, 1, "give a socket that can be connected to somewhere else")
            if os.isatty(stream):
                raise NotHad(None, 1, "give a terminal of the host")

    def _layer(self) -> Layer:
        return Layer.MOUNT_NAMESPACE if self.as_root else Layer.USER_NAMESPACE

    def _owners(self, who: Identity) -> int | None:
        if not self.as_root or (who.owner_uid, who.owner_gid) == (who.host_uid, who.host_gid):
            return None
        key = (who.owner_uid, who.owner_gid, who.host_uid, who.host_gid)
        if key not in self.owners:
            with making(Layer.USER_NAMESPACE, "make one that shows files as the command's own"):
                self.owners[key] = identity.open_owners(who)
        return self.owners[key]
