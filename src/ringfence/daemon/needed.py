"""The system calls that a proxy needs once it serves; no other reaches the kernel's code.

It accepts connections of sockets that it was given, reads, writes, waits. It opens nothing by name but its
own descriptors, by which OpenSSL is given certificates. It makes no memory that can be executed, and no
socket, thread or process.

Source: the manual pages of each call, and strace of a proxy at work.
"""

import mmap
import os
import socket
from collections.abc import Mapping
from fcntl import F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, F_SETFL
from types import MappingProxyType
from typing import Final

from ringfence.sandbox.linux.seccomp.calls import Fate
from ringfence.sandbox.linux.seccomp.rules import Clause, Condition, Rule

__all__ = ["NEEDED"]

_UNIX: Final = 1
_ALL: Final = 0xFFFFFFFF


def _where(argument: int, *values: int, mask: int = _ALL) -> Rule:
    test = Condition(argument=argument, values=values, mask=mask)
    return Rule(clauses=(Clause(tests=(test,), fate=Fate.ALLOW),), otherwise=Fate.REFUSE)


_UNCONDITIONAL = """
    read readv pread64 write writev pwrite64 close lseek ftruncate fstat newfstatat stat dup
    accept accept4 recvfrom recvmsg recvmmsg shutdown getsockname getpeername getsockopt setsockopt
    poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 pipe2
    memfd_create munmap mremap madvise brk futex sched_yield restart_syscall rseq
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday getrandom
    getpid gettid getuid geteuid getgid getegid getrusage uname sysinfo sched_getaffinity
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack exit exit_group
"""
NEEDED: Mapping[str, Rule | None] = MappingProxyType(
    {
        **dict.fromkeys(_UNCONDITIONAL.split()),
        "openat": _where(2, os.O_RDONLY, mask=_ALL & ~os.O_CLOEXEC),
        # Of its own and not to be executed: no limit counts what is shared.
        "mmap": Rule(
            clauses=(
                Clause(
                    tests=(
                        Condition(argument=2, values=(0,), mask=mmap.PROT_EXEC),
                        Condition(argument=3, values=(0,), mask=mmap.MAP_SHARED),
                    ),
                    fate=Fate.ALLOW,
                ),
            ),
            otherwise=Fate.REFUSE,
        ),
        "mprotect": _where(2, 0, mask=mmap.PROT_EXEC),
        "sendto": _where(3, 0, mask=socket.MSG_FASTOPEN),
        "sendmsg": _where(2, 0, mask=socket.MSG_FASTOPEN),
        "sendmmsg": _where(3, 0, mask=socket.MSG_FASTOPEN),
        "socketpair": _where(0, _UNIX),
        # Not F_SETOWN and F_SETSIG, by which the kernel signals others.
        "fcntl": _where(1, F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC),
        "ioctl": _where(1, 0x5421, 0x541B, 0x5450, 0x5451),  # FIONBIO, FIONREAD, FIONCLEX, FIOCLEX
    }
)
"""Each call's name, and where its arguments decide the rule for them."""
