"""Who signed, by certificate: builds the chain to what the user trusts, and asks what the certificate is for.

A key may sign models when its certificate allows digital signatures and, where it says what else it is for,
code signing: a web server's certificate may not. Path building, validity, path lengths and signatures are
cryptography's X.509 verifier's; whether a certificate was revoked, `revocation` says. Source: RFC 5280.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from ringfence.artifacts.signing.keys import PublicKey, accepted
from ringfence.artifacts.signing.refused import BadKey, BadSignature
from ringfence.artifacts.signing.revocation import check_not_revoked
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable

__all__ = ["check_certificates", "load_certificates"]

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """All certificates in `pem`, at least one.

    Raises:
        BadKey: there is none, or one of them is broken.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise BadKey("this is no certificate in PEM form") from error


def check_certificates(
    chain: Sequence[bytes],
    *,
    trusted: Sequence[x509.Certificate],
    now: datetime,
    accept_expired: bool,
    identity: str | None,
    revocation_lists: Sequence[x509.CertificateRevocationList] = (),
) -> tuple[PublicKey, str]:
    """The signer's key, and who that is, if `chain` (DER, the signer's own first) leads to a trusted one.

    `accept_expired` asks whether it was valid on its own first day instead of `now`: a signature does not
    say when it was made. `identity` must be one of the certificate's alternative names, or its common name
    where it has none. With `revocation_lists` every authority on the way must have one, valid `now`.

    Raises:
        BadSignature: it leads nowhere, is not valid, may not sign, is revoked, or is somebody else's.
    """
    try:
        leaf, *others = [x509.load_der_x509_certificate(each) for each in chain]
        _check_purpose(leaf)
        names = _names(leaf)
        roots = [each for each in trusted if each.issuer == each.subject] or list(trusted)
        between = [*others, *(each for each in trusted if each not in roots)]
        time = leaf.not_valid_before_utc if accept_expired else now
        key = accepted(leaf.public_key())
        verified = _verifier(roots, time).verify(leaf, between)
        if revocation_lists:
            check_not_revoked(verified.chain, revocation_lists, now=now)
    except VerificationError as error:
        raise BadSignature(_why(leaf, time)) from error
    except BadKey as error:
        raise BadSignature(error.reason) from error
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise BadSignature("one of its certificates is broken") from error
    if identity is not None and identity not in names:
        raise BadSignature("its certificate is somebody else's")
    subject = names[0] if names else leaf.subject.rfc4514_string()
    return key, clip(printable(subject), chars=LIMITS.name_chars)


def _verifier(roots: Iterable[x509.Certificate], time: datetime) -> ClientVerifier:
    authorities = (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
    )
    builder = PolicyBuilder().store(Store(list(roots))).time(time)
    return builder.extension_policies(
        ca_policy=authorities, ee_policy=ExtensionPolicy.permit_all()
    ).build_client_verifier()


def _is_authority(_policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("no authority")


def _may_certify(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("an authority that may not certify")


def _check_purpose(leaf: x509.Certificate) -> None:
    usage = _extension(leaf, x509.KeyUsage)
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    for_code = purposes is not None and ExtendedKeyUsageOID.CODE_SIGNING in purposes
    if purposes is not None and not for_code:
        raise BadSignature("its certificate is for another purpose than signing code")
    if not (usage.digital_signature if usage is not None else for_code):
        raise BadSignature("its certificate may not be used to sign")


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    alternatives = _extension(leaf, x509.SubjectAlternativeName)
    if alternatives is not None:
        kinds = (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName)
        return tuple(each.value for each in alternatives if isinstance(each, kinds))
    common = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return tuple(str(each.value) for each in common)


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _why(leaf: x509.Certificate, time: datetime) -> str:
    if time < leaf.not_valid_before_utc:
        return "its certificate is not valid yet"
    if time > leaf.not_valid_after_utc:
        return "its certificate has expired"
    return "its certificate does not lead to one that you trust, or an authority on the way is not valid"
