"""Keyless signing and verification with the real client against an instance on this machine."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_signing import verifying

from private_sigstore import IDENTITY, PROVIDER, Instance, running
from ringfence.app.scan.request import NoProgress
from ringfence.app.signing import SignRequest, sign
from ringfence.app.signing.keyless import KeylessSigner, KeylessTrust
from ringfence.core.errors import UnreadableScope, UsageError
from signing_models import here, model, problems, rewrapped, signed, verified


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    with running() as found:
        yield found


@pytest.fixture
def in_a_build(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{instance.url}/token",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)


def keyless(folder: Path, config: Path, identity: str | None = None) -> Path:
    signer = KeylessSigner(identity=identity, identity_provider=None, trust_config=config)
    return sign(SignRequest(path=folder), signer, here(folder.parent), NoProgress()).signature


def trust(config: Path, identity: str = IDENTITY, provider: str = PROVIDER) -> KeylessTrust:
    return KeylessTrust(identity=identity, identity_provider=provider, trust_config=config)


@pytest.mark.usefixtures("in_a_build")
def test_who_signs_keyless_is_who_verifies_here_and_there(instance: Instance, tmp_path: Path) -> None:
    folder, config = model(tmp_path / "tiny"), instance.trust_config(tmp_path / "trust.json")
    signature = keyless(folder, config, IDENTITY)
    result = verified(folder, trust=trust(config))
    assert (result.verified, result.signer) == (True, IDENTITY)
    verifying.Config().use_sigstore_verifier(
        identity=IDENTITY, oidc_issuer=PROVIDER, trust_config=config
    ).verify(folder, signature)

    (folder / "config.json").write_bytes(b"[]")
    assert [check for check, _, _ in problems(verified(folder, trust=trust(config)))] == [
        "signature-file-changed"
    ]


@pytest.mark.usefixtures("in_a_build")
def test_another_identity_provider_or_instance_is_not_accepted(instance: Instance, tmp_path: Path) -> None:
    folder, config = model(tmp_path / "tiny"), instance.trust_config(tmp_path / "trust.json")
    keyless(folder, config)
    other = json.loads(config.read_text())
    other["trustedRoot"]["tlogs"] = other["trustedRoot"]["ctlogs"]
    (tmp_path / "other.json").write_text(json.dumps(other))
    for wrong in (
        trust(config, identity="mallory@acme.test"),
        trust(config, provider="https://login.evil.test"),
        trust(tmp_path / "other.json"),
    ):
        result = verified(folder, trust=wrong)
        assert (result.verified, [check for check, _, _ in problems(result)]) == (
            False,
            ["signature-invalid"],
        )


@pytest.mark.usefixtures("in_a_build")
def test_a_changed_statement_or_a_broken_log_entry_is_not_accepted(
    instance: Instance, tmp_path: Path
) -> None:
    folder, config = model(tmp_path / "tiny"), instance.trust_config(tmp_path / "trust.json")
    signature = keyless(folder, config)
    whole = signature.read_bytes()

    def changed(bundle: dict) -> None:
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"config", b"konfig")
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()

    for change in (
        changed,
        lambda b: b["verificationMaterial"]["tlogEntries"][0].update(integratedTime="1"),
        lambda b: b["verificationMaterial"]["tlogEntries"][0].pop("inclusionProof"),
        lambda b: b["verificationMaterial"]["tlogEntries"][0].update(logId=None),
        lambda b: b["verificationMaterial"]["tlogEntries"].append({}),
        lambda b: b["verificationMaterial"].update(certificate={"rawBytes": "AAAA"}),
    ):
        signature.write_bytes(whole)
        rewrapped(signature, change)
        assert [check for check, _, _ in problems(verified(folder, trust=trust(config)))] == [
            "signature-invalid"
        ]


@pytest.mark.usefixtures("in_a_build")
def test_nothing_is_signed_as_somebody_else_than_was_named(instance: Instance, tmp_path: Path) -> None:
    folder, config = model(tmp_path / "tiny"), instance.trust_config(tmp_path / "trust.json")
    with pytest.raises(UsageError, match="somebody else"):
        keyless(folder, config, "alice@acme.test")
    assert not (folder / "model.sig").exists()


@pytest.mark.usefixtures("in_a_build")
def test_services_that_are_not_there_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, gone = model(tmp_path / "tiny"), Instance()
    config = gone.trust_config(tmp_path / "trust.json")
    with pytest.raises(UnreadableScope, match="sigstore could not be asked"):
        keyless(folder, config)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:9/token")
    with pytest.raises(UnreadableScope, match="sigstore could not be asked"):
        keyless(folder, config)


def test_a_bare_key_is_nobody_for_sigstore(tmp_path: Path) -> None:
    folder, config = model(tmp_path / "tiny"), Instance().trust_config(tmp_path / "trust.json")
    signed(folder)
    ((check, _, (reason,)),) = problems(verified(folder, trust=trust(config)))
    assert (check, reason.partition(":")[0]) == ("signature-invalid", "it is in no transparency log")


@pytest.mark.parametrize("text", ["", "{}", "[]", "\udcff"])
def test_what_is_no_trust_configuration_is_refused(tmp_path: Path, text: str) -> None:
    folder, config = model(tmp_path / "tiny"), tmp_path / "trust.json"
    config.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match="no client trust configuration"):
        keyless(folder, config)


def test_without_the_package_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    folder = model(tmp_path / "tiny")
    with pytest.raises(UsageError) as caught:
        keyless(folder, tmp_path / "trust.json")
    assert caught.value.hint == "install ringfence[sigstore], or use --key or --certificate-chain"
