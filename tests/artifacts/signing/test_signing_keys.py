from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ringfence.artifacts.signing import (
    BadKey,
    BadSignature,
    check_signature,
    load_private_key,
    load_public_key,
    make_signature,
)
from signing_models import key, private_pem, public_pem


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_a_signature_holds_for_its_key_and_payload_alone(curve: type[ec.EllipticCurve]) -> None:
    mine, other = key("mine", curve), key("other", curve)
    signature = make_signature(mine, b"payload")
    check_signature(mine.public_key(), b"payload", signature)
    for owner, payload, raw in (
        (other, b"payload", signature),
        (mine, b"payloae", signature),
        (mine, b"payload", signature[:-1]),
        (mine, b"payload", b""),
    ):
        with pytest.raises(BadSignature):
            check_signature(owner.public_key(), payload, raw)


def test_an_encrypted_key_needs_its_passphrase_and_a_plain_one_takes_none(tmp_path: Path) -> None:
    locked = private_pem(tmp_path / "locked.pem", key(), b"secret").read_bytes()
    plain = private_pem(tmp_path / "plain.pem", key()).read_bytes()
    assert load_private_key(locked, passphrase=b"secret").private_numbers() == key().private_numbers()
    for pem, passphrase, reason in (
        (locked, None, "the private key is encrypted: give its passphrase"),
        (locked, b"wrong", "this is no private key in PEM form, or the passphrase is wrong"),
        (plain, b"secret", "the private key is not encrypted"),
        (b"", None, "this is no private key in PEM form"),
    ):
        with pytest.raises(BadKey) as caught:
            load_private_key(pem, passphrase=passphrase)
        assert caught.value.reason == reason


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    load_public_key(public_pem(tmp_path / "key.pub", key()).read_bytes())
    with pytest.raises(BadKey):
        load_public_key(private_pem(tmp_path / "key.pem", key()).read_bytes())
