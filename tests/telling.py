"""What is said of bytes in memory, as lines."""

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader

__all__ = ["told", "verdict"]


def told(data: bytes, name: str = "") -> list[str]:
    """`severity check evidence` of everything that was spotted in a file of those bytes."""
    found = judge(Reader.of_bytes(data, budget=judging_budget()), name=name)
    return [f"{each.severity} {each.check} {', '.join(each.evidence)}" for each in found.spotted]


def verdict(data: bytes, name: str = "") -> str:
    """What comes of loading a file of those bytes."""
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=name).judgement.verdict
