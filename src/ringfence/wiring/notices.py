"""Who tells the running user's operators of questions: with this machine's policy, ledger, desktop and names.

It reads what the system's and the user's documents say, and no working tree's. It has no vault, and records
nothing.
"""

import hashlib
import os
import socket
import time
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ringfence.app.notices.desktop import Desktop, session_bus
from ringfence.app.notices.noticing import Noticing
from ringfence.app.notices.outbox import Receiver
from ringfence.app.notices.posting import Poster, resolved
from ringfence.app.notices.standing import BOARD, How, Standing
from ringfence.app.notices.telling import Teller, Wanted
from ringfence.app.notices.webhook import WebhookReceiver
from ringfence.core.errors import RingfenceError
from ringfence.core.text import printable
from ringfence.endpoint.homes import own_home
from ringfence.gate.approvals import Approvals
from ringfence.gate.finding import Stamp, candidates, read, stamp
from ringfence.gate.state import make_folder
from ringfence.ledger.open import open_ledger
from ringfence.policy.load import load
from ringfence.policy.values import Operators, Webhook
from ringfence.wiring.gate import ledger_at, operator, places, state_folder

__all__ = ["tell_operators"]


def tell_operators(
    daemon: socket.socket,
    *,
    folder: Path,
    since: datetime,
    environment: Mapping[str, str] = os.environ,
    tell: Callable[[str], None],
) -> None:
    """Tells them until the daemon is gone. `folder` is the daemon's; what was asked before `since` is known.

    Raises:
        StateRefused: the state folder is not as it must be.
        OSError: it cannot be written.
    """
    state = make_folder(state_folder(environment))
    where = ledger_at(environment)
    ledger = open_ledger(where, clock=_now)
    name = hashlib.sha256(os.fsencode(where)).hexdigest()[:16]
    Teller(
        approvals=Approvals(ledger),
        noticing=Noticing(since=since, asked_by=operator().name),
        wanted=_Wanting(environment, tell).look,
        board=folder / BOARD,
        lock=state / f"notices-{name}.lock",
        tell=tell,
        now=_now,
        clock=time.monotonic,
    ).run(daemon)


class _Wanting:
    """Who is to be told, by the documents as they are; while they are wrong, by those that were good last."""

    def __init__(self, environment: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._environment, self._tell = environment, tell
        self._places = places(environment, folder=None)
        self._candidates = candidates(self._places)
        self._stamps: tuple[Stamp, ...] | None = None
        self._operators = Operators()

    def look(self) -> Wanted:
        """Each that is to be told, and the desktop where it is not, with the reason."""
        stamps = tuple(stamp(each.path) for each in self._candidates)
        if stamps != self._stamps:
            self._stamps = stamps
            self._read()
        found: dict[Hashable, Callable[[], Receiver] | Standing] = {"desktop": self._desktop()}
        for each in self._operators.webhooks:
            found[each] = partial(self._webhook, each)
        return found

    def _webhook(self, webhook: Webhook) -> Receiver:
        return WebhookReceiver(
            webhook=webhook,
            key_at=own_home(self._environment).place(webhook.secret) if webhook.secret else None,
            poster=Poster(clock=time.monotonic, resolve=resolved),
            pause=time.sleep,
            now=_now,
        )

    def _read(self) -> None:
        try:
            files = [found for each in self._candidates if (found := read(each, self._places)) is not None]
            self._operators = load(files).operators if files else Operators()
        except RingfenceError as error:
            self._tell(f"who is told of questions stays as it was: {printable(error.what)}")

    def _desktop(self) -> Callable[[], Receiver] | Standing:
        switch = self._operators.desktop
        if switch is not None and not switch.is_on:
            return Standing(who="desktop", how=How.OFF, why=f"by {switch.at}")
        address = session_bus(self._environment, user_id=os.geteuid())
        if address is None:
            return Standing(who="desktop", how=How.OFF, why="there is no session bus")
        return lambda: Desktop(address=address)


def _now() -> datetime:
    return datetime.now(UTC)
