"""The running user's ledger, and the key that its checkpoints are signed with."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ringfence.app.ledger.keys import KEY_FILE, move_to_keyring, signing_key
from ringfence.core.errors import UnreadableScope
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.gate.confined import may_append
from ringfence.gate.state import make_folder
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.notes import SigningKey
from ringfence.ledger.open import open_ledger
from ringfence.wiring.gate import ledger_at, state_folder

__all__ = ["has_own_key", "named_ledger", "now", "open_own_ledger", "own_key"]


def open_own_ledger(environment: Mapping[str, str] = os.environ) -> Ledger:
    """The ledger that this user writes, opened when something is read or recorded."""
    return open_ledger(ledger_at(environment), clock=now, may_append=may_append)


def named_ledger(environment: Mapping[str, str] = os.environ, *, may_come: bool = False) -> Ledger:
    """The ledger, for reading. A file that was named and is not there is a mistake; the default one is not.

    Raises:
        UnreadableScope: RINGFENCE_LEDGER names no file, and it is not that it `may_come`.
    """
    where = ledger_at(environment)
    named = environment.get("RINGFENCE_LEDGER")
    is_file = isinstance(where, Path) or not where.startswith(("postgresql://", "postgres://"))
    if named and is_file and not may_come and not os.path.lexists(where):
        raise UnreadableScope(
            f"{clip(printable(named), chars=LIMITS.name_chars)}: there is no ledger",
            hint="see RINGFENCE_LEDGER: a file, or postgresql://…",
        )
    return open_ledger(where, clock=now, may_append=may_append)


def has_own_key(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a key already; asking for it makes one."""
    return os.path.lexists(state_folder(environment) / KEY_FILE)


def own_key(environment: Mapping[str, str] = os.environ, *, into_keyring: bool = False) -> SigningKey:
    """The key of the running user; made where there is none. `into_keyring` moves it there first.

    Raises:
        StateRefused: others can read it, or it is no key.
        KeyringRefused: it is in the keyring, or is to be, and the keyring does not do it.
    """
    folder = make_folder(state_folder(environment))
    load = move_to_keyring if into_keyring else signing_key
    return load(folder, randomness=secrets.token_bytes)


def now() -> datetime:
    """By this machine's clock, in UTC."""
    return datetime.now(UTC)
