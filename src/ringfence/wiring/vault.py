"""The running user's vault, behind the running user's door."""

import base64
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ringfence.app.vault.adopting import Places
from ringfence.app.vault.keeping import Keeper
from ringfence.core.secrets import Secret
from ringfence.gate.state import make_folder, read_private, write_private
from ringfence.vault.keys import Files, Keys
from ringfence.vault.store import Vault
from ringfence.vault.system_keyring import KeyringRefused, SystemKeyring
from ringfence.wiring.gate import open_door, state_folder

__all__ = ["keeper", "login_places", "vault_in"]

_ENCODED = "go-keyring-base64:"  # as programs in Go write what is longer than one line


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


def login_places(*, tell: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> Places:
    """Where the running user's programs keep their logins. A keyring that does not answer is told, once."""
    silent: list[str] = []

    def keyring(service: str, name: str) -> str | None:
        try:
            told = None if silent else SystemKeyring(service=service, instead="log in again").text(name)
        except KeyringRefused as error:
            silent.append(error.what)
            tell(error.what)
            return None
        if told is None or not told.startswith(_ENCODED):
            return told
        try:
            return base64.b64decode(told.removeprefix(_ENCODED), validate=True).decode()
        except ValueError:
            return None

    return Places(home=Path(environment.get("HOME") or Path.home()), environment=environment, keyring=keyring)
