"""The running user's vault, behind the running user's door."""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ringfence.app.vault.keeping import Keeper
from ringfence.core.secrets import Secret
from ringfence.gate.state import make_folder, read_private, write_private
from ringfence.vault.keys import Files, Keys
from ringfence.vault.store import Vault
from ringfence.wiring.gate import open_door, state_folder

__all__ = ["keeper", "vault_in"]


def keeper(
    *, ask: Callable[[bool], Secret], tell: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> Keeper:
    """The vault and its door. From here on nobody reads this process's memory.

    `ask` gives the passphrase, True: a new one.

    Raises:
        StateRefused: the state folder is not as it must be.
    """
    if sys.platform == "linux":
        from ringfence.vault.linux.memory import hide_memory

        if not hide_memory():
            tell("other programs of yours may read this one's memory")
    door = open_door(environment, tell=tell)
    return Keeper(door=door, vault=vault_in(make_folder(state_folder(environment)), ask=ask))


def vault_in(folder: Path, *, ask: Callable[[bool], Secret]) -> Vault:
    """The vault of this state folder."""
    files = Files(read=read_private, write=lambda path, data: write_private(path, data, replace=True))
    keys = Keys(folder=folder, files=files, randomness=secrets.token_bytes, ask=ask)
    return Vault(folder=folder, files=files, keys=keys, randomness=secrets.token_bytes)
