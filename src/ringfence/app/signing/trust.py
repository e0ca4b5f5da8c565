"""Whom a signature must be from. Each kind of trust answers one question: who signed this bundle?"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509

from ringfence.app.signing.own_files import own_file, shown
from ringfence.artifacts.signing import (
    BadKey,
    BadSignature,
    Bundle,
    PublicKey,
    check_certificates,
    check_signature,
    key_name,
    load_certificates,
    load_public_key,
    load_revocation_list,
)
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError

__all__ = ["CertificateTrust", "KeyTrust", "Trust", "certificate_trust", "key_trust"]


class Trust(Protocol):
    """Knows signers."""

    def signer(self, bundle: Bundle, data: bytes) -> str:
        """Who signed the bundle's payload, harmless to print. `data` is the file that holds the bundle.

        Raises:
            BadSignature: nobody who is trusted.
            UnreadableScope: it could not be found out.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTrust:
    """Trusts one key."""

    key: PublicKey

    def signer(self, bundle: Bundle, data: bytes) -> str:  # noqa: ARG002
        """The key's name, if it signed."""
        try:
            check_signature(self.key, bundle.payload, bundle.signature)
        except BadSignature as error:
            if bundle.key_hint not in (None, key_name(self.key)):
                raise BadSignature("it was made with another key") from error
            raise
        return f"key {key_name(self.key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateTrust:
    """Trusts whoever has a certificate that leads to one of these; where it is given, only that identity."""

    trusted: tuple[x509.Certificate, ...]
    identity: str | None
    accept_expired: bool
    now: Callable[[], datetime]
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()

    def signer(self, bundle: Bundle, data: bytes) -> str:  # noqa: ARG002
        """The name in the signer's certificate, if it is good and its key signed."""
        if not bundle.certificates:
            raise BadSignature("it was made with a bare key: verify it with --key")
        key, name = check_certificates(
            bundle.certificates,
            trusted=self.trusted,
            now=self.now(),
            accept_expired=self.accept_expired,
            identity=self.identity,
            revocation_lists=self.revocation_lists,
        )
        check_signature(key, bundle.payload, bundle.signature)
        return name


def key_trust(path: Path) -> KeyTrust:
    """Trust in the public key in this PEM file.

    Raises:
        UsageError: there is none.
    """
    try:
        return KeyTrust(key=load_public_key(own_file(path)))
    except BadKey as error:
        raise UsageError(
            f"{shown(path)}: {error.reason}",
            hint="a private key's public half comes from: openssl pkey -in key.pem -pubout -out key.pub",
        ) from error


def certificate_trust(
    paths: tuple[Path, ...],
    *,
    identity: str | None,
    accept_expired: bool,
    now: Callable[[], datetime],
    crls: tuple[Path, ...] = (),
) -> CertificateTrust:
    """Trust in the certificates in these PEM files, unless a list in `crls` has one that leads to them.

    Raises:
        UsageError: there is none in one of them.
    """
    trusted: list[x509.Certificate] = []
    for path in paths:
        try:
            trusted += load_certificates(own_file(path))
        except BadKey as error:
            raise UsageError(
                f"{shown(path)}: {error.reason}", hint="name your authority's certificate"
            ) from error
    return CertificateTrust(
        trusted=tuple(trusted),
        identity=identity,
        accept_expired=accept_expired,
        now=now,
        revocation_lists=tuple(_revocation_list(path) for path in crls),
    )


def _revocation_list(path: Path) -> x509.CertificateRevocationList:
    try:
        return load_revocation_list(own_file(path))
    except BadKey as error:
        raise UsageError(
            f"{shown(path)}: {error.reason}", hint="get the list that your authority publishes"
        ) from error
