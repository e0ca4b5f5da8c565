"""Whether an authority took a certificate back, by lists that the user has. Nobody is asked over a network.

Whoever gives lists wants every certificate on the way looked up: one whose authority has no list here,
only an old one, or one that says less than all, does not hold. When a model was signed is not proven, so
that a certificate that is revoked now never counts. Source: RFC 5280, sections 5 and 6.3.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from ringfence.artifacts.signing.refused import BadKey, BadSignature

__all__ = ["check_not_revoked", "load_revocation_list"]

_BEGIN = b"-----BEGIN"


def load_revocation_list(data: bytes) -> x509.CertificateRevocationList:
    """The list in `data`, PEM or DER.

    Raises:
        BadKey: it is none, or broken.
    """
    try:
        if data.lstrip().startswith(_BEGIN):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("this is no list of revoked certificates (CRL)") from error


def check_not_revoked(
    chain: Sequence[x509.Certificate], lists: Sequence[x509.CertificateRevocationList], *, now: datetime
) -> None:
    """Looks up every certificate of `chain`: the signer's own comes first, the trusted one last.

    Raises:
        BadSignature: one is revoked, or its authority's list is missing or says nothing today.
    """
    for certificate, authority in pairwise(chain):
        own = [each for each in lists if _is_of(each, authority)]
        if not own:
            raise BadSignature("no list of revoked certificates by one of its authorities is given")
        newest = max(own, key=lambda each: each.last_update_utc)
        _check_usable(newest, now)
        for each in own:
            if each.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                raise BadSignature("its certificate, or an authority's on the way, was revoked")


def _is_of(found: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    """Whether the authority made the list, and may."""
    try:
        if found.issuer != authority.subject or not found.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
            return False
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return usage.crl_sign


def _check_usable(newest: x509.CertificateRevocationList, now: datetime) -> None:
    if newest.last_update_utc > now:
        raise BadSignature("a list of revoked certificates is not valid yet")
    if newest.next_update_utc is None or newest.next_update_utc < now:
        raise BadSignature("a list of revoked certificates is out of date: get the authority's newest")
    try:
        critical = any(each.critical for each in newest.extensions)
    except ValueError as error:
        raise BadSignature("a list of revoked certificates is broken") from error
    if critical:  # a part of a list, changes to another, or what nobody here knows
        raise BadSignature("a list of revoked certificates is not whole: get the complete one")
