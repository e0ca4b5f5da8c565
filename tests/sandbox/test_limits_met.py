"""What a control group held back is told when the box is gone, and only then."""

import os
import resource

import pytest

from boxes import run
from needs import system_python
from ringfence.sandbox.messages import Ended, LimitsMet
from ringfence.sandbox.plan import Limits

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no control group here")

_FORKS = "i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i+1)); done; true"


def _met(script: str, limits: Limits) -> list[LimitsMet]:
    result = run(["/bin/sh", "-c", script], user="root", limits=limits)
    assert isinstance(result.messages[-2 if result.messages[-1].__class__ is LimitsMet else -1], Ended)
    return [each for each in result.messages if isinstance(each, LimitsMet)]


def test_processes_that_were_refused_are_told() -> None:
    (met,) = _met(_FORKS, Limits(processes=10))
    assert met.refused_processes > 0
    assert met.killed_for_memory == 0


def test_processes_that_were_ended_for_memory_are_told() -> None:
    # The kernel ends what is largest, and the box's init shares all that this test's process has.
    most = 400_000_000 + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    fills = f"exec {system_python()} -c 'bytearray({2 * most})'"
    (met,) = _met(fills, Limits(memory_bytes=most))
    assert met.killed_for_memory > 0


def test_a_box_that_kept_to_its_limits_says_nothing() -> None:
    assert _met("true", Limits(processes=50, memory_bytes=500_000_000)) == []
