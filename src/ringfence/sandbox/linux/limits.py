"""Limits that a process takes on for itself and all it starts, and those of the box's own namespaces.

Most are of each process: memory of its own, processor time, one file, open files. RLIMIT_DATA counts memory
that may be written, and not addresses that are only reserved, of which WebAssembly in Node takes 10 GiB
whatever it uses. Memory that is shared, and files in memory, it does not count: without a control group a
memory limit is for programs that err, not for those that attack.

RLIMIT_NPROC counts all processes and threads of one user in one user namespace, so other boxes and programs
do not count; it never binds the host's uid 0, which no command of a box is. What bounds a box as a whole is a
control group.

Source: setrlimit(2), user_namespaces(7), namespaces(7), the kernel's admin-guide/sysctl document.
"""

import os
import resource

from ringfence.sandbox.plan import Limits

__all__ = ["Lack", "apply", "narrow"]

Lack = tuple[str, str]
"""What could not be had, and why."""

_FIRST_USER_NAMESPACE = 0xEFFFFFFD  # the machine's own always has this number
_RESERVED_NUMBERS = 300  # that the kernel gives out no second time, once it has been through all of them
_INIT = 1


def narrow(limits: Limits, *, proc: str = "/proc") -> tuple[Lack, ...]:
    """Bounds the own namespaces: no user namespaces within, process numbers up to a bit above `processes`.

    Call it in the box's own user namespace, with its capabilities, while `proc` is of the box's own process
    namespace and can be written. The machine's own namespaces are never touched.
    """
    if os.stat(f"{proc}/self/ns/user").st_ino == _FIRST_USER_NAMESPACE:  # noqa: PTH116 - quick in a new process
        return (("namespaces of its own", "the user namespace is the machine's"),)
    wanted = [("no user namespaces within", "user/max_user_namespaces", 0)]
    if limits.processes is not None:
        numbers = limits.processes + _RESERVED_NUMBERS + _INIT + 1
        wanted.append(("a bound on process numbers", "kernel/pid_max", numbers))
    lacking: list[Lack] = []
    for what, name, value in wanted:
        try:
            setting = os.open(f"{proc}/sys/{name}", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(setting, str(value).encode())
            finally:
                os.close(setting)
        except OSError as error:
            lacking.append((what, os.strerror(error.errno or 0).lower()))
    return tuple(lacking)


def apply(limits: Limits, *, grouped: bool) -> None:
    """Sets this process's limits, hard and soft alike; a lower one that the machine sets stays.

    `grouped`: a control group bounds the memory of all, so that of each is not.

    Raises:
        OSError: one could not be set.
    """
    wanted = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, None if limits.processes is None else limits.processes + _INIT),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_DATA, None if grouped else limits.memory_bytes),
    )
    for kind, value in wanted:
        if value is not None:
            _, hard = resource.getrlimit(kind)
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (lower, lower))
