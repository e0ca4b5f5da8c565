"""Certificates that an authority took back sign nothing."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.artifacts.signing import BadKey, BadSignature, check_certificates, load_revocation_list
from signing_models import NOW, certificate, revocation_list

_MAY = ("key_cert_sign", "crl_sign")
_ROOT = certificate("root", authority=True, usage=_MAY)
_TEAM = certificate("team", by=_ROOT, by_key="root", authority=True, usage=_MAY)
_LEAF = certificate("signer", by=_TEAM, by_key="team", usage=("digital_signature",), email="a@acme.test")
_MISSING = "no list of revoked certificates by one of its authorities is given"
_REVOKED = "its certificate, or an authority's on the way, was revoked"


def check(*lists: x509.CertificateRevocationList, root: x509.Certificate = _ROOT, **options) -> str:
    """Who signed, or why nobody did."""
    chain = [each.public_bytes(Encoding.DER) for each in (_LEAF, _TEAM)]
    try:
        return check_certificates(
            chain,
            trusted=[root],
            now=NOW,
            identity=None,
            revocation_lists=lists,
            **{"accept_expired": False, **options},
        )[1]
    except BadSignature as error:
        return error.reason


def test_a_certificate_that_is_on_no_list_signs() -> None:
    assert check(revocation_list(_ROOT), revocation_list(_TEAM, _ROOT)) == "a@acme.test"


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ((revocation_list(_ROOT), revocation_list(_TEAM, _LEAF)), _REVOKED),
        ((revocation_list(_ROOT, _TEAM), revocation_list(_TEAM)), _REVOKED),
        ((revocation_list(_TEAM),), _MISSING),
        ((revocation_list(_ROOT), revocation_list(_TEAM, by_key="signer")), _MISSING),
        (
            (revocation_list(_ROOT), revocation_list(_TEAM, days=(-9, -2))),
            "a list of revoked certificates is out of date: get the authority's newest",
        ),
        (
            (revocation_list(_ROOT), revocation_list(_TEAM, days=(1, 2))),
            "a list of revoked certificates is not valid yet",
        ),
        (
            (revocation_list(_ROOT), revocation_list(_TEAM, part=True)),
            "a list of revoked certificates is not whole: get the complete one",
        ),
        # an older list says it, a newer one was made without it
        (
            (revocation_list(_ROOT), revocation_list(_TEAM, _LEAF, days=(-9, -2)), revocation_list(_TEAM)),
            _REVOKED,
        ),
    ],
    ids=["signer", "authority", "missing", "forged", "old", "future", "part", "two"],
)
def test_what_is_revoked_or_cannot_be_looked_up_does_not_hold(
    lists: tuple[x509.CertificateRevocationList, ...], why: str
) -> None:
    assert check(*lists) == why
    assert check(*lists, accept_expired=True) == why


def test_an_authority_that_may_make_no_lists_makes_none() -> None:
    root = certificate("root", authority=True, usage=("key_cert_sign",))
    assert check(revocation_list(root), revocation_list(_TEAM), root=root) == _MISSING


def test_lists_are_read_in_both_forms_and_nothing_else_is() -> None:
    made = revocation_list(_ROOT, _TEAM)
    for form in (Encoding.PEM, Encoding.DER):
        assert load_revocation_list(made.public_bytes(form)) == made
    der = made.public_bytes(Encoding.DER)
    for broken in (b"", b"-----BEGIN X509 CRL-----\n", der[:-9], _ROOT.public_bytes(Encoding.PEM)):
        with pytest.raises(BadKey):
            load_revocation_list(broken)
