"""Where the key for checkpoints is kept, and who may see it."""

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from ringfence.app.ledger.keys import KEY_FILE, KeyringRefused, move_to_keyring, signing_key
from ringfence.gate.state import StateRefused
from ringfence.ledger.notes import SigningKey

_ORIGIN = "ringfence/ledger/00"


class InMemory(KeyringBackend):
    """A keyring as the library defines them, in this process."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked("locked\x1b[31m")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[InMemory]:
    before, made = keyring.get_keyring(), InMemory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def _same(one: SigningKey, other: SigningKey) -> bool:
    return one.public(_ORIGIN) == other.public(_ORIGIN)


def test_the_key_is_made_once_and_for_its_owner_only(folder: Path) -> None:
    before = os.umask(0)
    try:
        first = signing_key(folder, randomness=os.urandom)
    finally:
        os.umask(before)
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert _same(first, signing_key(folder, randomness=os.urandom))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_read_is_refused(folder: Path, mode: int) -> None:
    signing_key(folder, randomness=os.urandom)
    (folder / KEY_FILE).chmod(mode)
    with pytest.raises(StateRefused, match="others can get at it") as refused:
        signing_key(folder, randomness=os.urandom)
    assert "chmod go-rwx" in refused.value.hint


def test_a_key_that_is_a_link_or_something_else_is_refused_and_left(folder: Path) -> None:
    (folder / KEY_FILE).symlink_to(folder / "elsewhere")
    with pytest.raises(StateRefused):
        signing_key(folder, randomness=os.urandom)
    (folder / KEY_FILE).unlink()
    (folder / KEY_FILE).write_bytes(b"half a key")
    (folder / KEY_FILE).chmod(0o600)
    with pytest.raises(StateRefused, match="no key"):
        signing_key(folder, randomness=os.urandom)
    assert (folder / KEY_FILE).read_bytes() == b"half a key"


def test_the_keyring_takes_the_key_and_the_file_keeps_none(folder: Path, ring: InMemory) -> None:
    before = signing_key(folder, randomness=os.urandom)
    seed = (folder / KEY_FILE).read_bytes()
    assert _same(before, move_to_keyring(folder, randomness=os.urandom))
    assert (folder / KEY_FILE).read_bytes() == b"keyring\n"
    assert ring.kept == {("ringfence ledger", str(folder)): seed.hex()}
    assert _same(before, signing_key(folder, randomness=os.urandom))
    assert _same(before, move_to_keyring(folder, randomness=os.urandom))


def test_a_keyring_that_is_locked_or_has_lost_the_key_is_told(folder: Path, ring: InMemory) -> None:
    move_to_keyring(folder, randomness=os.urandom)
    ring.is_locked = True
    with pytest.raises(KeyringRefused, match=r"does not answer: locked\\x1b\[31m") as refused:
        signing_key(folder, randomness=os.urandom)
    assert "unlock it" in refused.value.hint
    ring.is_locked = False
    ring.kept.clear()
    with pytest.raises(KeyringRefused, match="no longer has the ledger's key"):
        signing_key(folder, randomness=os.urandom)


def test_where_there_is_no_keyring_the_key_stays_in_its_file(folder: Path) -> None:
    before, first = keyring.get_keyring(), signing_key(folder, randomness=os.urandom)
    keyring.set_keyring(NoKeyring())
    try:
        with pytest.raises(KeyringRefused) as refused:
            move_to_keyring(folder, randomness=os.urandom)
    finally:
        keyring.set_keyring(before)
    assert "leave the key in its file" in refused.value.hint
    assert _same(first, signing_key(folder, randomness=os.urandom))


def test_without_the_library_the_hint_names_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(KeyringRefused) as refused:
        move_to_keyring(folder, randomness=os.urandom)
    assert "ringfence[keyring]" in refused.value.hint
