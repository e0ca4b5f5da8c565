"""What happens to the calls whose arguments decide.

Only the low 32 bits of an argument count, as the kernel takes these arguments as 32-bit numbers; a high bit
that it ignores turns nothing. What a pointer leads to cannot be judged: a program could change it meanwhile.

Source: clone(2), unshare(2), socket(2), ioctl_tty(2), personality(2), prctl(2), mknod(2).
"""

from collections.abc import Mapping
from types import MappingProxyType

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.linux.seccomp.calls import Fate

__all__ = ["RULES", "Clause", "Condition", "Rule"]

_ALL = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One argument, masked, is one of some values."""

    argument: int  # 0 to 5
    values: tuple[int, ...]
    mask: int = _ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What happens when all tests hold."""

    tests: tuple[Condition, ...]
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The first clause that holds decides."""

    clauses: tuple[Clause, ...]
    otherwise: Fate


_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_UNSHARED = 0x00040600  # CLONE_FS, CLONE_FILES, CLONE_SYSVSEM
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_TYPE = 0xF  # what of a socket's type is no flag
_STREAM, _DATAGRAM, _SEQUENCED = 1, 2, 5
_TCP, _UDP, _MPTCP = 6, 17, 262
_KIND = 0xF000  # of a file's mode
_CHARACTER, _BLOCK = 0x2000, 0x6000
_IOCTLS = (
    0x5412,  # TIOCSTI: types into a terminal
    0x541C,  # TIOCLINUX: pastes into a console
    0x541D,  # TIOCCONS: takes the console's output
    0x5423,  # TIOCSETD: loads a line discipline
    0x5437,  # TIOCVHANGUP: hangs up a terminal
    0x5457,  # TIOCSLCKTRMIOS: locks its settings
    0xAA00,  # USERFAULTFD_IOC_NEW
)
_PERSONALITIES = (0, 0x8, 0x40000, _ALL)  # PER_LINUX, PER_LINUX32, ADDR_NO_RANDOMIZE; and the question
_PR_SET_MM = 35


def _family(
    *families: int, types: tuple[int, ...] = (), protocols: tuple[int, ...] = (), fate: Fate
) -> Clause:
    tests = [Condition(argument=0, values=families)]
    if types:
        tests.append(Condition(argument=1, values=types, mask=_TYPE))
    if protocols:
        tests.append(Condition(argument=2, values=protocols))
    return Clause(tests=tuple(tests), fate=fate)


def _only(test: Condition, *, otherwise: Fate = Fate.TELL) -> Rule:
    return Rule(clauses=(Clause(tests=(test,), fate=Fate.ALLOW),), otherwise=otherwise)


def _not(test: Condition, *, fate: Fate = Fate.TELL) -> Rule:
    return Rule(clauses=(Clause(tests=(test,), fate=fate),), otherwise=Fate.ALLOW)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "clone": _only(Condition(argument=0, mask=_NEW_NAMESPACES, values=(0,))),
        "unshare": _only(Condition(argument=0, mask=_ALL & ~_UNSHARED, values=(0,))),
        "socket": Rule(
            clauses=(
                _family(_UNIX, types=(_STREAM, _DATAGRAM, _SEQUENCED), fate=Fate.ALLOW),
                _family(_INET, _INET6, types=(_STREAM,), protocols=(0, _TCP), fate=Fate.ALLOW),
                _family(_INET, _INET6, types=(_DATAGRAM,), protocols=(0, _UDP), fate=Fate.ALLOW),
                # Every Go program that listens asks for it, and goes on without.
                _family(_INET, _INET6, types=(_STREAM,), protocols=(_MPTCP,), fate=Fate.UNSUPPORTED),
                _family(
                    _NETLINK, protocols=(0,), fate=Fate.ALLOW
                ),  # NETLINK_ROUTE: which interfaces there are
                _family(_NETLINK, fate=Fate.UNSUPPORTED),
            ),
            otherwise=Fate.TELL,
        ),
        "socketpair": _only(Condition(argument=0, values=(_UNIX,))),
        "ioctl": _not(Condition(argument=1, values=_IOCTLS)),
        "personality": _only(Condition(argument=0, values=_PERSONALITIES)),
        "prctl": _not(Condition(argument=0, values=(_PR_SET_MM,)), fate=Fate.REFUSE),
        "mknod": _not(Condition(argument=1, mask=_KIND, values=(_CHARACTER, _BLOCK))),
        "mknodat": _not(Condition(argument=2, mask=_KIND, values=(_CHARACTER, _BLOCK))),
    }
)
"""For each call whose fate is BY_ARGUMENT."""
