"""The table of system calls: its numbers are the kernel's, and every call has a fate."""

import re
from pathlib import Path

import pytest

from needs import missing
from ringfence.sandbox.linux.seccomp.calls import CALLS, DEBUGGING, Fate
from ringfence.sandbox.linux.seccomp.rules import RULES

_FIRST_SHARED, _LAST_SHARED = 424, 469  # every machine has these numbers; 469 is Linux 6.18's last


def _header(*paths: str) -> str:
    for path in paths:
        if Path(path).exists():
            return Path(path).read_text()
    return missing("the kernel's headers", "apt install linux-libc-dev")


def test_the_numbers_for_x86_64_are_those_of_the_kernel_s_header() -> None:
    text = _header("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h")
    kernel = {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)}
    newest = max(kernel.values())
    ours = {name: call.x86_64 for name, call in CALLS.items() if call.x86_64 is not None}
    assert {n: i for n, i in ours.items() if i <= newest and i not in (335, 336)} == kernel


def test_the_numbers_for_aarch64_are_those_that_new_architectures_share() -> None:
    text = _header("/usr/include/asm-generic/unistd.h")
    kernel = {
        name: int(number)
        for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)
        if not 403 <= int(number) <= 423  # calls of 32-bit machines with 64-bit times
    }
    for name in ("arch_specific_syscall", "syscalls", "sync_file_range2"):
        kernel.pop(name)
    kernel["newfstatat"] = kernel.pop("fstatat")
    newest = max(kernel.values())
    ours = {name: call.aarch64 for name, call in CALLS.items() if call.aarch64 is not None}
    assert {n: i for n, i in ours.items() if i <= newest} == kernel


def test_newer_calls_have_one_number_on_both_machines_and_none_is_left_out() -> None:
    newer = [call for call in CALLS.values() if (call.x86_64 or 0) >= _FIRST_SHARED]
    assert sorted(call.x86_64 for call in newer if call.x86_64) == list(
        range(_FIRST_SHARED, _LAST_SHARED + 1)
    )
    assert all(call.x86_64 == call.aarch64 for call in newer)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_no_number_stands_twice(machine: str) -> None:
    numbers = [n for call in CALLS.values() if (n := call.number(machine)) is not None]
    assert len(set(numbers)) == len(numbers)


def test_each_call_whose_arguments_decide_has_its_rule() -> None:
    assert {name for name, call in CALLS.items() if call.fate is Fate.BY_ARGUMENT} == set(RULES)


def test_what_is_allowed_for_debugging_is_refused_otherwise() -> None:
    assert {CALLS[name].fate for name in DEBUGGING} == {Fate.TELL, Fate.REFUSE}
