"""Bounds: secrets: as they are kept, and put into requests."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import KIB, MIB

__all__ = ["Vault"]


@dataclass(frozen=True, kw_only=True)
class Vault:
    """Secrets: as they are kept, and put into requests."""

    vault_bytes: int = 16 * MIB  # of its file
    vault_credentials: int = 10_000
    vault_name_chars: int = 100
    vault_secret_chars: int = 16_384  # of one secret; keys in PEM have 3,300
    vault_patterns: int = 64  # of hosts, methods or paths that one credential is bound to
    vault_import_bytes: int = 1 * MIB  # of one file that is taken in
    vault_placeholders: int = 100_000  # of all sessions at one time
    injected_body_bytes: int = 8 * MIB  # of one request that a secret is put into, or that is signed
    token_answer_bytes: int = 64 * KIB  # of a token server
