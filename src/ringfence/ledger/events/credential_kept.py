"""The vault keeps a credential, or another value for one; by name and kind alone."""

from ringfence.core.dataclass import dataclass

__all__ = ["CredentialKept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialKept:
    """Which one. The numbers of the vault's states only grow: an older state is told by them."""

    TYPE = "credential.kept/1"

    credential: str
    kind: str
    rotated: bool
    generation: int  # of the vault's state that holds it first
