"""From a fresh clone to a box that stands: every layer, in the one order in which each can be had.

What needs capabilities comes first, then they go, then privileges can never come back, then Landlock and the
filter close what is left. The command's process, forked at the end, inherits all of it.
"""

import errno
import os
import select
import signal
import socket
from collections.abc import Callable, Iterable
from typing import Final, NoReturn

from ringfence.core.dataclass import replace
from ringfence.sandbox.linux import identity, kernel, landlock, limits
from ringfence.sandbox.linux.failing import NotHad, making
from ringfence.sandbox.linux.init import tend
from ringfence.sandbox.linux.network.loopback import raise_loopback
from ringfence.sandbox.linux.network.sockets import make_sockets
from ringfence.sandbox.linux.order import Order, close_all_but
from ringfence.sandbox.linux.own_terminal import open_terminal
from ringfence.sandbox.linux.root import Root
from ringfence.sandbox.linux.seccomp.loading import load
from ringfence.sandbox.linux.streams import narrow
from ringfence.sandbox.linux.telling import Status, failure
from ringfence.sandbox.plan import Layer, Network

__all__ = ["enter"]

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15
_NOT_IN_THIS_KERNEL: Final = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


def enter(order: Order) -> NoReturn:
    """Makes this process, the first of its process namespace, the box's init. It ends with the box.

    Whatever fails is said to the supervisor; then the process ends, and with it its namespaces.
    """
    try:
        status = Status(order.status)
        try:
            close_all_but(order.fds)
            terminal = _stand(order, status)
        except NotHad as error:
            status.say("failed", failure(error))
        else:
            tend(order, status, terminal)
    finally:
        os._exit(1)


def _stand(order: Order, status: Status) -> int | None:
    """The command's end of the box's own terminal, if it has one."""
    os.umask(0)
    os.setsid()
    status.lack(Layer.LIMITS, (f"{what}: {why}" for what, why in order.group.lacking))
    _own_namespaces(order, status)
    terminal = _own_terminal(order, status)
    with making(Layer.ROOT, f"start in {order.plan.folder}"):
        os.chdir(order.plan.folder)
    with making(Layer.CAPABILITIES, "drop capabilities"):
        identity.drop_capabilities(order.last_capability)
    with making(Layer.NO_NEW_PRIVILEGES, "forbid new privileges"):
        identity.forbid_privileges()
    _end_with_launcher(order)
    _degradable(order, status, Layer.LANDLOCK, "hold to the plan's places", lambda: _landlock(order))
    with making(Layer.SECCOMP, "load the filter"):
        listener = load(
            debug=order.plan.debug,
            machine=order.machine,
            quiet=order.quiet,
            starts=order.plan.tells_starts,
        )
    if listener is not None:
        status.say("listener", True, listener)
        os.close(listener)
    return terminal


def _own_namespaces(order: Order, status: Status) -> None:
    """All that needs capabilities: the root, the network, the name, the user."""
    plan = order.plan
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    if not order.as_root:
        with making(Layer.USER_NAMESPACE, "map the user"):
            identity.map_itself(plan.identity, proc)
    with making(Layer.LIMITS, "join the control group"):
        order.group.join(0)
    _degradable(order, status, Layer.CGROUP_NAMESPACE, "make one", lambda: kernel.unshare(identity.NEWCGROUP))
    for stream in order.streams:
        if stream is not None:
            with making(Layer.ROOT, "open a standard stream to be read alone"):
                narrow(stream)
    root = Root(plan, owners=order.owners, as_root=order.as_root)
    root.build()
    if plan.loopback:
        with making(Layer.NETWORK_NAMESPACE, "raise the loopback interface"):
            raise_loopback()
    if plan.network is not None:
        with making(Layer.NETWORK_NAMESPACE, "make the sockets of its network"):
            _hand_out(plan.network, status)
    with making(Layer.UTS_NAMESPACE, "set the host name"):
        socket.sethostname(plan.host_name)
    with making(Layer.LIMITS, "reach the box's settings"):
        settings = kernel.open_tree(kernel.AT_FDCWD, "/proc")
    if order.as_root:
        root.close()
        with making(Layer.USER_NAMESPACE, "become the command's user"):
            identity.become(plan.identity, proc)
    with making(Layer.LIMITS, "bound the namespaces"):
        # Root's box has a group that bounds its processes, and no right to the namespace of their numbers.
        bounded = replace(plan.limits, processes=None) if order.as_root else plan.limits
        lacking = limits.narrow(bounded, proc=f"/proc/self/fd/{settings}")
    status.lack(Layer.LIMITS, (f"{what}: {why}" for what, why in lacking))
    if not order.as_root:
        root.close()
    os.close(settings)
    os.close(proc)


def _hand_out(network: Network, status: Status) -> None:
    """The sockets that answer whatever the box says to the world are the supervisor's; none is kept."""
    made = make_sockets(network)
    told = {"sockets": [(kind, port) for kind, port, _ in made.sockets], "catches_all": made.catches_all}
    status.say("sockets", told, *(each.fileno() for *_, each in made.sockets))
    for *_, each in made.sockets:
        each.close()


def _degradable(
    order: Order, status: Status, layer: Layer, what: str, make: Callable[[], Iterable[str] | None]
) -> None:
    """Makes a layer that this kernel may not have, and the plan may do without."""
    try:
        with making(layer, what):
            status.lack(layer, make() or ())
    except NotHad as error:
        if layer not in order.plan.may_lack or error.code not in _NOT_IN_THIS_KERNEL:
            raise
        status.lack(layer, (os.strerror(error.code).lower(),), absent=True)


def _landlock(order: Order) -> tuple[str, ...]:
    return landlock.restrict(order.plan.mounts, loopback=order.plan.loopback).lacking


def _own_terminal(order: Order, status: Status) -> int | None:
    if not order.has_terminal:
        return None
    with making(Layer.ROOT, "open a terminal of its own"):
        master, slave = open_terminal(order.rows, order.columns)
    status.say("terminal", True, master)
    os.close(master)
    return slave


def _end_with_launcher(order: Order) -> None:
    """No credential changes any more, so the kernel keeps in mind to kill this process with its launcher."""
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(_PR_SET_DUMPABLE, 0)  # nobody within reads or traces it
    kernel.call("prctl", _PR_SET_NAME, b"ringfence", 0, 0, 0)
    dead = select.poll()
    dead.register(order.launcher, select.POLLIN)
    if dead.poll(0):
        os._exit(1)
    os.close(order.launcher)
