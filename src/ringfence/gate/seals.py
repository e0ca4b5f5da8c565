"""Receipts that nobody else can make: an HMAC over the action, the place of its decision, expiry and uses.

The key is the user's own (`state`), so that a receipt holds in every process of that user that can reach the
state folder, and in none within a sandbox, which cannot. How often a receipt was redeemed is counted in a
file for actions whose record is on the disk before the effect; for all others in this process.
"""

import hmac
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from ringfence.core.action_types import Durability, durability_of
from ringfence.core.actions import Action
from ringfence.core.errors import RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.gate.digests import action_digest, digest_of
from ringfence.gate.state import load_key
from ringfence.gate.uses import Uses

__all__ = ["LONGEST", "ReceiptRefused", "Seals", "open_seals"]

LONGEST = timedelta(hours=1)  # no receipt holds longer, whatever the clock does meanwhile
_UNRECORDED = 100_000  # receipts counted in this process; expired ones go first

ActionT = TypeVar("ActionT", bound=Action)


class ReceiptRefused(RingfenceError):
    """A receipt that proves nothing: forged, for another action, expired, or used up."""


class Seals:
    """Makes receipts and takes them back. Threads may share it."""

    def __init__(self, *, key: bytes, uses: Uses, now: Callable[[], datetime]) -> None:
        self._key = key
        self._uses = uses
        self._now = now
        self._counted: dict[tuple[str, int], tuple[int, datetime]] = {}
        self._lock = threading.Lock()

    def seal(
        self, action: ActionT, *, stream: str, seq: int, lasts: timedelta, uses: int = 1
    ) -> Receipt[ActionT]:
        """The receipt for an action whose decision the ledger has at (`stream`, `seq`)."""
        if not (timedelta(0) < lasts <= LONGEST and uses > 0):
            raise ValueError("a receipt holds for a while, and for some uses")
        expires_at = self._now().astimezone(UTC) + lasts
        return Receipt(
            action=action,
            stream=stream,
            seq=seq,
            expires_at=expires_at,
            uses=uses,
            seal=self._mac(action, stream, seq, expires_at, uses),
        )

    def redeem(self, receipt: Receipt[ActionT], made: type[ActionT]) -> ActionT:
        """The action to carry out now, once. Whoever has the effect reads everything from it.

        Raises:
            ReceiptRefused: nothing proves that this action was decided and recorded, or not any more.
        """
        if type(receipt) is not Receipt or type(receipt.action) is not made:
            raise _refused("it is for another kind of action")
        if not self.is_true(receipt):
            raise _refused("it was not made by the gate")
        now = self._now()
        if not now < receipt.expires_at <= now + LONGEST:
            raise _refused("its time is over")
        if durability_of(receipt.action) is Durability.FSYNC:
            used = self._uses.use(receipt.stream, receipt.seq, expires_at=receipt.expires_at, now=now)
        else:
            used = self._count(receipt, now)
        if used is None or used > receipt.uses:
            raise _refused("it was used before")
        return receipt.action

    def is_true(self, receipt: Receipt[Action]) -> bool:
        """Whether the gate made it, be it used up or over by now."""
        try:
            mac = self._mac(receipt.action, receipt.stream, receipt.seq, receipt.expires_at, receipt.uses)
        except (AttributeError, TypeError, ValueError):  # made by hand, of anything
            return False
        return type(receipt.seal) is bytes and hmac.compare_digest(mac, receipt.seal)

    def fingerprint(self, value: object) -> str:
        """The same for the same value, hexadecimal; without the user's key nobody can tell for which."""
        over = f"ringfence hidden value 1 {digest_of(value)}"
        return hmac.digest(self._key, over.encode("ascii"), "sha256").hex()

    def close(self) -> None:
        """Gives back the file where uses are counted; the next use opens it again."""
        self._uses.close()

    def _count(self, receipt: Receipt[Action], now: datetime) -> int:
        decided = (receipt.stream, receipt.seq)
        with self._lock:
            if len(self._counted) >= _UNRECORDED:
                self._counted = {key: each for key, each in self._counted.items() if each[1] > now}
            used = self._counted.get(decided, (0, now))[0] + 1
            self._counted[decided] = (used, receipt.expires_at)
            return used

    def _mac(self, action: Action, stream: str, seq: int, expires_at: datetime, uses: int) -> bytes:
        over = ["ringfence receipt 1", action_digest(action), stream, seq, expires_at.isoformat(), uses]
        return hmac.digest(self._key, json.dumps(over).encode("ascii"), "sha256")


def open_seals(folder: Path, *, now: Callable[[], datetime], randomness: Callable[[int], bytes]) -> Seals:
    """The seals of the user whose state folder this is.

    Raises:
        StateRefused: the key or the count of uses cannot be kept there as it must be.
    """
    key = load_key(folder / "receipts.key", randomness=randomness)
    return Seals(key=key, uses=Uses(folder / "receipts.sqlite"), now=now)


def _refused(why: str) -> ReceiptRefused:
    return ReceiptRefused(f"the receipt does not hold: {why}", hint="ask the gate again, then act at once")
