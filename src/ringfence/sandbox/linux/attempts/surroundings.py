"""What a program in a box must not find around itself: other processes, networks, privileges, descriptors.

Source: proc(5), kill(2), netdevice(7), unix(7).
"""

import errno
import fcntl
import os
import resource
import socket
import stat
import struct
from collections.abc import Iterator
from functools import partial
from typing import Final

from ringfence.sandbox.linux.proofs import Attempt, Outside
from ringfence.sandbox.plan import Layer, Limits, MountKind, Plan

__all__ = ["NAMESPACES", "namespace", "network", "privileges", "processes"]

NAMESPACES: Final = (
    (Layer.USER_NAMESPACE, "user"),
    (Layer.MOUNT_NAMESPACE, "mnt"),
    (Layer.PID_NAMESPACE, "pid"),
    (Layer.NETWORK_NAMESPACE, "net"),
    (Layer.IPC_NAMESPACE, "ipc"),
    (Layer.UTS_NAMESPACE, "uts"),
    (Layer.CGROUP_NAMESPACE, "cgroup"),
)
_NOWHERE = "192.0.2.1"  # RFC 5737: documentation, nobody's
_NOWHERE_6 = "2001:db8::1"  # RFC 3849: the same
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})  # as without IPv6
_DISCARD = 9
_LOOPBACK: Final = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
_INTERFACE_FLAGS, _UP = 0x8913, 1
_INIT = 1
_NO_CAPABILITY = b"0" * 16
_TEXT_BYTES = 4096  # the kernel gives no more of these at one time
_DENIED = frozenset({errno.EACCES, errno.EPERM})


def privileges(plan: Plan, outside: Outside) -> Iterator[Attempt]:
    """Namespaces of the launcher, users, capabilities, descriptors, limits."""
    for layer, kind in NAMESPACES:
        yield Attempt(
            layer=layer, tried=f"be in the launcher's {kind}", action=partial(_elsewhere, kind, outside)
        )
    status = _text("/proc/self/status")
    for layer, tried, names, value in (
        (
            Layer.CAPABILITIES,
            "have a capability",
            (b"CapInh", b"CapPrm", b"CapEff", b"CapBnd", b"CapAmb"),
            _NO_CAPABILITY,
        ),
        (Layer.NO_NEW_PRIVILEGES, "be able to get privileges", (b"NoNewPrivs",), b"1"),
        (Layer.SECCOMP, "have no filter", (b"Seccomp",), b"2"),
    ):
        yield Attempt(layer=layer, tried=tried, action=partial(_says, status, names, value))
    devices = next((mount.target for mount in plan.mounts if mount.kind is MountKind.DEVICES), "/dev")
    yield Attempt(
        layer=Layer.LANDLOCK,
        tried="make a pipe in shared memory",
        action=partial(_pipe, f"{devices}/shm/.ringfence-probe"),
        held=frozenset({errno.EACCES}),
    )
    yield Attempt(
        layer=Layer.UTS_NAMESPACE, tried="have another host name", action=partial(_named, plan.host_name)
    )
    yield Attempt(layer=Layer.LIMITS, tried="raise a limit", action=partial(_limits, plan.limits))
    yield Attempt(layer=Layer.ROOT, tried="have a descriptor that nobody gave", action=_descriptors)


def processes() -> Iterator[Attempt]:
    """Those of others."""
    yield Attempt(layer=Layer.PID_NAMESPACE, tried="see other processes", action=_others)
    yield Attempt(
        layer=Layer.PID_NAMESPACE,
        tried="signal other processes",
        action=partial(os.kill, -1, 0),
        held=frozenset({errno.ESRCH}),
    )
    for name in ("environ", "mem", "fd"):
        yield Attempt(
            layer=Layer.PID_NAMESPACE,
            tried=f"read init's {name}",
            action=partial(_open, f"/proc/{_INIT}/{name}", os.O_RDONLY),
            held=_DENIED,
        )


