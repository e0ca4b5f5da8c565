"""Doors that tests go through: the real gate, with a policy of the test's own, in a folder of its own.

They are closed when the test is over, or its module where a fixture of the module made them.
"""

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ringfence.core.action_types import Durability
from ringfence.gate.door import Asker, Door
from ringfence.gate.finding import Places
from ringfence.gate.policies import Policies
from ringfence.gate.refused import Refused
from ringfence.gate.seals import open_seals
from ringfence.gate.state import make_folder
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.open import open_ledger

STREAM = "endpoint"
_MADE: list[Door] = []


def now() -> datetime:
    return datetime.now(UTC)


def places(folder: Path) -> Places:
    """A machine whose system's policy, user's policy and working tree lie in `folder`."""
    return Places(
        system=folder / "system.yaml",
        user=folder / "user.yaml",
        folder=folder / "tree",
        owners=frozenset({0, os.geteuid()}),
        user_id=os.geteuid(),
    )


def door_in(
    folder: Path,
    policy: str | None = None,
    *,
    asker: str = "ann",
    clock: Callable[[], datetime] = now,
    ledger: Ledger | None = None,
    told: list[Refused] | None = None,
) -> Door:
    """A door whose state, ledger and policies lie in `folder`; `policy` is the system's, if any."""
    made = _door(folder, policy, asker=asker, clock=clock, ledger=ledger, told=told)
    _MADE.append(made)
    return made


@contextlib.contextmanager
def doors_closed() -> Iterator[None]:
    """Closes the doors that are made within."""
    before = len(_MADE)
    yield
    while len(_MADE) > before:
        door = _MADE.pop()
        door.ledger.close()
        door.seals.close()


def _door(
    folder: Path,
    policy: str | None,
    *,
    asker: str,
    clock: Callable[[], datetime],
    ledger: Ledger | None,
    told: list[Refused] | None,
) -> Door:
    state = make_folder(folder / "state")
    if policy is not None:
        (folder / "system.yaml").write_text(policy)
        (folder / "system.yaml").chmod(0o644)
    where = os.environ.get("RINGFENCE_LEDGER") or folder / "state" / "ledger.sqlite"
    kept = ledger or open_ledger(where, clock=clock)
    return Door(
        policies=Policies(
            places(folder),
            state=state,
            record=lambda event: kept.append(event, stream=STREAM, durability=Durability.FSYNC),
        ),
        ledger=kept,
        seals=open_seals(state, now=clock, randomness=os.urandom),
        asker=Asker(name=asker, pseudonym=f"subject-{asker}"),
        stream=STREAM,
        now=clock,
        randomness=os.urandom,
        tell=(told if told is not None else []).append,
    )


@functools.cache
def free_door() -> Door:
    """One that lets everything through and records it, for tests of what comes behind it."""
    folder = tempfile.mkdtemp(prefix="ringfence-door-")
    door = _door(Path(folder), None, asker="ann", clock=now, ledger=None, told=None)
    atexit.register(lambda: (door.ledger.close(), shutil.rmtree(folder, ignore_errors=True)))
    return door
