"""Signatures made here are read by the reference library, and its own are read here. Nothing is mocked."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing, verifying

from ringfence.app.scan.request import NoProgress
from ringfence.app.signing import KeySigner, key_trust
from ringfence.app.signing.sign import SignRequest, sign
from ringfence.app.signing.signers import key_signer
from ringfence.app.signing.trust import certificate_trust
from signing_models import (
    FILES,
    NOW,
    certificate,
    certificate_pem,
    here,
    key,
    model,
    private_pem,
    problems,
    public_pem,
    signed,
    verified,
)

CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
CLI = [sys.executable, "-m", "model_signing"]


def reference(*arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run([*CLI, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd)
    return done.stdout.strip() or done.stderr.strip()


def their_key_signer(folder: Path, by: ec.EllipticCurvePrivateKey | None = None) -> signing.Config:
    return signing.Config().use_elliptic_key_signer(
        private_key=private_pem(folder / "their.key", by or key())
    )


def their_key_verifier(folder: Path, by: ec.EllipticCurvePrivateKey | None = None) -> verifying.Config:
    return verifying.Config().use_elliptic_key_verifier(
        public_key=public_pem(folder / "their.pub", by or key())
    )


@pytest.mark.parametrize("curve", CURVES)
def test_a_folder_signed_here_verifies_there_and_back_on_every_curve(tmp_path: Path, curve: str) -> None:
    owner, folder = key(curve, CURVES[curve]), model(tmp_path / "tiny")
    ours = tmp_path / "ours.sig"
    sign(SignRequest(path=folder, output=ours), KeySigner(key=owner), here(tmp_path), NoProgress())
    their_key_verifier(tmp_path, owner).verify(folder, ours)

    theirs = tmp_path / "theirs.sig"
    their_key_signer(tmp_path, owner).sign(folder, theirs)
    result = verified(folder, signature=theirs, trust=key_trust(public_pem(tmp_path / "pub", owner)))
    assert (result.verified, result.signed_files, result.findings) == (True, len(FILES), ())


def test_the_command_lines_read_each_other(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    private, public = private_pem(tmp_path / "key.pem", key()), public_pem(tmp_path / "key.pub", key())
    signed(folder)
    told = reference(
        "verify", "key", folder, "--public_key", public, "--signature", "tiny/model.sig", cwd=tmp_path
    )
    assert told == "Verification succeeded"

    (folder / "model.sig").unlink()
    reference(
        *("sign", "key", folder, "--private_key", private, "--signature", "tiny/model.sig"),
        *("--ignore-paths", "tiny/config.json"),
        cwd=tmp_path,
    )
    result = verified(folder)
    assert (result.verified, result.signed_files) == (True, len(FILES) - 1)
    assert [(each.check, each.evidence) for each in result.findings] == [
        ("signature-leaves-out", ("config.json",))
    ]


def test_a_change_is_seen_there_in_what_was_signed_here(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    signature = signed(folder, output=tmp_path / "tiny.sig")
    (folder / "config.json").write_bytes(b"[]")
    with pytest.raises(ValueError, match="Hash mismatch for"):
        their_key_verifier(tmp_path).verify(folder, signature)


def test_a_single_file_verifies_both_ways(tmp_path: Path) -> None:
    file = model(tmp_path, {"model.gguf": b"GGUF"}) / "model.gguf"
    their_key_verifier(tmp_path).verify(file, signed(file))
    assert (tmp_path / "model.gguf.sig").exists()

    theirs = tmp_path / "theirs.sig"
    their_key_signer(tmp_path).sign(file, theirs)
    assert verified(file, signature=theirs).verified
    file.write_bytes(b"GGUG")
    assert [check for check, _, _ in problems(verified(file, signature=theirs))] == ["signature-file-changed"]


@pytest.mark.parametrize("algorithm", ["sha256", "blake2", "blake3"])
@pytest.mark.parametrize("shard_bytes", [None, 1000, 1024, 3000, 5000])
def test_every_digest_and_every_size_of_shards_made_there_verifies_here(
    tmp_path: Path, algorithm: str, shard_bytes: int | None
) -> None:
    folder, config = model(tmp_path / "tiny"), hashing.Config()
    if shard_bytes is None:
        config.use_file_serialization(hashing_algorithm=algorithm)
    else:
        config.use_shard_serialization(hashing_algorithm=algorithm, shard_size=shard_bytes)
    theirs = tmp_path / "theirs.sig"
    their_key_signer(tmp_path).set_hashing_config(config).sign(folder, theirs)
    result = verified(folder, signature=theirs)
    assert (result.verified, problems(result)) == (True, [])

    content = bytearray(FILES["sub/weights.bin"])
    content[-1] ^= 1
    (folder / "sub/weights.bin").write_bytes(content)
    assert [subject for _, subject, _ in problems(verified(folder, signature=theirs))] == ["sub/weights.bin"]


@pytest.mark.parametrize("shard_bytes", [1000, 3000, 5000])
def test_shards_signed_here_verify_there(tmp_path: Path, shard_bytes: int) -> None:
    folder = model(tmp_path / "tiny")
    signature = signed(folder, output=tmp_path / "ours.sig", shard_bytes=shard_bytes)
    their_key_verifier(tmp_path).verify(folder, signature)


def test_git_files_are_left_out_on_both_sides(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny", FILES | {".git/HEAD": b"ref", ".gitattributes": b"*.bin lfs"})
    their_key_verifier(tmp_path).verify(folder, signed(folder, output=tmp_path / "ours.sig"))
    theirs = tmp_path / "theirs.sig"
    their_key_signer(tmp_path).sign(folder, theirs)
    assert verified(folder, signature=theirs).verified


def test_links_of_a_hub_cache_verify_both_ways_where_they_are_allowed(tmp_path: Path) -> None:
    home = model(tmp_path / "models--acme--tiny", {"blobs/aa": b"{}", "blobs/bb": b"weights"})
    snapshot = home / "snapshots" / "rev"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").symlink_to("../../blobs/aa")
    (snapshot / "model.bin").symlink_to("../../blobs/bb")
    ours, theirs = tmp_path / "ours.sig", tmp_path / "theirs.sig"
    signed(snapshot, output=ours, allow_symlinks=True)
    config = hashing.Config().set_allow_symlinks(True)
    their_key_verifier(tmp_path).set_hashing_config(config).verify(snapshot, ours)

    their_key_signer(tmp_path).set_hashing_config(hashing.Config().set_allow_symlinks(True)).sign(
        snapshot, theirs
    )
    assert verified(snapshot, signature=theirs).verified


def test_certificates_verify_both_ways(tmp_path: Path) -> None:
    folder = model(tmp_path / "tiny")
    root = certificate("root", authority=True, usage=("key_cert_sign",))
    between = certificate("team", by=root, by_key="root", authority=True, usage=("key_cert_sign",))
    leaf = certificate("signer", by=between, by_key="team", usage=("digital_signature",), email="a@acme.test")
    trusted = certificate_pem(tmp_path / "root.pem", root)
    own, chain = certificate_pem(tmp_path / "own.pem", leaf), certificate_pem(tmp_path / "chain.pem", between)
    private = private_pem(tmp_path / "key.pem", key())
    ours, theirs = tmp_path / "ours.sig", tmp_path / "theirs.sig"

    signer = key_signer(private, passphrase=None, certificate=own, chain=(chain,))
    sign(SignRequest(path=folder, output=ours), signer, here(tmp_path), NoProgress())
    verifying.Config().use_certificate_verifier(certificate_chain=[trusted]).verify(folder, ours)

    signing.Config().use_certificate_signer(
        private_key=private, signing_certificate=own, certificate_chain=[chain]
    ).sign(folder, theirs)
    trust = certificate_trust((trusted,), identity="a@acme.test", accept_expired=False, now=lambda: NOW)
    result = verified(folder, signature=theirs, trust=trust)
    assert (result.verified, result.signer) == (True, "a@acme.test")
