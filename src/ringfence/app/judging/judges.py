"""Processes judge files side by side. One that dies or does not end costs the file it was at, and no more."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from ringfence.app.judging.allowed import Allowed
from ringfence.app.judging.below import FileToJudge, FolderToJudge
from ringfence.app.judging.wire import answer_from, task_line
from ringfence.core.inventory import Skipped
from ringfence.core.judged import JudgedFile, JudgedFolder

__all__ = ["Judges"]

_MOST_PROCESSES = 16
_GRACE_S = 15.0  # a process may take that much longer than the file's budget, and starts in that time too
_ANSWER_BYTES = 64 << 20
_PROGRAM = """
import json, sys
path, allowed = map(json.loads, sys.argv[1:])
sys.path[:] = path
from ringfence.app.judging.allowed import Allowed
from ringfence.app.judging.worker import serve
serve(Allowed(**allowed))
"""


class Judges:
    """Processes that judge files, at most one for each core. They start at once, to be ready when asked."""

    def __init__(self, allowed: Allowed, *, processes: int) -> None:
        count = max(1, min(processes, _MOST_PROCESSES))
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        self._all = [_Process(allowed) for _ in range(count)]
        for each in self._all:
            self._idle.put(each)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="judge")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._all:
            each.end()
        self._threads.shutdown(cancel_futures=True)
        for each in self._all:
            each.end()  # one that a thread started meanwhile

    def judge(self, files: Iterable[FileToJudge]) -> Iterator[JudgedFile | Skipped]:
        """Each file's verdict, in the order of `files`."""
        for answer in self._threads.map(self._ask, files):
            assert not isinstance(answer, JudgedFolder)
            yield answer

    def judge_folder(self, folder: FolderToJudge) -> JudgedFolder:
        """What is said of the folder as a whole; that nothing could be said is a finding too."""
        answer = self._ask(folder)
        if isinstance(answer, JudgedFolder):
            return answer
        if isinstance(answer, Skipped):
            from ringfence.app.judging.worker import could_not_judge

            answer = could_not_judge(folder, answer.reason)
        return JudgedFolder(findings=answer.findings, raw_weights=())

    def _ask(self, file: FileToJudge | FolderToJudge) -> JudgedFile | JudgedFolder | Skipped:
        process = self._idle.get()
        try:
            return process.ask(file)
        finally:
            self._idle.put(process)


class _Process:
    """One process, started anew after it was lost."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._process: subprocess.Popen[bytes] | None = self._started()

    def ask(self, file: FileToJudge | FolderToJudge) -> JudgedFile | JudgedFolder | Skipped:
        """What it says about the file; that it could not say anything, when it dies or does not end."""
        from ringfence.app.judging.worker import could_not_judge

        if self._process is None:
            self._process = self._started()
        process = self._process
        assert process.stdin
        try:
            process.stdin.write(task_line(file))
            line = self._line(process)
            if not line.endswith(b"\n"):
                why = "the process that judged it broke off"
            else:
                return answer_from(line, file)
        except TimeoutError:
            why = f"takes longer than {self._allowed.seconds:g} s"
        except (OSError, ValueError, KeyError, TypeError):
            why = "the process that judged it broke off"
        self.end()
        return could_not_judge(file, why)

    def end(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process:
            process.kill()
            with suppress(OSError), process:
                pass

    def _line(self, process: "subprocess.Popen[bytes]") -> bytes:
        assert process.stdout
        ends_at = time.monotonic() + self._allowed.seconds + _GRACE_S
        fd = process.stdout.fileno()
        parts: list[bytes] = []
        size = 0
        while not (parts and parts[-1].endswith(b"\n")):
            ready, _, _ = select.select([fd], [], [], max(0.0, ends_at - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(fd, 1 << 16)
            size += len(part)
            if not part or size > _ANSWER_BYTES:
                return b""
            parts.append(part)
        return b"".join(parts)

    def _started(self) -> "subprocess.Popen[bytes]":
        program = (sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM)
        return subprocess.Popen(  # noqa: S603  the interpreter that runs this
            (*program, json.dumps(sys.path), json.dumps(asdict(self._allowed))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
