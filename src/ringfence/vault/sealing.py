"""Bytes made unreadable and unchangeable: AES-256-GCM under a key of its own for every time that it is used.

Each sealing draws 32 random bytes, from which HKDF-SHA256 makes the key for that sealing alone, and a random
nonce of 96 bits. The same key and nonce come together again only if 256 random bits do.

Sources: NIST SP 800-38D, RFC 5869.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringfence.core.secrets import Secret

__all__ = ["KEY_BYTES", "NotSealed", "sealed", "unsealed"]

KEY_BYTES = 32
_SALT_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class NotSealed(Exception):
    """These bytes were not sealed with this key for this place."""


def sealed(plain: bytes, *, key: Secret, place: bytes, randomness: Callable[[int], bytes]) -> bytes:
    """Salt, nonce and ciphertext. They open with the same key for the same `place` alone."""
    salt, nonce = randomness(_SALT_BYTES), randomness(_NONCE_BYTES)
    return salt + nonce + AESGCM(_key(key, salt)).encrypt(nonce, plain, place)


def unsealed(data: bytes, *, key: Secret, place: bytes) -> bytes:
    """What was sealed.

    Raises:
        NotSealed: another key, another place, or changed.
    """
    if len(data) < _SALT_BYTES + _NONCE_BYTES + _TAG_BYTES:
        raise NotSealed
    salt, nonce = data[:_SALT_BYTES], data[_SALT_BYTES : _SALT_BYTES + _NONCE_BYTES]
    try:
        return AESGCM(_key(key, salt)).decrypt(nonce, data[_SALT_BYTES + _NONCE_BYTES :], place)
    except InvalidTag:
        raise NotSealed from None


def _key(key: Secret, salt: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt, b"ringfence vault 1").derive(key.reveal())
