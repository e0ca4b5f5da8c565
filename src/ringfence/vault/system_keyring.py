"""Keys of ringfence's own in the system's keyring, as hexadecimal."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ringfence.core.dataclass import dataclass
from ringfence.core.text import clip, printable
from ringfence.vault.errors import VaultLocked

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["KeyringRefused", "SystemKeyring"]

_TOLD_CHARS = 200


class KeyringRefused(VaultLocked):
    """The system's keyring does not do what it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemKeyring:
    """Its entries of one service. `instead` says, in hints, where keys can be kept without one."""

    service: str
    instead: str

    def get(self, name: str, size: int) -> bytes | None:
        """The key; None where there is none of so many bytes.

        Raises:
            KeyringRefused: there is no keyring, or it is closed.
        """
        told = _asked(lambda keyring: keyring.get_password(self.service, name), self.instead)
        try:
            key = bytes.fromhex(told or "")
        except ValueError:
            return None
        return key if len(key) == size else None

    def text(self, name: str) -> str | None:
        """What another program keeps there; None where there is nothing.

        Raises:
            KeyringRefused: there is no keyring, or it is closed.
        """
        return _asked(lambda keyring: keyring.get_password(self.service, name), self.instead)

    def put(self, name: str, key: bytes) -> None:
        """Keeps it.

        Raises:
            KeyringRefused: there is no keyring, it is closed, or it does not keep it.
        """
        _asked(lambda keyring: keyring.set_password(self.service, name, key.hex()), self.instead)
        if self.get(name, len(key)) != key:
            raise KeyringRefused("the keyring does not keep what it is given", hint=self.instead)

    def remove(self, name: str) -> None:
        """Forgets it, if it is there.

        Raises:
            KeyringRefused: there is no keyring, or it is closed.
        """
        _asked(lambda keyring: keyring.delete_password(self.service, name), self.instead)


def _asked(ask: "Callable[[ModuleType], str | None]", instead: str) -> str | None:
    keyring = _library()
    try:
        return ask(keyring)
    except keyring.errors.PasswordDeleteError:  # somebody else was quicker
        return None
    except keyring.errors.KeyringError as error:
        why = clip(printable(" ".join(str(error).split())), chars=_TOLD_CHARS) or type(error).__name__
        raise KeyringRefused(
            f"the system's keyring does not answer: {why}", hint=f"unlock it; where there is none, {instead}"
        ) from None


def _library() -> "ModuleType":
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise KeyringRefused(
            "the system's keyring cannot be asked", hint="install ringfence[keyring]"
        ) from None
    return keyring
