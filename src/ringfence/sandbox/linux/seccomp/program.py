"""The tables as a program for the kernel's filter: classic BPF over what it says of a call.

A call's number is looked up by halving: a run of numbers that share a fate is one leaf, and a leaf whose
arguments decide is the code of its rule. All jumps go forward and are relative, so pieces of code are put
together as they are. Calls that are always allowed reach their leaf without a look at an argument: the kernel
remembers those and runs the program for them no more.

A call that would be told of is refused quietly where its sixth argument, which hardly one reads, is a number
drawn for this box. Only the probe knows it: it tries what must not work, and waits for nobody's answer.

Source: seccomp(2), the kernel's networking/filter document.
"""

import errno
import struct
from collections.abc import Callable, Mapping
from functools import cache

from ringfence.core.errors import RingfenceError
from ringfence.sandbox.linux.seccomp.calls import CALLS, DEBUGGING, MACHINES, STARTS, Fate, Machine
from ringfence.sandbox.linux.seccomp.rules import RULES, Clause, Condition, Rule

__all__ = ["UnknownMachine", "program", "program_allowing"]

_Step = tuple[
    int, int, int, int | None
]  # code, jump if true, jump if false, constant; None: the drawn number
_Code = tuple[_Step, ...]

_LOAD, _AND, _JUMP, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # in struct seccomp_data
_ALLOW, _NOTIFY, _ERROR, _KILL_PROCESS = 0x7FFF0000, 0x7FC00000, 0x00050000, 0x80000000
_SKIPPED = 0xFFFFFFFF  # the number -1: a tracer took the call away
_FARTHEST = 255  # that a conditional jump can go
_SIXTH = 5
_ALL = 0xFFFFFFFF


class UnknownMachine(RingfenceError):
    """There is no table of system calls for this kind of machine."""


def program(*, machine: str, debug: bool, quiet: int, tells: bool = True, starts: bool = False) -> bytes:
    """The program, `struct sock_filter` after `struct sock_filter`.

    `machine` is what `os.uname()` says, `quiet` the drawn number, of 32 bits. With `starts` it tells what is
    about to be executed as well. Without `tells` what would be told is refused alike, or allowed.

    Raises:
        UnknownMachine
    """
    return struct.pack("=I", quiet).join(_around(machine, debug=debug, tells=tells, starts=starts and tells))


def program_allowing(calls: Mapping[str, Rule | None], *, machine: str) -> bytes:
    """One for a process that needs these calls alone, some as a rule says.

    All others are refused (EPERM), or absent where they are in a box.

    Raises:
        UnknownMachine
    """

    def code(name: str) -> _Code:
        rule = calls.get(name)
        if rule is not None:
            return _rule(rule, tells=False)
        if name in calls:
            return _leaf(Fate.ALLOW, tells=False)
        return _leaf(Fate.ABSENT if CALLS[name].fate is Fate.ABSENT else Fate.REFUSE, tells=False)

    return b"".join(_pieces(_whole(machine, code)))


@cache
def _around(machine: str, *, debug: bool, tells: bool, starts: bool) -> tuple[bytes, ...]:
    """The program's bytes, without the drawn number where it stands."""

    def code(name: str) -> _Code:
        if starts and name in STARTS:
            return ((_RETURN, 0, 0, _NOTIFY),)
        return _call(name, debug=debug, tells=tells)

    return _pieces(_whole(machine, code))


def _whole(machine: str, code: Callable[[str], _Code]) -> _Code:
    known = MACHINES.get(machine)
    if known is None:
        raise UnknownMachine(
            f"boxes run on {' and '.join(MACHINES)}, and this machine is neither",
            hint="run the command on a machine of one of these kinds",
        )
    return (
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, known.audit),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
        *_wrong_way_in(known),
        *_search(tuple(_runs(machine, code))),
    )


def _pieces(whole: _Code) -> tuple[bytes, ...]:
    pieces = [b""]
    for code, if_true, if_false, constant in whole:
        pieces[-1] += struct.pack("=HBB", code, if_true, if_false)
        if constant is None:
            pieces.append(b"")
        else:
            pieces[-1] += struct.pack("=I", constant)
    return tuple(pieces)


def _wrong_way_in(machine: Machine) -> _Code:
    if machine.other_abi is None:
        return ()
    return (
        (_AT_LEAST, 0, 2, machine.other_abi),
        (_EQUAL, 1, 0, _SKIPPED),
        (_RETURN, 0, 0, _KILL_PROCESS),
    )


def _runs(machine: str, code: Callable[[str], _Code]) -> list[tuple[int, _Code]]:
    """Where each run of numbers with one fate starts, and its code."""
    absent = _leaf(Fate.ABSENT, tells=False)
    starts = [(0, absent)]
    following = 0
    numbered = sorted((n, name) for name, call in CALLS.items() if (n := call.number(machine)) is not None)
    for number, name in numbered:
        if number > following:
            starts.append((following, absent))
        starts.append((number, code(name)))
        following = number + 1
    starts.append((following, absent))
    merged: list[tuple[int, _Code]] = []
    for start, fate in starts:
        if merged and merged[-1][0] == start:
            merged.pop()
        if not merged or merged[-1][1] != fate:
            merged.append((start, fate))
    return merged


def _search(runs: tuple[tuple[int, _Code], ...]) -> _Code:
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    lower, upper = _search(runs[:middle]), _search(runs[middle:])
    start = runs[middle][0]
    if len(lower) <= _FARTHEST:
        return ((_AT_LEAST, len(lower), 0, start), *lower, *upper)
    return ((_AT_LEAST, 0, 1, start), (_JUMP, 0, 0, len(lower)), *lower, *upper)


def _call(name: str, *, debug: bool, tells: bool) -> _Code:
    fate = CALLS[name].fate
    if debug and name in DEBUGGING:
        fate = Fate.ALLOW
    return _rule(RULES[name], tells=tells) if fate is Fate.BY_ARGUMENT else _leaf(fate, tells=tells)


def _leaf(fate: Fate, *, tells: bool) -> _Code:
    if fate is Fate.TELL and tells:
        return (
            (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * _SIXTH),
            (_EQUAL, 0, 1, None),
            (_RETURN, 0, 0, _ERROR | errno.EPERM),
            (_RETURN, 0, 0, _NOTIFY),
        )
    returned = {
        Fate.ALLOW: _ALLOW,
        Fate.REFUSE: _ERROR | errno.EPERM,
        Fate.TELL: _ERROR | errno.EPERM,
        Fate.ABSENT: _ERROR | errno.ENOSYS,
        Fate.UNSUPPORTED: _ERROR | errno.EPROTONOSUPPORT,
    }
    return ((_RETURN, 0, 0, returned[fate]),)


def _rule(rule: Rule, *, tells: bool) -> _Code:
    code: list[_Step] = []
    for clause in rule.clauses:
        code += _clause(clause, tells=tells)
    return (*code, *_leaf(rule.otherwise, tells=tells))


def _clause(clause: Clause, *, tells: bool) -> _Code:
    code = _leaf(clause.fate, tells=tells)
    for test in reversed(clause.tests):
        code = (*_test(test, past=len(code)), *code)
    return code


def _test(test: Condition, *, past: int) -> _Code:
    """Falls through when it holds, else goes past so many instructions. Both machines are little-endian."""
    load = (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * test.argument)
    masked = () if test.mask == _ALL else ((_AND, 0, 0, test.mask),)
    last = len(test.values) - 1
    compared = ((_EQUAL, last - i, past if i == last else 0, value) for i, value in enumerate(test.values))
    return (load, *masked, *compared)