def network(outside: Outside, *, answered: bool) -> Iterator[Attempt]:
    """Interfaces, addresses, sockets of the host. `answered`: every address is the box's own."""
    yield Attempt(layer=Layer.NETWORK_NAMESPACE, tried="find an interface", action=_interfaces)
    if not answered:
        yield Attempt(
            layer=Layer.NETWORK_NAMESPACE,
            tried="reach another machine",
            action=partial(_connect, socket.AF_INET, (_NOWHERE, 80)),
            held=frozenset({errno.ENETUNREACH, errno.EACCES}),
        )
    else:
        for tried, family, nowhere in (
            ("reach another machine", socket.AF_INET, _NOWHERE),
            ("reach another machine by IPv6", socket.AF_INET6, _NOWHERE_6),
        ):
            yield Attempt(
                layer=Layer.NETWORK_NAMESPACE,
                tried=tried,
                action=partial(_way_out, family, nowhere),
                held=_NO_WAY,
            )
    yield Attempt(
        layer=Layer.NETWORK_NAMESPACE,
        tried="reach an abstract socket of the host",
        action=partial(_connect, socket.AF_UNIX, f"\0{outside.beacon}"),
        held=frozenset({errno.ECONNREFUSED}),
    )


def namespace(kind: str) -> str:
    """Which one this process is in: `net:[4026531840]`."""
    return os.readlink(f"/proc/self/ns/{kind}")  # noqa: PTH115 - a Path takes as long as all seven


def _elsewhere(kind: str, outside: Outside) -> str | None:
    return None if namespace(kind) == outside.namespaces[kind] else "another"


def _text(path: str) -> bytes:
    """What a file of proc says. A file object, or text, would take longer than all other attempts."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _TEXT_BYTES)
    finally:
        os.close(fd)


def _says(status: bytes, names: tuple[bytes, ...], value: bytes) -> str | None:
    return value.decode() if all(b"\n%b:\t%b\n" % (name, value) in status for name in names) else None


def _named(name: str) -> str | None:
    return name if socket.gethostname() == name else None


def _limits(limits: Limits) -> str | None:
    """That the plan's stand, and do not rise."""
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
    ):
        hard = resource.getrlimit(kind)[1]
        if most is not None and not 0 <= hard <= most:
            return None
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    except ValueError:  # as Python says EPERM here
        return "EPERM"
    return None


def _descriptors() -> str | None:
    """Beyond the streams only such as a program that is executed does not get; no stream is a folder."""
    if any(stat.S_ISDIR(os.fstat(stream).st_mode) for stream in range(3)):
        return None
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2 and not fcntl.fcntl(int(name), fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                return None
        except OSError:  # the one that listed them
            continue
    return "none"


def _others() -> str | None:
    seen = {name for name in os.listdir("/proc") if name.isdecimal()}
    return None if seen - {str(_INIT), str(os.getpid())} else "none"


def _pipe(path: str) -> None:
    """Mounts and owners allow it, so that nothing but Landlock can be what refuses."""
    os.mkfifo(path)
    os.unlink(path)  # noqa: PTH108 - gone again, where it worked


def _open(path: str, flags: int) -> None:
    os.close(os.open(path, flags | os.O_CLOEXEC))


def _interfaces() -> str | None:
    """Others than the loopback may be there, as some kernels make them; then they are down, and stay so."""
    lines = _text("/proc/self/net/dev").splitlines()[2:]
    others = [name for line in lines if (name := line.partition(b":")[0].strip()) != b"lo"]
    return None if others and any(map(_is_up, others)) else "none"


def _is_up(name: bytes) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, _INTERFACE_FLAGS, struct.pack("16sH22x", name, 0))
    return bool(struct.unpack_from("H", asked, 16)[0] & _UP)


def _way_out(family: socket.AddressFamily, nowhere: str) -> str | None:
    """None where there is one. Nothing is sent: the kernel says from which address it would be."""
    with socket.socket(family, socket.SOCK_DGRAM) as asks:
        asks.connect((nowhere, _DISCARD))
        return "answered within" if asks.getsockname()[0] == _LOOPBACK[family] else None


def _connect(family: socket.AddressFamily, address: str | tuple[str, int]) -> None:
    with socket.socket(family) as tried:
        tried.setblocking(False)
        tried.connect(address)
