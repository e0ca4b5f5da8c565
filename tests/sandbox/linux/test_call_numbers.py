"""The numbers under which a box's own system calls go out are those of the filter, on both machines."""

import pytest

from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.seccomp.calls import CALLS


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_call_has_the_number_that_the_filter_knows_it_by(machine: str) -> None:
    own = {**kernel._COMMON, **kernel._NUMBERS[machine]}
    assert own == {name: CALLS[name].number(machine) for name in own}


def test_both_machines_have_the_same_calls() -> None:
    assert kernel._NUMBERS["x86_64"].keys() == kernel._NUMBERS["aarch64"].keys()
