"""The key that checkpoints are signed with: a file of the state folder, or an entry of the system's keyring.

The file `ledger.key` holds the 32 bytes of an Ed25519 key, or one word that says that the keyring has them.
"""

from collections.abc import Callable
from pathlib import Path

from ringfence.core.text import printable
from ringfence.gate.state import KEY_BYTES, StateRefused, load_key, read_private, write_private
from ringfence.ledger.notes import SigningKey
from ringfence.vault.system_keyring import KeyringRefused, SystemKeyring

__all__ = ["KEY_FILE", "KeyringRefused", "move_to_keyring", "signing_key"]

KEY_FILE = "ledger.key"
_IN_KEYRING = b"keyring\n"
_KEYRING = SystemKeyring(service="ringfence ledger", instead="leave the key in its file (without --keyring)")


def signing_key(folder: Path, *, randomness: Callable[[int], bytes]) -> SigningKey:
    """The key of this state folder; made where there is none yet.

    Raises:
        StateRefused: others can read it, or it is no key.
        KeyringRefused: the keyring has it and does not give it.
    """
    return SigningKey(_seed(folder, randomness))


def move_to_keyring(folder: Path, *, randomness: Callable[[int], bytes]) -> SigningKey:
    """The same key, which the keyring keeps from now on; the file keeps no copy.

    Raises:
        StateRefused: others can read the file, or it is no key.
        KeyringRefused: there is no keyring, or it is closed.
    """
    seed = _seed(folder, randomness)
    if read_private(folder / KEY_FILE) != _IN_KEYRING:
        _KEYRING.put(str(folder), seed)
        write_private(folder / KEY_FILE, _IN_KEYRING, replace=True)
    return SigningKey(seed)


def _seed(folder: Path, randomness: Callable[[int], bytes]) -> bytes:
    path = folder / KEY_FILE
    kept = read_private(path)
    if kept == _IN_KEYRING:
        return _kept(folder)
    if kept is not None and len(kept) != KEY_BYTES:
        raise StateRefused(
            f"{printable(str(path))}: this is no key of ringfence's",
            hint="put a copy of it back; without it a new one is made, which your anchors do not know",
        )
    return load_key(path, randomness=randomness)


def _kept(folder: Path) -> bytes:
    seed = _KEYRING.get(str(folder), KEY_BYTES)
    if seed is None:
        raise KeyringRefused(
            "the keyring no longer has the ledger's key",
            hint=f"put it back, or remove {KEY_FILE} for a new one, which your anchors do not know",
        )
    return seed
