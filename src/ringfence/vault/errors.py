"""What goes wrong with the vault. No message holds a value."""

from ringfence.core.errors import ExitCode, RingfenceError

__all__ = ["CredentialRefused", "NoSuchCredential", "VaultLocked", "VaultRefused"]


class VaultRefused(RingfenceError):
    """The file is not as it was last written; it stays as it is."""

    code = ExitCode.NOT_EXAMINED


class VaultLocked(RingfenceError):
    """There is no key, or it does not fit."""

    code = ExitCode.NOT_EXAMINED


class CredentialRefused(RingfenceError):
    """What was given is no such credential."""


class NoSuchCredential(RingfenceError):
    """The vault has none of that name."""
