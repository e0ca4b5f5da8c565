"""SCRAM-SHA-256, a client's side: the published exchange, and servers that are none."""

import base64

import pytest

from ringfence.core.secrets import Secret
from ringfence.egress.injecting import scram
from ringfence.egress.injecting.scram import BadScram, first, prepared, proof

_NONCE = "rOprNGfwEbeRWgbNEkqO"
_CHALLENGE = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"


def test_the_published_exchange_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7677, section 3, whose client names its user."""
    monkeypatch.setattr(scram, "_BARE", "n=user,r=")
    assert first(_NONCE) == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    made = proof(Secret(b"pencil"), _NONCE, _CHALLENGE)
    assert made.message == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    made.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(BadScram):
        made.check(b"v=" + base64.b64encode(bytes(32)))
    assert "dHzb" not in repr(made)


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=" + b"9" * 5000,
        b"m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqO\xff,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    ],
)
def test_no_proof_is_made_for_a_challenge_that_is_none(challenge: bytes) -> None:
    with pytest.raises(BadScram):
        proof(Secret(b"pencil"), _NONCE, challenge)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("pencil", "pencil"),
        ("I\u00adX", "IX"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0031", "\u0627\u0031"),  # directions are mixed: as it is
        ("\u00e9\u0007", "\u00e9\u0007"),  # prohibited: as it is
    ],
)
def test_passwords_are_prepared_as_servers_prepare_them(typed: str, expected: str) -> None:
    """The examples of RFC 4013, section 3, and what PostgreSQL does where they are refused."""
    assert prepared(typed.encode()).decode() == expected
