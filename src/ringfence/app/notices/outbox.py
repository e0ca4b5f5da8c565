"""What one receiver is told, by a thread of its own: a receiver that hangs or fails holds up nobody else.

Of more than it takes the oldest notices go, and the next one says how many. One that cannot be told is told
nothing of that notice again; that it fails, and that it works again, is said once each.
"""

import dataclasses
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from ringfence.app.notices.noticing import Notice
from ringfence.app.notices.standing import How, Standing
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS

__all__ = ["NotTold", "Outbox", "Receiver"]

_HANGS_S = 90.0  # longer than all tries together


class NotTold(RingfenceError):
    """A receiver did not take a notice."""


class Receiver(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """As `Standing.who`."""

    def send(self, notice: Notice) -> None:
        """Tells it.

        Raises:
            NotTold
        """


class Outbox:
    """One receiver's. `tell` hears what the daemon's log should say; `clock` gives seconds."""

    def __init__(
        self, receiver: Receiver, *, tell: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._receiver, self._tell, self._clock = receiver, tell, clock
        self._changed = threading.Condition()
        self._notices: deque[Notice] = deque()
        self._left_out = 0
        self._busy_since: float | None = None
        self._why: str | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=receiver.name, daemon=True)
        self._thread.start()

    def put(self, notice: Notice) -> None:
        """Takes one more; never waits for the receiver."""
        with self._changed:
            self._notices.append(notice)
            if len(self._notices) > LIMITS.notices_kept:
                self._notices.popleft()
                self._left_out += 1
            self._changed.notify()

    def standing(self) -> Standing:
        """How it goes."""
        with self._changed:
            since, why = self._busy_since, self._why
        if since is not None and self._clock() - since > _HANGS_S:
            why = "it does not answer"
        if not self._thread.is_alive():
            why = "what tells it has ended; see the daemon's log"
        return Standing(who=self._receiver.name, how=How.FAILED if why else How.ON, why=why)

    def close(self) -> None:
        """Tells it no more; what is under way is not waited for."""
        with self._changed:
            self._is_closed = True
            self._notices.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (notice := self._take()) is not None:
            try:
                self._receiver.send(notice)
                self._done(None, 0)
            except NotTold as error:
                self._done(f"{error.what}; {error.hint}", notice.left_out + 1)

    def _take(self) -> Notice | None:
        with self._changed:
            self._changed.wait_for(lambda: self._notices or self._is_closed)
            if self._is_closed:
                return None
            self._busy_since = self._clock()
            left_out, self._left_out = self._left_out, 0
            return dataclasses.replace(self._notices.popleft(), left_out=left_out)

    def _done(self, why: str | None, left_out: int) -> None:
        with self._changed:
            before, self._why = self._why, why
            self._busy_since = None
            self._left_out += left_out
        if why and not before:
            self._tell(f"{self._receiver.name} is not told of questions: {why}")
        elif before and not why:
            self._tell(f"{self._receiver.name} is told of questions again")
