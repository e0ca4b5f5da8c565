"""A receiver that hangs or fails holds up nobody, and what it misses is counted."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ringfence.app.notices.noticing import Happened, Notice
from ringfence.app.notices.outbox import NotTold, Outbox
from ringfence.app.notices.standing import How, Standing
from ringfence.core.limits import LIMITS

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def _notice(number: int) -> Notice:
    return Notice(started_at=_AT, complete=True, happened=Happened.ASKED, ask=str(number))


class Scripted:
    """A receiver that does as it is told; `taken` gives what came, in order."""

    name = "scripted"

    def __init__(self) -> None:
        self.may = threading.Semaphore(0)
        self.fails = False
        self.breaks = False
        self.taken: list[tuple[str | None, int]] = []
        self.began, self.ended = threading.Semaphore(0), threading.Semaphore(0)

    def send(self, notice: Notice) -> None:
        self.began.release()
        assert self.may.acquire(timeout=20)
        try:
            if self.breaks:
                raise SystemExit
            if self.fails:
                raise NotTold("it answers 503", hint="see to it")
            self.taken.append((notice.ask, notice.left_out))
        finally:
            self.ended.release()

    def goes(self, times: int = 1) -> None:
        for _ in range(times):
            self.may.release()
            assert self.ended.acquire(timeout=20)


class Scene:
    def __init__(self) -> None:
        self.receiver, self.said, self.at = Scripted(), list[str](), 0.0
        self.outbox = Outbox(self.receiver, tell=self.said.append, clock=lambda: self.at)

    def standing(self, how: How, why: str | None = None) -> bool:
        return self.outbox.standing() == Standing(who="scripted", how=how, why=why)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.outbox.close()
    made.receiver.may.release(1_000)


def test_each_is_told_in_order(scene: Scene) -> None:
    for number in range(3):
        scene.outbox.put(_notice(number))
    scene.receiver.goes(3)
    assert scene.receiver.taken == [("0", 0), ("1", 0), ("2", 0)]


def test_of_more_than_are_kept_the_oldest_go_and_the_next_says_how_many(scene: Scene) -> None:
    scene.outbox.put(_notice(0))
    assert scene.receiver.began.acquire(timeout=20)  # it hangs with the first one
    for number in range(1, LIMITS.notices_kept + 8):
        scene.outbox.put(_notice(number))
    scene.receiver.goes(3)
    assert scene.receiver.taken == [("0", 0), ("8", 7), ("9", 0)]


def test_one_that_hangs_is_said_to_and_stays_so_until_it_answers(scene: Scene) -> None:
    scene.outbox.put(_notice(0))
    assert scene.receiver.began.acquire(timeout=20)
    scene.at = 90.0
    assert scene.standing(How.ON)
    scene.at = 91.0
    assert scene.standing(How.FAILED, "it does not answer")


def test_that_it_fails_and_that_it_works_again_is_said_once_each(scene: Scene) -> None:
    scene.receiver.fails = True
    for number in range(3):
        scene.outbox.put(_notice(number))
    scene.receiver.goes(3)
    scene.outbox.put(_notice(3))
    assert scene.receiver.began.acquire(timeout=20)  # so the third is done with
    for _ in range(3):
        assert scene.receiver.began.acquire(timeout=20)
    assert scene.standing(How.FAILED, "it answers 503; see to it")
    scene.receiver.fails = False
    scene.outbox.put(_notice(4))
    scene.receiver.goes(2)
    scene.outbox.put(_notice(5))
    assert scene.receiver.began.acquire(timeout=20)
    assert scene.receiver.began.acquire(timeout=20)
    assert scene.standing(How.ON)
    assert scene.receiver.taken == [("3", 3), ("4", 0)]
    assert scene.said == [
        "scripted is not told of questions: it answers 503; see to it",
        "scripted is told of questions again",
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_receiver_whose_code_ends_is_said_to_have_failed(scene: Scene) -> None:
    scene.receiver.breaks = True
    scene.outbox.put(_notice(0))
    scene.receiver.goes()
    scene.outbox._thread.join(20)
    assert scene.standing(How.FAILED, "what tells it has ended; see the daemon's log")
    scene.outbox.put(_notice(1))  # and nobody waits for it
