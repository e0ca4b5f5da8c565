"""Judges bytes in memory."""

from ringfence.artifacts.judging import Judged, judge, judging_budget
from ringfence.artifacts.reader import Reader

__all__ = ["checks", "judged"]


def judged(data: bytes, name: str = "") -> Judged:
    """What is said of a file of those bytes."""
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=name)


def checks(data: bytes, name: str = "") -> set[str]:
    """The ids of what is spotted in it."""
    return {each.check for each in judged(data, name).spotted}
