import dataclasses
from pathlib import Path

import pytest

from broker_scene import Scene, policy
from ringfence.core.actions import CredentialUse
from ringfence.core.receipts import Receipt
from ringfence.egress.injecting.places import Misplaced, Place, Placed
from ringfence.egress.messages import OpenSession
from ringfence.gate.seals import ReceiptRefused
from ringfence.vault.meanings import Meant
from vaults import TOKEN

USE = CredentialUse(
    agent="claude", session="s1", credential="one", host="api.example.com", method="GET", path="/"
)
PLACED = Placed(
    credential="one",
    place=Place.TOKEN,
    name="authorization",
    text="x",
    meant=Meant(credential="one", part="token", kind="bearer"),
)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path, policy(folder=tmp_path, credentials="{name: one, host: '*'}"))
    made.keep("bearer", "api.example.com")
    return made


def _receipt(scene: Scene, use: CredentialUse = USE) -> Receipt[CredentialUse]:
    receipt = scene.house().door(OpenSession(session="s1", agent="claude", folder="/")).pass_(use)
    assert isinstance(receipt, Receipt)
    return receipt


def test_a_receipt_releases_one_secret_once(scene: Scene) -> None:
    releasing, receipt = scene.house().releasing, _receipt(scene)
    credential = releasing.release(receipt, (PLACED,), port=443)
    assert credential.authentication.token.reveal().decode() == TOKEN
    with pytest.raises(ReceiptRefused):
        releasing.release(receipt, (PLACED,), port=443)


def test_a_receipt_that_the_gate_did_not_make_releases_nothing(scene: Scene) -> None:
    receipt = _receipt(scene)
    other = dataclasses.replace(receipt, action=dataclasses.replace(USE, path="/other"))
    with pytest.raises(ReceiptRefused):
        scene.house().releasing.release(other, (PLACED,), port=443)


@pytest.mark.parametrize(("host", "port"), [("evil.example.com", 443), ("api.example.com", 8443)])
def test_the_binding_holds_although_the_policy_would_let_it(scene: Scene, host: str, port: int) -> None:
    receipt = _receipt(scene, dataclasses.replace(USE, host=host))
    with pytest.raises(Misplaced):
        scene.house().releasing.release(receipt, (PLACED,), port=port)
