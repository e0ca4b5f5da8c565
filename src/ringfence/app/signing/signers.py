"""Who signs: a private key, with or without a certificate. `keyless` is the third way."""

from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.app.signing.own_files import own_file, shown
from ringfence.artifacts.signing import (
    BadKey,
    Bundle,
    PrivateKey,
    key_name,
    load_certificates,
    load_private_key,
    make_signature,
    write_bundle,
)
from ringfence.core.actions import ModelSign
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError
from ringfence.core.receipts import Receipt
from ringfence.gate.seals import ReceiptRefused, Seals

__all__ = ["KeySigner", "Signer", "key_signer"]

_HINT_KEY = "make a key with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"


class Signer(Protocol):
    """Somebody who can sign."""

    @property
    def name(self) -> str:
        """As policies and records call it: `key:` and the SHA-256 of the public key, or an identity."""

    def sign(self, statement: bytes, *, receipt: Receipt[ModelSign], seals: Seals) -> bytes:
        """The signature file over an in-toto statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySigner:
    """A private key, with the certificates (DER, its own first) that say whose it is, or none."""

    key: PrivateKey
    certificates: tuple[bytes, ...] = ()

    @property
    def name(self) -> str:
        """`key:` and the SHA-256 of the public key."""
        return f"key:{key_name(self.key.public_key())}"

    def sign(self, statement: bytes, *, receipt: Receipt[ModelSign], seals: Seals) -> bytes:
        """The signature file over an in-toto statement.

        Raises:
            ReceiptRefused: nobody decided that this key may sign.
        """
        if seals.redeem(receipt, ModelSign).signer != self.name:
            raise ReceiptRefused("the receipt is for another signer", hint="ask the gate for this one")
        return write_bundle(
            Bundle(
                payload=statement,
                signature=make_signature(self.key, statement),
                key_hint=key_name(self.key.public_key()),
                certificates=self.certificates,
                logged=False,
            )
        )


def key_signer(
    key: Path, *, passphrase: bytes | None, certificate: Path | None, chain: tuple[Path, ...]
) -> KeySigner:
    """The signer of these PEM files.

    Raises:
        UsageError: one of them is not what it should be, or the certificate is not the key's.
    """
    try:
        private = load_private_key(own_file(key), passphrase=passphrase)
    except BadKey as error:
        raise UsageError(f"{shown(key)}: {error.reason}", hint=_HINT_KEY) from error
    if certificate is None:
        return KeySigner(key=private)
    certificates: list[x509.Certificate] = []
    for path in (certificate, *chain):
        try:
            certificates += load_certificates(own_file(path))
        except BadKey as error:
            raise UsageError(
                f"{shown(path)}: {error.reason}", hint="name a certificate in PEM form"
            ) from error
    if certificates[0].public_key() != private.public_key():
        raise UsageError(
            f"{shown(certificate)}: this is not the certificate of that key",
            hint="name the certificate that was issued for the key, with its own part first",
        )
    return KeySigner(
        key=private, certificates=tuple(each.public_bytes(Encoding.DER) for each in certificates)
    )
