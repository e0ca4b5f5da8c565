"""An operator answers lines of the queue: each question on its own, by the same checks as a single answer."""

from collections.abc import Iterable

from ringfence.app.approving import Answer, Approving, approve, deny
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError

__all__ = ["Answered", "answer_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of the questions. `problems` are harmless to print, each once."""

    granted: int = 0
    refused: int = 0
    problems: tuple[str, ...] = ()


def answer_all(asks: Iterable[str], answer: Answer | None, who: Approving) -> Answered:
    """Says yes to each of these questions, or no where `answer` is None; what fails stops no other.

    The ledger is given up at the end, so that whoever only watches is not the one through whom others write.
    """
    done, problems = 0, dict[str, None]()
    try:
        for each in asks:
            try:
                if answer is None:
                    deny(each, None, who)
                else:
                    approve(each, answer, who)
                done += 1
            except RingfenceError as error:
                problems[f"{error.what}; {error.hint}"] = None
    finally:
        who.door.ledger.close()
    return Answered(
        granted=0 if answer is None else done,
        refused=done if answer is None else 0,
        problems=tuple(problems),
    )
