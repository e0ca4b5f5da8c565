"""The vault's key: 32 bytes in a file of the state folder or in the system's keyring, or of a passphrase.

Every key has an id, and lies under it, so that a vault that moves from one to another can be opened at every
moment in between.

Sources: RFC 7914 (scrypt), and OWASP's sheet on storing passwords for its cost.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ringfence.core.dataclass import dataclass
from ringfence.core.secrets import Secret
from ringfence.vault.errors import VaultLocked
from ringfence.vault.file_format import SCRYPT_COSTS, KeyPlace, KeyUse
from ringfence.vault.sealing import KEY_BYTES
from ringfence.vault.system_keyring import SystemKeyring

__all__ = ["PASSPHRASE_CHARS", "Files", "Keys"]

PASSPHRASE_CHARS = 12
_KEYRING = SystemKeyring(
    service="ringfence vault", instead="keep the key in a file (ringfence vault key file)"
)
_ID_BYTES = 8
_SALT_BYTES = 32
_BLOCK, _PARALLEL = 8, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """How files that nobody else may read are read (None: there is none), and replaced as a whole."""

    read: Callable[[Path], bytes | None]
    write: Callable[[Path, bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Finds and makes keys. `ask` gives the passphrase; `new` says that it is to be thought up."""

    folder: Path
    files: Files
    randomness: Callable[[int], bytes]
    ask: Callable[[bool], Secret]

    def load(self, use: KeyUse) -> Secret:
        """The key.

        Raises:
            VaultLocked: it is not there.
            StateRefused: others can read its file.
        """
        match use.place:
            case KeyPlace.FILE:
                key = self.files.read(self._file(use))
                if key is None or len(key) != KEY_BYTES:
                    raise VaultLocked(
                        f"the vault's key is not in {self._file(use).name}",
                        hint="put a copy of that file back; nothing else opens the vault",
                    )
                return Secret(key)
            case KeyPlace.KEYRING:
                return self._from_keyring(use)
            case KeyPlace.PASSPHRASE:
                return _stretched(self.ask(False), use)

    def make(self, place: KeyPlace) -> tuple[KeyUse, Secret]:
        """A new key, kept where it is to be.

        Raises:
            VaultLocked: it cannot be kept there, or the passphrase is too short.
        """
        id_, key = self.randomness(_ID_BYTES).hex(), Secret(self.randomness(KEY_BYTES))
        match place:
            case KeyPlace.FILE:
                use = KeyUse(place=place, id=id_)
                self.files.write(self._file(use), key.reveal())
            case KeyPlace.KEYRING:
                use = KeyUse(place=place, id=id_)
                _KEYRING.put(self._name(use), key.reveal())
            case KeyPlace.PASSPHRASE:
                salt = self.randomness(_SALT_BYTES)
                use = KeyUse(place=place, id=id_, salt=salt, cost=SCRYPT_COSTS.start)
                passphrase = self.ask(True)
                if len(passphrase.reveal().decode("utf-8", "replace")) < PASSPHRASE_CHARS:
                    raise VaultLocked(
                        f"the passphrase has fewer than {PASSPHRASE_CHARS} characters",
                        hint="several words that do not belong together are easy to keep in mind",
                    )
                key = _stretched(passphrase, use)
        return use, key

    def drop(self, use: KeyUse) -> None:
        """Forgets a key that opens nothing any more."""
        match use.place:
            case KeyPlace.FILE:
                self._file(use).unlink(missing_ok=True)
            case KeyPlace.KEYRING:
                _KEYRING.remove(self._name(use))
            case KeyPlace.PASSPHRASE:
                pass

    def _from_keyring(self, use: KeyUse) -> Secret:
        key = _KEYRING.get(self._name(use), KEY_BYTES)
        if key is None:
            raise VaultLocked(
                "the system's keyring no longer has the vault's key",
                hint=f"put its entry `{_KEYRING.service}` back; nothing else opens the vault",
            )
        return Secret(key)

    def _file(self, use: KeyUse) -> Path:
        return self.folder / f"vault-{use.id}.key"

    def _name(self, use: KeyUse) -> str:
        return f"{self.folder} {use.id}"


def _stretched(passphrase: Secret, use: KeyUse) -> Secret:
    try:
        text = unicodedata.normalize("NFC", passphrase.reveal().decode())
    except UnicodeDecodeError:
        raise VaultLocked(
            "the passphrase is not UTF-8", hint="type it in a terminal that uses UTF-8"
        ) from None
    made = Scrypt(salt=use.salt, length=KEY_BYTES, n=1 << use.cost, r=_BLOCK, p=_PARALLEL)
    return Secret(made.derive(text.encode()))
