"""Vaults that tests go through: the real one behind the real gate, in a folder of the test's own."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from doors import door_in
from ringfence.app.vault.keeping import Keeper, set_credential
from ringfence.core.secrets import Secret
from ringfence.vault.credential import Binding, Credential
from ringfence.vault.kinds import kind_named
from ringfence.wiring.vault import vault_in

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
PASSPHRASE = b"several strange words"
AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)

PEM = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)
WHOLE: Mapping[str, Mapping[str, str]] = {
    "bearer": {"token": TOKEN},
    "header": {"header": "x-api-key", "value": "sk-ant-api03-AbCdEfGh12345678-_x"},
    "basic": {"user": "ann", "password": "correct horse Battery 9"},
    "query": {"parameter": "key", "value": "AIzaSyA1234567890abcdefghijklmnopqrstuv"},
    "path": {"template": "/bot{}/", "token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
    "body": {"pointer": "/auth/token", "value": "0123456789abcdef0123456789abcdef"},
    "websocket": {
        "pointer": "/d/token",
        "token": "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    },
    "aws": {
        "key_id": "AKIAIOSFODNN7EXAMPLE",
        "region": "eu-central-1",
        "service": "s3",
        "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    },
    "oauth": {
        "token_url": "https://auth.example.com/oauth/token",
        "client_id": "app-17",
        "client_secret": "Zx9-client-secret-1",
        "refresh_token": "1//0gRefreshTokenAbc123456789",
    },
    "github-app": {"app_id": "12345", "installation": "678", "private_key": PEM},
    "postgresql": {"user": "app", "password": "pg Pässword 1"},
}
"""One credential of every kind, as text."""


def passphrase(_new: bool) -> Secret:
    return Secret(PASSPHRASE)


def nobody(_new: bool) -> Secret:
    raise AssertionError("a passphrase was asked for")


def keeper_in(folder: Path, policy: str | None = None, *, ask: object = nobody) -> Keeper:
    """The vault of `folder`/state, behind its door. Each is as a process of its own would have it."""
    door = door_in(folder, policy)
    return Keeper(door=door, vault=vault_in(folder / "state", ask=ask))


def put(keeper: Keeper, name: str = "github", value: str = TOKEN, host: str = "api.github.com") -> Credential:
    """A bearer that is kept."""
    return set_credential(keeper, name, kind_named("bearer"), {"token": value}, Binding(hosts=(host,)))


def value_of(keeper: Keeper, name: str = "github") -> str:
    """The token that is kept."""
    credential = keeper.vault.credential(name, recorded=keeper.recorded())
    return credential.authentication.token.reveal().decode()


def files_of(folder: Path) -> dict[str, bytes]:
    """The vault's own files."""
    return {each.name: each.read_bytes() for each in (folder / "state").glob("vault*")}


def random_bytes(count: int) -> bytes:
    return os.urandom(count)
