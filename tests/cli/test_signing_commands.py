"""`ringfence sign` and `ringfence verify` as people run them."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from schemas import schema_of

import forked
from ringfence.app.signing import Verification
from signing_models import (
    certificate,
    certificate_pem,
    key,
    model,
    private_pem,
    public_pem,
    revocation_list,
    revocation_pem,
)


def ringfence(*arguments: str | Path, cwd: Path) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    done = forked.ringfence(*arguments, env=environment, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    model(tmp_path / "tiny", {"config.json": b"{}", "model.bin": b"weights"})
    private_pem(tmp_path / "key.pem", key())
    private_pem(tmp_path / "locked.pem", key(), b"secret")
    (tmp_path / "secret.txt").write_text("secret\n")
    public_pem(tmp_path / "key.pub", key())
    return tmp_path


def test_what_was_signed_verifies_until_it_changes(place: Path) -> None:
    assert ringfence("sign", "tiny", "--key", "key.pem", cwd=place) == (
        0,
        "tiny/model.sig: signed 2 files, 9 B\n",
        "",
    )
    code, out, _ = ringfence("verify", "tiny", "--key", "key.pub", cwd=place)
    assert (code, out.splitlines()[0]) == (0, "tiny: verified")

    (place / "tiny/model.bin").write_bytes(b"poisoned")
    code, out, _ = ringfence("verify", "tiny", "--key", "key.pub", cwd=place)
    assert (code, out.splitlines()[0]) == (1, "tiny: NOT VERIFIED")
    assert "high signature-file-changed  model.bin: signed" in out


def test_a_passphrase_comes_from_a_file(place: Path) -> None:
    locked = ("sign", "tiny", "--key", "locked.pem")
    code, _, error = ringfence(*locked, cwd=place)
    assert (code, error.splitlines()[0]) == (
        2,
        "ringfence: error: locked.pem: the private key is encrypted: give its passphrase",
    )
    assert ringfence(*locked, "--passphrase-file", "secret.txt", cwd=place)[0] == 0
    assert ringfence("verify", "tiny", "--key", "key.pub", cwd=place)[0] == 0


def test_the_document_fits_its_schema_verified_or_not(place: Path) -> None:
    validator = Draft202012Validator(schema_of("ringfence.verify/1", Verification))
    for expected in (1, 0):
        code, out, _ = ringfence("verify", "tiny", "--key", "key.pub", "--json", cwd=place)
        document = json.loads(out)
        validator.validate(document)
        assert (code, document["verified"]) == (expected, expected == 0)
        ringfence("sign", "tiny", "--key", "key.pem", cwd=place)


def test_a_model_whose_files_cannot_be_read_is_neither_verified_nor_wrong(place: Path) -> None:
    ringfence("sign", "tiny", "--key", "key.pem", cwd=place)
    with (place / "tiny/model.sig").open("ab") as file:
        file.truncate(65 << 20)
    code, out, _ = ringfence("verify", "tiny", "--key", "key.pub", cwd=place)
    assert (code, out.splitlines()[0]) == (3, "tiny: could not be examined")


def _files(place: Path) -> list[Path]:
    """All but ringfence's own state."""
    return sorted(each for each in place.rglob("*") if ".local" not in each.parts)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("verify", "tiny"), 2, "nobody is trusted"),
        (("verify", "tiny", "--identity", "a@acme.test"), 2, "nobody is trusted"),
        (("verify", "tiny", "--key", "key.pub", "--identity", "a"), 2, "a key has no identity"),
        (("verify", "tiny", "--key", "key.pub", "--accept-expired"), 2, "does not expire"),
        (("verify", "tiny", "--certificate-chain", "key.pub"), 2, "no certificate in PEM form"),
        (("verify", "tiny", "--key", "nowhere.pub"), 2, "nowhere.pub: not found"),
        (("verify", "nowhere", "--key", "key.pub"), 3, "nowhere: not found"),
        (("verify", "tiny", "--key", "key.pub", "--ignore-path", "key.pub"), 2, "not within the model"),
        (("sign", "nowhere", "--key", "key.pem"), 3, "nowhere: not found"),
        (("sign", "tiny", "--key", "key.pub"), 2, "no private key"),
        (("sign", "tiny", "--key", "key.pem", "--identity", "a"), 2, "--identity does not go with --key"),
        (("sign", "tiny", "--key", "key.pem", "--chain", "key.pub"), 2, "--chain without --certificate"),
        (("sign", "tiny", "--key", "key.pem", "-o", "none/x.sig"), 2, "none/x.sig"),
        (("sign", "tiny", "--key", "key.pem", "--shard-size", "0"), 2, "at least one byte"),
        (("sign", "tiny"), 2, "one of the arguments --key --keyless is required"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(
    place: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    if arguments[:2] == ("verify", "tiny"):
        ringfence("sign", "tiny", "--key", "key.pem", cwd=place)
    before = _files(place)
    ended, _, error = ringfence(*arguments, cwd=place)
    assert (ended, said in error) == (code, True), error
    assert _files(place) == before


def test_a_list_of_revoked_certificates_is_asked(place: Path) -> None:
    may = ("key_cert_sign", "crl_sign")
    root = certificate("root", authority=True, usage=may, days=(-3650, 36500))
    leaf = certificate("signer", by=root, by_key="root", usage=("digital_signature",), days=(-3650, 36500))
    certificate_pem(place / "root.pem", root)
    certificate_pem(place / "own.pem", leaf)
    revocation_pem(place / "clean.pem", revocation_list(root, days=(-3650, 36500)))
    revocation_pem(place / "revoked.pem", revocation_list(root, leaf, days=(-3650, 36500)))
    ringfence("sign", "tiny", "--key", "key.pem", "--certificate", "own.pem", cwd=place)

    asked = ("verify", "tiny", "--certificate-chain", "root.pem", "--crl")
    assert ringfence(*asked, "clean.pem", cwd=place)[0] == 0
    code, out, _ = ringfence(*asked, "revoked.pem", cwd=place)
    assert code == 1
    assert "was revoked" in out
    assert ringfence(*asked, "root.pem", cwd=place)[0] == 2
    assert ringfence("verify", "tiny", "--key", "key.pub", "--crl", "clean.pem", cwd=place)[0] == 2
