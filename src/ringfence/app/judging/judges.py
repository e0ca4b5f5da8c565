"""Processes judge files side by side. One that dies or does not end costs the file it was at, and no more."""

import os
import select
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Self

from ringfence.app.judging.allowed import Allowed
from ringfence.app.judging.below import FileToJudge, FolderToJudge
from ringfence.app.judging.processes import Judging, started
from ringfence.app.judging.wire import answer_from, task_line
from ringfence.artifacts.examine import Examined
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile, JudgedFolder

__all__ = ["Judges"]

_MOST_PROCESSES = 16
_GRACE_S = 15.0  # a process may take that much longer than the file's budget, and starts in that time too
_ANSWER_BYTES = 64 << 20
_READ_BYTES = 1 << 16
_INTERRUPTED_EACH_S = 0.05

# Questions are asked ahead, so that nobody waits between two small files: no more than a pipe holds, and
# not the last ones, which would wait behind a slow file while other processes have nothing to do.
_AHEAD = 32
_AHEAD_BYTES = select.PIPE_BUF
_SUPPLIED = 16  # files that nobody judges while one naps
_NAP_S = 0.004
_SHARES = 8  # of what is left, one for each process at a time

_Task = FileToJudge | FolderToJudge
_Answer = tuple[JudgedFile | JudgedFolder | Skipped, Examined | None]
_Numbered = tuple[int, _Task]


