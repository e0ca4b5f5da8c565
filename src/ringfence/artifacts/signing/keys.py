"""Elliptic-curve keys, and signatures over what DSSE encodes. The mathematics are those of cryptography.

Only the three NIST curves are accepted, each with the hash of its own size, as sigstore's protobuf
specifications pair them: no signature can choose an algorithm. Source: DSSE protocol 1.0.
"""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ringfence.artifacts.signing.bundle import PAYLOAD_TYPE
from ringfence.artifacts.signing.refused import BadKey, BadSignature

__all__ = [
    "PrivateKey",
    "PublicKey",
    "accepted",
    "check_signature",
    "key_name",
    "load_private_key",
    "load_public_key",
    "make_signature",
]

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_WANTED = "signatures need an elliptic-curve key of P-256, P-384 or P-521"


def load_private_key(pem: bytes, *, passphrase: bytes | None) -> PrivateKey:
    """The key in `pem`.

    Raises:
        BadKey: it is no such key, is of another kind, or the passphrase is missing, wrong or not needed.
    """
    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError as error:  # what cryptography raises for a missing one, or one too many
        needed = "is encrypted: give its passphrase" if passphrase is None else "is not encrypted"
        raise BadKey(f"the private key {needed}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        wrong = "" if passphrase is None else ", or the passphrase is wrong"
        raise BadKey(f"this is no private key in PEM form{wrong}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadKey(_WANTED)
    accepted(key.public_key())
    return key


def load_public_key(pem: bytes) -> PublicKey:
    """The key in `pem`.

    Raises:
        BadKey: it is no public key, or one of another kind.
    """
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("this is no public key in PEM form") from error
    return accepted(key)


def accepted(key: object) -> PublicKey:
    """The key, if it is of a kind and curve that signatures may have.

    Raises:
        BadKey: it is not.
    """
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _HASHES:
        raise BadKey(_WANTED)
    return key


def key_name(key: PublicKey) -> str:
    """What bundles call the key: SHA-256 over its PEM form, 64 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def make_signature(key: PrivateKey, payload: bytes) -> bytes:
    """ECDSA over the payload as DSSE encodes it, in DER."""
    return key.sign(_encoded(payload), ec.ECDSA(_HASHES[key.curve.name]))


def check_signature(key: PublicKey, payload: bytes, signature: bytes) -> None:
    """Returns if the owner of `key` signed `payload`.

    Raises:
        BadSignature: somebody else did, or nobody.
    """
    try:
        key.verify(signature, _encoded(payload), ec.ECDSA(_HASHES[key.curve.name]))
    except InvalidSignature as error:
        raise BadSignature("it was not made with this key over these contents") from error


def _encoded(payload: bytes) -> bytes:
    """DSSE's PAE: lengths in bytes, so that no part can be taken for another."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
