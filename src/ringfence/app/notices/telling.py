"""Tells operators, as long as the daemon lives: reads the ledger on, and hands each receiver its notices.

It decides nothing, records nothing and holds nothing up: what asks and what answers never waits for it, and
without it every question waits for its answer all the same.
"""

import select
import socket
from collections.abc import Callable, Hashable, Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path

from ringfence.app.notices.noticing import Noticing
from ringfence.app.notices.outbox import Outbox, Receiver
from ringfence.app.notices.standing import Board, How, Standing
from ringfence.app.watching.asking import Queue
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.gate.approvals import Approvals
from ringfence.ledger.errors import LedgerError

__all__ = ["Teller", "Wanted"]


Wanted = Mapping[Hashable, "Callable[[], Receiver] | Standing"]
"""Who is to be told, each by what the policy says of it; a standing is one that is not told, and why."""


_OTHER = Standing(who="notices", how=How.OFF, why="another daemon of yours tells")


@dataclass(slots=True, kw_only=True)
class Teller:
    """One process's. `wanted` reads the policy as it is now, `clock` gives seconds."""

    approvals: Approvals
    noticing: Noticing
    wanted: Callable[[], Wanted]
    board: Path  # for `ringfence daemon status`
    lock: Path  # of several daemons over one ledger one tells
    tell: Callable[[str], None]
    now: Callable[[], datetime]
    clock: Callable[[], float]
    _outboxes: dict[Hashable, Outbox] = field(default_factory=dict)
    _trouble: str | None = None

    def run(self, daemon: socket.socket) -> None:
        """Until the daemon is gone.

        Raises:
            OSError: the folder of its state cannot be written.
        """
        board = lock = None
        queue = Queue(self.approvals)
        try:
            while not _is_gone(daemon, LIMITS.notice_every_s):
                lock, board = lock or Board.at(self.lock), board or Board.at(self.board)
                standings = self._look(queue) if lock else (_OTHER,)
                if board is not None:  # who reads it has it for a moment
                    board.show(standings)
        finally:
            self._keep({})
            for each in filter(None, (board, lock)):
                each.close()

    def _look(self, queue: Queue) -> tuple[Standing, ...]:
        """One look: whatever is new is handed on; how it goes."""
        try:
            wanted = self.wanted()
            self._keep(wanted)
            if self._outboxes:
                now = self.now()
                for notice in self.noticing.look(queue.look(now), self.approvals, now):
                    for each in self._outboxes.values():
                        each.put(notice)
            self._trouble = None
        except (RingfenceError, LedgerError) as error:
            if self._trouble is None:
                self.tell(f"operators are not told of questions: {error.what}")
            self._trouble = error.what
            return (Standing(who="notices", how=How.FAILED, why=self._trouble),)
        off = (each for each in wanted.values() if isinstance(each, Standing))
        return (*(each.standing() for each in self._outboxes.values()), *off)

    def _keep(self, wanted: Wanted) -> None:
        """Has an outbox for each that is to be told, and none for others."""
        makers = {key: make for key, make in wanted.items() if not isinstance(make, Standing)}
        for gone in self._outboxes.keys() - makers.keys():
            self._outboxes.pop(gone).close()
        for key, make in makers.items():
            if key not in self._outboxes:
                self._outboxes[key] = Outbox(make(), tell=self.tell, clock=self.clock)


def _is_gone(daemon: socket.socket, within_s: float) -> bool:
    """Whether the daemon is gone, or goes within that time; it never says anything."""
    heard = select.poll()
    heard.register(daemon, select.POLLIN)
    return bool(heard.poll(within_s * 1_000))
