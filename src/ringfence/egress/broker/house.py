"""What the broker is given: doors, the vault behind receipts, clocks, the way to names."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import field
from datetime import datetime
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.secrets import Secret
from ringfence.egress.broker.dialing import Dialer, Redeems
from ringfence.egress.broker.releasing import Releasing
from ringfence.egress.messages import OpenSession
from ringfence.gate.door import Door
from ringfence.protocols.pac import PacQuestion
from ringfence.vault.credential import Credential

__all__ = ["House"]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Threads may share it; `blocking` is where everything runs that waits for a disk."""

    door: Callable[[OpenSession], Door]  # of a session that begins: it enforces
    releasing: Releasing = field(repr=False)
    seals: Redeems
    dialer: Dialer
    rotated: Callable[[Credential, Secret], None]  # a token server gave another refresh token: keeps it
    read_ca: Callable[[Path], str]  # authorities that a policy names; raises OSError, ValueError
    read_pac: Callable[[Path], str]  # a file of automatic proxy configuration; raises OSError, ValueError
    ask_pac: Callable[[PacQuestion], str]  # what it answers; raises RingfenceError
    scripts: Path  # the folder where those are kept that were fetched: the user's alone
    blocking: Executor
    now: Callable[[], datetime]  # UTC
    clock: Callable[[], float]  # seconds that only grow
    randomness: Callable[[int], bytes]
    asked_s: float = 0.0  # that a request waits for an operator
