"""Group commit: whatever waits while one transaction runs goes into the next one together.

Theory. Who appends and finds nobody committing leads: it takes all that waits, commits it and wakes who waits
for it. Who finds somebody committing waits. A leader that is done makes the first one that still waits the
leader. So a single writer commits in its own thread, with no other thread to wake, and sixty-four share a
transaction among them.

    alone        → leads                   nobody commits
    waiting      → done                    a leader took the entry along
    waiting      → leads                   the leader before is done, and this entry is the first
    leads        → done                    its own entry was in the group it committed
"""

import threading
from collections import deque
from collections.abc import Sequence

from ringfence.core.limits import LIMITS
from ringfence.ledger.entry import Commit, Entry, Outcome
from ringfence.ledger.errors import LedgerError, LedgerUnavailable
from ringfence.ledger.ledger import Position

__all__ = ["GroupCommit"]


class GroupCommit:
    """Any number of threads append; `commit` runs in one of them at a time."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._mutex = threading.Lock()
        self._waiting: deque[Entry] = deque()
        self._busy = False

    def append(self, entry: Entry) -> Position:
        """Records one entry.

        Raises:
            LedgerError: it was not recorded.
        """
        position = self.append_at_once(entry)
        return position or _position(self.append_all((entry,)))

    def append_at_once(self, entry: Entry) -> Position | None:
        """Records one entry where nobody commits; None where somebody does.

        Raises:
            LedgerError: it was not recorded.
        """
        with self._mutex:
            if self._busy:
                return None
            self._busy = True  # nobody waits then
        try:
            return _position(self._commit((entry,)))
        finally:
            self._hand_on()

    def append_all(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Records the entries in this order, and says of each what became of it."""
        with self._mutex:
            for entry in entries:
                entry.woken.acquire()
            self._waiting.extend(entries)
            leads = bool(entries) and not self._busy
            if leads:
                self._busy = entries[0].leads = True
        try:
            if leads:
                self._lead()
            for entry in entries:
                while entry.outcome is None:
                    entry.woken.acquire()
                    if entry.outcome is None:
                        self._lead()
        except BaseException:  # the caller was interrupted: nobody may wait for it
            self._leave(entries)
            raise
        return [entry.outcome for entry in entries if entry.outcome is not None]

    def _lead(self) -> None:
        with self._mutex:
            group, events = list[Entry](), 0
            while self._waiting and events < LIMITS.ledger_group:
                group.append(self._waiting.popleft())
                events += len(group[-1].events)
        outcomes: Sequence[Outcome] = ()
        try:
            outcomes = self._commit(group)
        except LedgerError as error:
            outcomes = [error] * len(group)
        finally:
            if len(outcomes) != len(group):  # interrupted
                outcomes = [_interrupted()] * len(group)
            for entry, outcome in zip(group, outcomes, strict=True):
                entry.outcome = outcome
                entry.woken.release()
            self._hand_on()

    def _hand_on(self) -> None:
        with self._mutex:
            if not self._waiting:
                self._busy = False
                return
            first = self._waiting[0]
            first.leads = True
            first.woken.release()

    def _leave(self, entries: Sequence[Entry]) -> None:
        with self._mutex:
            for entry in entries:
                if entry in self._waiting:
                    self._waiting.remove(entry)
            leads = any(entry.leads and entry.outcome is None for entry in entries)
        if leads:
            self._hand_on()


def _position(outcomes: Sequence[Outcome]) -> Position:
    (outcome,) = outcomes
    if isinstance(outcome, LedgerError):
        raise outcome
    return outcome


def _interrupted() -> LedgerUnavailable:
    return LedgerUnavailable(
        "the process was interrupted while it recorded",
        hint="what was not acknowledged may be recorded or not",
    )
