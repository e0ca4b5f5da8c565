"""The ledger on this machine: one file, whoever writes it."""

import functools
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.ledger.calling import Caller
from ringfence.ledger.chain import Row
from ringfence.ledger.codec import microseconds
from ringfence.ledger.entry import Entry
from ringfence.ledger.errors import LedgerUnavailable, WriterGone
from ringfence.ledger.ledger import Position, Recorded
from ringfence.ledger.places import socket_path
from ringfence.ledger.recorded import entries_of, entry_of, recorded_of
from ringfence.ledger.sqlite import read_heads, read_rows
from ringfence.ledger.writing import MayAppend, Writer, anybody

if TYPE_CHECKING:  # all types of events, of which a writer needs few
    from ringfence.ledger.event_types import Event

__all__ = ["FileLedger"]

_LOOK_AGAIN_S = 0.005  # while another process takes over or ends


class FileLedger:
    """Appends through the process that writes, or becomes it. Reading asks nobody."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        may_append: MayAppend = anybody,
    ) -> None:
        self._path, self._clock, self._random = path, clock, random
        self._may_append = may_append
        self._mutex = threading.Lock()
        self._role: Writer | Caller | None = None
        _LEDGERS.add(self)
        _watch_forks()

    def append(
        self, event: "Event", *, stream: str, durability: Durability, expect_seq: int | None = None
    ) -> Position:
        """See `Ledger.append`."""
        return self._append(entry_of(event, stream=stream, durability=durability, expect_seq=expect_seq))

    def append_at_once(self, event: "Event", *, stream: str) -> Position | None:
        """See `Ledger.append_at_once`: for the process that writes, while it writes nothing else."""
        role = self._role
        if not isinstance(role, Writer):
            return None
        written = Durability.WRITTEN
        try:
            return role.append_at_once(entry_of(event, stream=stream, durability=written, expect_seq=None))
        except WriterGone:
            return None

    def append_all(
        self, events: "Sequence[Event]", *, stream: str, durability: Durability
    ) -> Position | None:
        """See `Ledger.append_all`."""
        last = None
        for entry in entries_of(events, stream=stream, durability=durability):
            last = self._append(entry)
        return last

    def read(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Recorded]:
        """See `Ledger.read`."""
        return map(recorded_of, self.rows(stream=stream, types=types, since=since, after=after))

    def rows(
        self,
        *,
        stream: str | None = None,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        after: int | None = None,
    ) -> Iterator[Row]:
        """See `Ledger.rows`."""
        at = None if since is None else microseconds(since)
        return read_rows(self._path, stream=stream, types=types, since=at, after=after)

    def event(self, stream: str, seq: int) -> Recorded | None:
        """See `Ledger.event`."""
        return next(map(recorded_of, read_rows(self._path, stream=stream, seq=seq)), None)

    def last(self, stream: str) -> Recorded | None:
        """See `Ledger.last`."""
        return next(map(recorded_of, read_rows(self._path, stream=stream, newest=True)), None)

    def forget(self, ordinals: Collection[int]) -> None:
        """See `Ledger.forget`."""
        from ringfence.ledger.forgetting import forget

        forget(self._path, ordinals)

    def heads(self) -> tuple[Position, ...]:
        """See `Ledger.heads`."""
        return read_heads(self._path)

    def close(self) -> None:
        """See `Ledger.close`."""
        with self._mutex:
            if self._role is not None:
                self._role.close()
            self._role = None

    def forget_after_fork(self) -> None:
        """In a child: what its parent writes with is the parent's."""
        self._mutex = threading.Lock()
        if isinstance(self._role, Writer):
            _INHERITED.append(self._role.forget_after_fork())
        elif self._role is not None:
            self._role.forget_after_fork()
        self._role = None

    def _append(self, entry: Entry) -> Position:
        until = time.monotonic() + LIMITS.ledger_wait_s
        while time.monotonic() < until:
            role = self._taken_role()
            if role is not None:
                try:
                    return role.append(entry)
                except WriterGone:
                    self._give_up(role)
            time.sleep(_LOOK_AGAIN_S)
        raise LedgerUnavailable(
            "another process holds the ledger and does not answer",
            hint=f"end the one that holds the lock of {printable(self._path.name)}.lock, or wait for it; "
            "what it had begun may be recorded",
        )

    def _taken_role(self) -> Writer | Caller | None:
        """As what this process appends now; None while another one takes over."""
        with self._mutex:
            if isinstance(self._role, Writer) and self._role.is_gone:
                self._role.close()
                self._role = None
            if self._role is None:
                self._role = self._called() or Writer.claimed(
                    self._path, clock=self._clock, random=self._random, may_append=self._may_append
                )
            return self._role

    def _called(self) -> Caller | None:
        try:
            return Caller(socket_path(self._path), random=self._random)
        except WriterGone:
            return None

    def _give_up(self, role: Writer | Caller) -> None:
        with self._mutex:
            if self._role is role:
                role.close()
                self._role = None


_LEDGERS: "weakref.WeakSet[FileLedger]" = weakref.WeakSet()
_INHERITED: list[object] = []  # closing a parent's database in a child could take its log away


@functools.cache
def _watch_forks() -> None:
    def forget() -> None:
        for ledger in tuple(_LEDGERS):
            ledger.forget_after_fork()

    os.register_at_fork(after_in_child=forget)