class Judges:
    """Processes that judge files, at most one for each core. They start at once, to be ready when asked."""

    def __init__(self, allowed: Allowed, *, processes: int) -> None:
        count = max(1, min(processes, _MOST_PROCESSES))
        self._all = [_Judge(allowed) for _ in range(count)]
        self._beside: threading.Thread | None = None
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        while self._beside and self._beside.is_alive():
            for each in self._all:
                each.interrupt()  # again and again, because it may be starting another one
            self._beside.join(_INTERRUPTED_EACH_S)
        for each in self._all:
            each.end()

    def judge(self, files: Iterable[FileToJudge]) -> Iterator[JudgedFile | Skipped]:
        """Each file's verdict, in the order of `files`."""
        for answer, _ in self._answers(files):
            assert not isinstance(answer, JudgedFolder)
            yield answer

    def judge_beside(
        self, files: Iterable[FileToJudge]
    ) -> Iterator[tuple[JudgedFile | Skipped, Examined | None]]:
        """As `judge` does, with headers, and begins at once, beside what this thread does until it wants the
        answers.

        Nothing else is asked before all of those are taken.
        """
        answers = self._answers(tuple(files))
        begun = _Begun(answers)
        self._beside = threading.Thread(target=begun.go_on, daemon=True)
        self._beside.start()
        return self._taken(begun, self._beside, answers)

    def judge_folder(self, folder: FolderToJudge) -> JudgedFolder:
        """What is said of the folder as a whole; that nothing could be said is a finding too."""
        ((answer, _),) = self._answers((folder,))
        if isinstance(answer, JudgedFolder):
            return answer
        if isinstance(answer, Skipped):
            answer = _not_judged(folder, answer.reason)
        return JudgedFolder(findings=answer.findings, raw_weights=())

    def _taken(
        self, begun: "_Begun", thread: threading.Thread, answers: Iterator[_Answer]
    ) -> Iterator[tuple[JudgedFile | Skipped, Examined | None]]:
        begun.wanted = True
        thread.join()
        if begun.error:
            raise begun.error
        for answer, header in chain(_emptied(begun.answers), answers):
            assert not isinstance(answer, JudgedFolder)
            yield answer, header

    def _answers(self, tasks: Iterable[_Task]) -> Iterator[_Answer]:
        left = deque(enumerate(tasks))
        del tasks  # which would be in memory until the last is answered
        count = len(left)
        answered: dict[int, _Answer] = {}
        try:
            for number in range(count):
                while number not in answered:
                    if self._stopped:
                        return
                    for judge in self._all:
                        judge.ask(left, ahead=min(_AHEAD, len(left) // (_SHARES * len(self._all))))
                    answered |= self._received(left)
                yield answered.pop(number)
        finally:
            for judge in self._all:
                judge.forget()

    def _received(self, left: "deque[_Numbered]") -> dict[int, _Answer]:
        """What came in, waiting for it; what a lost process was still to answer is `left` again."""
        busy = {judge.fd: judge for judge in self._all if judge.is_busy}
        poll = select.poll()
        for fd in busy:
            poll.register(fd, select.POLLIN)
        if all(judge.is_supplied for judge in self._all):
            time.sleep(_NAP_S)  # one look at what came in until then, not one for each answer
        wait_s = min(judge.ends_at for judge in busy.values()) - time.monotonic()
        ready = poll.poll(max(0, int(wait_s * 1000) + 1))
        answers: dict[int, _Answer] = {}
        for fd, _ in ready:
            answers |= busy[fd].received(left)
        if not ready:
            for judge in busy.values():
                if judge.ends_at <= time.monotonic():
                    answers |= judge.give_up(left)
        return answers


class _Judge:
    """One process, started anew after it was lost, and what it has not answered yet."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._process: Judging | None = started(allowed)
        self._asked: deque[tuple[_Numbered, int]] = deque()  # with the bytes of the question
        self._asked_bytes = 0
        self._began_at = 0.0  # with the first of those
        self._ending = (
            threading.Lock()
        )  # a process that has ended is never killed: its number may be another's
        self._line = bytearray()  # as much as has come of its next answer

    @property
    def fd(self) -> int:
        """Where answers come in."""
        assert self._process
        return self._process.answers

    @property
    def is_busy(self) -> bool:
        """Whether there is something that it has not answered."""
        return bool(self._asked)

    @property
    def is_supplied(self) -> bool:
        """Whether it has many small files before it."""
        return len(self._asked) >= _SUPPLIED

    @property
    def ends_at(self) -> float:
        """When it is lost if no answer came; monotonic."""
        return self._began_at + self._allowed.seconds + _GRACE_S

    def ask(self, left: "deque[_Numbered]", *, ahead: int) -> None:
        """Takes the next of what is `left`, and up to `ahead` more."""
        while left and (not self._asked or (len(self._asked) <= ahead and self._asked_bytes < _AHEAD_BYTES)):
            question = task_line(left[0][1])
            if self._asked and self._asked_bytes + len(question) > _AHEAD_BYTES:
                return
            if self._process is None:
                self._process = started(self._allowed)
            if not self._asked:
                self._began_at = time.monotonic()
            self._asked.append((left.popleft(), len(question)))
            self._asked_bytes += len(question)
            with suppress(OSError):  # when it is gone, or reads nothing, no answer comes
                os.write(self._process.questions, question)

    def received(self, left: "deque[_Numbered]") -> dict[int, _Answer]:
        """What it answered; when it broke off, that the file it was at could not be judged."""
        part = os.read(self.fd, _READ_BYTES)
        *lines, rest = part.split(b"\n")
        answers: dict[int, _Answer] = {}
        for line in lines:
            whole = bytes(self._line + line)
            self._line.clear()
            if not self._asked:
                break
            (number, task), size = self._asked[0]
            try:
                answers[number] = answer_from(whole, task)
            except (ValueError, KeyError, TypeError):
                return answers | self._lost("the process that judged it broke off", left)
            self._asked.popleft()
            self._asked_bytes -= size
            self._began_at = time.monotonic()
        self._line += rest
        if self._asked and (not part or len(self._line) > _ANSWER_BYTES):
            answers |= self._lost("the process that judged it broke off", left)
        return answers

    def give_up(self, left: "deque[_Numbered]") -> dict[int, _Answer]:
        """That the file it is at takes too long."""
        return self._lost(f"takes longer than {self._allowed.seconds:g} s", left)

    def forget(self) -> None:
        """Nobody wants to know any more what it was asked."""
        if self._asked:
            self.end()

    def interrupt(self) -> None:
        """Ends the process from another thread, as if it had broken off."""
        with self._ending:
            if self._process:
                self._process.kill()

    def end(self) -> None:
        """Ends the process."""
        self._asked.clear()
        self._asked_bytes = 0
        self._line.clear()
        with self._ending:
            process, self._process = self._process, None
            if process:
                process.end()

    def _lost(self, why: str, left: "deque[_Numbered]") -> dict[int, _Answer]:
        (number, task), _ = self._asked.popleft()
        left.extendleft(numbered for numbered, _ in reversed(self._asked))
        self.end()
        return {number: (_not_judged(task, why), None)}


class _Begun:
    """What another thread takes of the answers, until this one wants them and goes on by itself."""

    def __init__(self, answers: Iterator[_Answer]) -> None:
        self._left = answers
        self.answers: deque[_Answer] = deque()
        self.error: Exception | None = None
        self.wanted = False

    def go_on(self) -> None:
        """Until all are taken, or `wanted` is."""
        try:
            for answer in self._left:
                self.answers.append(answer)
                if self.wanted:
                    return
        except Exception as error:  # noqa: BLE001 - whoever takes the answers raises it
            self.error = error


def _emptied(answers: "deque[_Answer]") -> Iterator[_Answer]:
    while answers:
        yield answers.popleft()


def _not_judged(task: _Task, why: str) -> JudgedFile:
    from ringfence.app.judging.worker import could_not_judge

    return could_not_judge(task, why)
