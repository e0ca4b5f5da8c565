"""Several processes look at one tree together: each takes folders from a common heap and brings back more.

For each process a thread of the scan hands out and collects. It waits in system calls only, so that whatever
the scan does meanwhile goes on. Where no process can be started, or one dies, its thread does the looking
itself: slower, and nothing is missed.
"""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from ringfence.endpoint import folders
from ringfence.endpoint.folders import Folder, Part, Rules, receive, send

__all__ = ["Walkers"]

_MOST_PROCESSES = 4  # with more, the one that hands out the folders is the slowest
_FOLDERS_PER_TASK = 64
_PARTS_WAITING = 64  # then the walkers wait for whoever uses what they found
_GOODBYE_S = 1.0
_GONE = (OSError, EOFError, ValueError, TypeError)  # it died, perhaps in the middle of a word


class Walkers:
    """Walkers over the trees below the folders on `heap`. Iterating gives parts until all is looked at.

    `processes` of them, few at most, run beside the scan; 0 for one that runs inside it.
    """

    def __init__(self, heap: list[Folder], rules: Rules, *, processes: int) -> None:
        self._heap = list(heap)
        self._rules = rules
        self._apart = processes > 0
        self._busy = 0
        self._stopped = False
        self._broken = False
        self._parts: deque[Part] = deque()
        self._helpers: list[_Helper] = []
        self._changed = threading.Condition()
        count = max(1, min(processes, _MOST_PROCESSES)) if heap else 0
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def start(self) -> None:
        """Sets them off, and returns at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends them, whatever they are doing."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            for helper in self._helpers:
                helper.kill()
        for thread in self._threads:
            thread.join(_GOODBYE_S)  # what hangs in a dead file system cannot be waited for

    def __iter__(self) -> Iterator[Part]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._parts or self._is_over())
                if self._broken:
                    raise RuntimeError("a walker broke off")
                if not self._parts:
                    return
                part = self._parts.popleft()
                self._changed.notify_all()
            yield part

    def _is_over(self) -> bool:
        return self._stopped or self._broken or not (self._heap or self._busy)

    def _work(self) -> None:
        helper = _Helper(self._rules, apart=self._apart)
        done = False
        try:
            with self._changed:
                self._helpers.append(helper)
            while task := self._take():
                self._give_back(helper.look(task, self._report))
            done = True
        finally:
            helper.end()
            with self._changed:
                self._broken |= not done
                self._changed.notify_all()

    def _take(self) -> list[Folder]:
        """A share of the heap; nothing when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._heap or self._is_over())
            if self._is_over():
                return []
            share = len(self._heap) // (2 * len(self._threads))
            task = self._heap[-max(1, min(_FOLDERS_PER_TASK, share)) :]
            del self._heap[-len(task) :]
            self._busy += 1
            return task

    def _give_back(self, left: list[Folder]) -> None:
        with self._changed:
            self._heap += left
            self._busy -= 1
            self._changed.notify_all()

    def _report(self, part: Part) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._parts) < _PARTS_WAITING or self._stopped)
            self._parts.append(part)
            self._changed.notify_all()


class _Helper:
    """A process that looks at folders, or its stand-in."""

    def __init__(self, rules: Rules, *, apart: bool) -> None:
        self._rules = rules
        self._process = _started(rules) if apart else None

    def look(self, task: list[Folder], report: Callable[[Part], None]) -> list[Folder]:
        """As `folders.look` does."""
        if self._process:
            try:
                return _ask(self._process, task, report)
            except _GONE:
                self.end()
        return folders.look(task, self._rules, report)

    def kill(self) -> None:
        """Ends the process; from any thread."""
        if process := self._process:
            process.kill()

    def end(self) -> None:
        """Ends the process and forgets it; from the thread that uses it."""
        process, self._process = self._process, None
        if process:
            process.kill()
            with process:
                pass


def _started(rules: Rules) -> "subprocess.Popen[bytes] | None":
    program = (sys.executable, "-I", "-S", "-X", f"utf8={sys.flags.utf8_mode}", folders.__file__)
    try:
        process = subprocess.Popen(  # noqa: S603  the interpreter that runs this
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
    except OSError:
        return None
    assert process.stdin
    with suppress(OSError):  # it ended at once: the first question will tell
        send(process.stdin.fileno(), rules)
    return process


def _ask(
    process: "subprocess.Popen[bytes]", task: list[Folder], report: Callable[[Part], None]
) -> list[Folder]:
    assert process.stdin
    assert process.stdout
    send(process.stdin.fileno(), task)
    while True:
        answer: Part | list[Folder] = receive(process.stdout.fileno())
        if isinstance(answer, list):
            return answer
        report(answer)
