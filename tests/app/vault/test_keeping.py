"""Keeping credentials: decided, written, recorded; and a vault that is not as it was written is refused."""

import multiprocessing
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from ringfence.app.vault.keeping import Keeper, rekey, remove, restore, rotate, set_credential
from ringfence.app.vault.listing import ShownCredential, ShownPart, list_vault
from ringfence.app.vault.taking_in import Went, take_in
from ringfence.core.action_types import Durability
from ringfence.core.actions import CredentialChange, CredentialKeep
from ringfence.core.errors import UsageError
from ringfence.core.secrets import Secret
from ringfence.gate.refused import ActionRefused
from ringfence.gate.seals import ReceiptRefused
from ringfence.ledger.events.credential_kept import CredentialKept
from ringfence.ledger.events.credential_removed import CredentialRemoved
from ringfence.ledger.events.vault_rewritten import RewrittenWhy, VaultRewritten
from ringfence.policy.globs import BadGlob
from ringfence.vault.credential import Binding
from ringfence.vault.errors import CredentialRefused, NoSuchCredential, VaultLocked, VaultRefused
from ringfence.vault.file_format import KeyPlace
from ringfence.vault.kinds import kind_named
from vaults import PASSPHRASE, TOKEN, WHOLE, files_of, keeper_in, passphrase, put, value_of

_OTHER = "ghp_9ZC7e42F292c6912E7710c838347Ae178Zzz"
_OF_VAULT = ("credential.kept", "credential.removed", "vault.rewritten")


def events(keeper: Keeper) -> list[object]:
    return [each.event for each in keeper.door.ledger.read(types=_OF_VAULT)]


def types(keeper: Keeper) -> list[str]:
    return [each.type for each in keeper.door.ledger.read() if not each.type.startswith("policy.")]


def test_what_is_set_is_listed_without_its_value_and_can_be_had(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    assert list_vault(keeper).key is None
    for kind in sorted(WHOLE):
        binding = Binding(hosts=("h.example.com",), methods=("GET",), paths=("/a/**",))
        set_credential(keeper, kind, kind_named(kind), WHOLE[kind], binding)
    again = keeper_in(tmp_path)
    listed = list_vault(again)
    secrets = {(kind, part.name) for kind in WHOLE for part in kind_named(kind).secrets}
    assert (listed.key, listed.generation) == (KeyPlace.FILE, len(WHOLE))
    assert listed.credentials == tuple(
        ShownCredential(
            name=kind,
            kind=kind,
            parts=tuple(
                ShownPart(name=name, value=value)
                for name, value in sorted(WHOLE[kind].items())
                if (kind, name) not in secrets
            ),
            hosts=("h.example.com",),
            methods=("GET",),
            paths=("/a/**",),
            made_at=each.made_at,
            rotated_at=None,
            used_at=None,
        )
        for kind, each in zip(sorted(WHOLE), listed.credentials, strict=True)
    )
    basic = again.vault.credential("basic", recorded=again.recorded())
    assert basic.authentication.password.reveal().decode() == WHOLE["basic"]["password"]


def test_each_change_is_decided_first_and_recorded_by_name_and_kind(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    put(keeper)
    rotate(keeper, "github", {"token": _OTHER})
    assert value_of(keeper) == _OTHER
    remove(keeper, "github")
    rekey(keeper, KeyPlace.FILE)
    assert events(keeper) == [
        CredentialKept(credential="github", kind="bearer", rotated=False, generation=1),
        CredentialKept(credential="github", kind="bearer", rotated=True, generation=2),
        CredentialRemoved(credential="github", kind="bearer", generation=3),
        VaultRewritten(why=RewrittenWhy.REKEYED, key="file", credentials=0, generation=4),
    ]
    one = ["decision.made/1", "credential.kept/1", "effect.done/1"]
    assert types(keeper)[:3] == one
    everything = (tmp_path / "state" / "ledger.sqlite").read_bytes()
    everything += (tmp_path / "state" / "ledger.sqlite-wal").read_bytes()
    assert b"credential.keep" in everything
    assert TOKEN.encode() not in everything and _OTHER.encode() not in everything


@pytest.mark.parametrize("then", ["deny", "ask"])
def test_what_the_policy_does_not_let_changes_nothing(tmp_path: Path, then: str) -> None:
    put(keeper_in(tmp_path))
    before = files_of(tmp_path)
    keeper = keeper_in(
        tmp_path,
        f"version: 1\nagents: {{mode: enforce, rules: [{{actions: credential.keep, then: {then}}}]}}\n",
    )
    for change in (
        lambda: put(keeper, "other"),
        lambda: rotate(keeper, "github", {"token": _OTHER}),
        lambda: remove(keeper, "github"),
        lambda: rekey(keeper, KeyPlace.FILE),
        lambda: restore(keeper, None),
    ):
        with pytest.raises(ActionRefused):
            change()
    assert files_of(tmp_path) == before
    assert events(keeper)[1:] == []


def test_a_policy_can_tell_changes_and_hosts_apart(tmp_path: Path) -> None:
    rules = """
version: 1
agents:
  mode: enforce
  rules:
    - {id: ours, actions: credential.keep, match: {change: set, hosts: "*.example.com"}, then: allow}
"""
    keeper = keeper_in(tmp_path, rules)
    put(keeper, host="api.example.com")
    for change in (lambda: put(keeper, "other", host="api.example.org"), lambda: remove(keeper, "github")):
        with pytest.raises(ActionRefused):
            change()


def test_the_closed_document_lets_people_keep_credentials_and_no_agent(tmp_path: Path) -> None:
    from ringfence.policy import built_in

    strict = Path(built_in.__file__).parent / "documents" / "strict.yaml"
    keeper = keeper_in(tmp_path, strict.read_text())
    put(keeper)
    by_agent = CredentialKeep(
        agent="claude", change=CredentialChange.REMOVE, credential="github", kind="bearer", hosts=()
    )
    assert not keeper.door.policy().decide(by_agent, now=keeper.door.now()).may_proceed


def test_a_receipt_is_for_exactly_what_was_decided(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    made = put(keeper)
    seals = keeper.door.seals

    def receipt(change: CredentialChange, **changes: object) -> object:
        facts = {"credential": "github", "kind": "bearer", "hosts": ("api.github.com",)} | changes
        return keeper.door.pass_(CredentialKeep(change=change, **facts))

    vault, recorded = keeper.vault, keeper.recorded()
    for wrong in (
        {"credential": "other"},
        {"kind": "basic"},
        {"hosts": ("evil.example.com",)},
    ):
        with pytest.raises(CredentialRefused, match="not what was decided"):
            vault.keep(receipt(CredentialChange.ROTATE, **wrong), made, seals=seals, recorded=recorded)
    for change in (CredentialChange.REMOVE, CredentialChange.REKEY, CredentialChange.RESTORE):
        with pytest.raises(CredentialRefused, match="not what was decided"):
            vault.keep(receipt(change), made, seals=seals, recorded=recorded)
    with pytest.raises(CredentialRefused, match="not what was decided"):
        vault.remove(receipt(CredentialChange.ROTATE), seals=seals, recorded=recorded)
    with pytest.raises(CredentialRefused, match="not what was decided"):
        vault.rekey(receipt(CredentialChange.SET), KeyPlace.FILE, seals=seals, recorded=recorded)
    with pytest.raises(CredentialRefused, match="not what was decided"):
        vault.restore(receipt(CredentialChange.SET), b"", seals=seals, recorded=recorded)
    once = receipt(CredentialChange.ROTATE)
    vault.keep(once, made, seals=seals, recorded=recorded)
    with pytest.raises(ReceiptRefused):
        vault.keep(once, made, seals=seals, recorded=recorded)


def test_what_is_there_is_not_set_again_and_what_is_not_there_is_not_rotated(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    put(keeper)
    with pytest.raises(CredentialRefused, match="already"):
        put(keeper, value=_OTHER)
    for change in (lambda: rotate(keeper, "other", {"token": _OTHER}), lambda: remove(keeper, "other")):
        with pytest.raises(NoSuchCredential):
            change()
    assert value_of(keeper) == TOKEN


def test_rotating_keeps_the_binding_and_says_when(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    made = put(keeper)
    (listed,) = (rotate(keeper, "github", {"token": _OTHER}) and list_vault(keeper)).credentials
    assert (listed.hosts, listed.made_at) == (made.binding.hosts, made.made_at)
    assert listed.rotated_at is not None
    assert timedelta() <= listed.rotated_at - made.made_at < timedelta(minutes=5)


def test_a_pattern_that_policies_do_not_know_is_refused_before_anything_is_decided(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    binding = Binding(hosts=("example.com",), paths=("/a[b]",))
    with pytest.raises(BadGlob):
        set_credential(keeper, "x", kind_named("bearer"), {"token": TOKEN}, binding)
    assert types(keeper) == []


def test_the_key_moves_from_place_to_place_and_the_old_one_is_forgotten(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    before = files_of(tmp_path)
    state = rekey(keeper_in(tmp_path, ask=passphrase), KeyPlace.PASSPHRASE)
    after = files_of(tmp_path)
    assert set(after) == {"vault", "vault.copy", "vault.lock"}
    assert (state.header.key.place, state.header.key.cost) == (KeyPlace.PASSPHRASE, 17)
    assert value_of(keeper_in(tmp_path, ask=passphrase)) == TOKEN
    with pytest.raises(VaultLocked, match="the passphrase is another"):
        list_vault(keeper_in(tmp_path, ask=lambda _new: Secret(PASSPHRASE + b"x")))
    rekey(keeper_in(tmp_path, ask=passphrase), KeyPlace.FILE)
    keys = [each for each in files_of(tmp_path) if each.endswith(".key")]
    assert len(keys) == 1 and keys[0] not in before
    assert value_of(keeper_in(tmp_path)) == TOKEN


def test_a_passphrase_that_is_too_short_changes_nothing(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    before = files_of(tmp_path)
    with pytest.raises(VaultLocked, match="fewer than 12"):
        rekey(keeper_in(tmp_path, ask=lambda _new: Secret(b"short")), KeyPlace.PASSPHRASE)
    assert files_of(tmp_path) == before


def test_the_same_passphrase_typed_as_other_code_points_opens_too(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    rekey(keeper_in(tmp_path, ask=lambda _new: Secret("käse und brötchen".encode())), KeyPlace.PASSPHRASE)
    other = "ka\u0308se und bro\u0308tchen".encode()
    assert value_of(keeper_in(tmp_path, ask=lambda _new: Secret(other))) == TOKEN


def test_the_key_moves_into_a_keyring_and_out_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda service, name: kept.get((service, name)))
    monkeypatch.setattr(
        keyring, "set_password", lambda service, name, text: kept.update({(service, name): text})
    )
    monkeypatch.setattr(keyring, "delete_password", lambda service, name: kept.pop((service, name)))
    put(keeper_in(tmp_path))
    rekey(keeper_in(tmp_path), KeyPlace.KEYRING)
    assert not [each for each in files_of(tmp_path) if each.endswith(".key")]
    assert [service for service, _ in kept] == ["ringfence vault"]
    assert value_of(keeper_in(tmp_path)) == TOKEN
    emptied = dict(kept)
    kept.clear()
    with pytest.raises(VaultLocked, match="no longer has"):
        list_vault(keeper_in(tmp_path))
    kept.update(emptied)
    rekey(keeper_in(tmp_path), KeyPlace.FILE)
    assert kept == {}
    assert value_of(keeper_in(tmp_path)) == TOKEN


def test_a_keyring_that_forgets_at_once_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    monkeypatch.setattr(keyring, "get_password", lambda _service, _name: None)
    monkeypatch.setattr(keyring, "set_password", lambda _service, _name, _text: None)
    put(keeper_in(tmp_path))
    with pytest.raises(VaultLocked, match="does not keep"):
        rekey(keeper_in(tmp_path), KeyPlace.KEYRING)
    assert value_of(keeper_in(tmp_path)) == TOKEN


def test_without_its_key_the_vault_stays_closed_and_whole(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    (key,) = (tmp_path / "state").glob("vault-*.key")
    aside = key.rename(tmp_path / "aside")
    before = files_of(tmp_path)
    for use in (list_vault, put):
        with pytest.raises(VaultLocked):
            use(keeper_in(tmp_path))
    assert files_of(tmp_path) == before
    aside.rename(key)
    assert value_of(keeper_in(tmp_path)) == TOKEN


def test_a_copy_brings_back_what_was_cut_and_both_hold_the_same(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    state = tmp_path / "state"
    assert (state / "vault").read_bytes() == (state / "vault.copy").read_bytes()
    (state / "vault").write_bytes((state / "vault").read_bytes()[:-1])
    with pytest.raises(VaultRefused, match="cut or changed"):
        list_vault(keeper_in(tmp_path))
    restored = restore(keeper_in(tmp_path), None)
    assert [each.name for each in restored.entries] == ["github"]
    keeper = keeper_in(tmp_path)
    assert value_of(keeper) == TOKEN
    assert events(keeper)[-1] == VaultRewritten(
        why=RewrittenWhy.RESTORED, key="file", credentials=1, generation=2
    )


def test_an_older_vault_comes_back_only_by_restoring_it(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    older = shutil.copy(tmp_path / "state" / "vault", tmp_path / "older")
    put(keeper_in(tmp_path), "second")
    for name in ("vault", "vault.copy"):
        shutil.copy(older, tmp_path / "state" / name)
    with pytest.raises(VaultRefused, match=r"state 1 .* seen state 2"):
        list_vault(keeper_in(tmp_path))
    restore(keeper_in(tmp_path), Path(older).read_bytes())
    listed = list_vault(keeper_in(tmp_path))
    assert ([each.name for each in listed.credentials], listed.generation) == (["github"], 3)


def test_what_is_no_vault_is_not_restored(tmp_path: Path) -> None:
    put(keeper_in(tmp_path))
    before = files_of(tmp_path)
    for data in (b"", b"ringfence vault 1\n", before["vault"][:-1]):
        with pytest.raises(VaultRefused):
            restore(keeper_in(tmp_path), data)
    assert files_of(tmp_path) == before


def test_without_a_copy_there_is_nothing_to_restore(tmp_path: Path) -> None:
    with pytest.raises(VaultRefused, match="no copy"):
        restore(keeper_in(tmp_path), None)


def _put_many(folder: Path, first: int) -> None:
    keeper = keeper_in(folder)
    for number in range(first, first + 5):
        put(keeper, f"c{number}", value=f"token-number-{number}")
    keeper.door.ledger.close()
    os._exit(0)


def test_two_writers_lose_nothing_of_each_other(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    put(keeper, "first")
    keeper.door.ledger.close()
    spawned = multiprocessing.get_context("fork")
    writers = [spawned.Process(target=_put_many, args=(tmp_path, 5 * each)) for each in range(3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)
    assert [each.exitcode for each in writers] == [0, 0, 0]
    keeper = keeper_in(tmp_path)
    assert {each.name for each in keeper.entries()} == {"first", *(f"c{number}" for number in range(15))}
    assert value_of(keeper, "c7") == "token-number-7"
    assert keeper.recorded() == 16


def test_of_two_writers_the_later_one_may_be_recorded_first(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    put(keeper)
    put(keeper, "second")
    for generation in (4, 3):
        event = CredentialKept(credential="x", kind="bearer", rotated=True, generation=generation)
        keeper.door.ledger.append(event, stream=keeper.door.stream, durability=Durability.FSYNC)
    assert keeper.recorded() == 4


@pytest.mark.parametrize("at", [1, 2])
def test_a_write_that_fails_leaves_the_last_good_state(tmp_path: Path, at: int) -> None:
    put(keeper_in(tmp_path))
    keeper = keeper_in(tmp_path)
    written: list[Path] = []
    write = keeper.vault.files.write

    def failing(path: Path, data: bytes) -> None:
        written.append(path)
        if len(written) == at:
            raise VaultRefused("the disk is full", hint="make room")
        write(path, data)

    object.__setattr__(keeper.vault.files, "write", failing)
    with pytest.raises(VaultRefused, match="full"):
        rotate(keeper, "github", {"token": _OTHER})
    again = keeper_in(tmp_path)
    assert value_of(again) == (TOKEN if at == 1 else _OTHER)
    assert types(again)[-1] == "effect.failed/1"
    put(again, "second")
    assert len(again.entries()) == 2


def test_files_are_taken_in_and_what_became_of_each_value_is_said(tmp_path: Path) -> None:
    env, netrc = tmp_path / ".env", tmp_path / ".netrc"
    env.write_text(f"GITHUB_TOKEN={TOKEN}\nDEBUG=1\nDB_PASSWORD=hunter2hunter2\nOPENAI_API_KEY=x y\n")
    netrc.write_text("machine git.example.com login ann password s3cretWord9\n")
    keeper = keeper_in(tmp_path)
    taken = take_in(keeper, [env, netrc], hosts=())

    def went(
        file: Path, line: int, name: str, kind: str | None, host: str | None, skipped: str | None
    ) -> Went:
        hosts = () if host is None else (host,)
        return Went(file=str(file), line=line, name=name, kind=kind, hosts=hosts, skipped=skipped)

    assert taken.values == (
        went(env, 1, "GITHUB_TOKEN", "bearer", "api.github.com", None),
        went(env, 2, "DEBUG", None, None, "does not look like a secret"),
        went(
            env, 3, "DB_PASSWORD", None, None, "nobody knows where it is used: name --host, or set it alone"
        ),
        went(
            env,
            4,
            "OPENAI_API_KEY",
            None,
            None,
            "bearer: token (the token): it has blanks, control characters or characters outside ASCII",
        ),
        went(netrc, 1, "git.example.com", "basic", "git.example.com", None),
    )
    assert not taken.complete
    assert "hunter2" not in repr(taken) and TOKEN not in repr(taken)
    again = take_in(keeper, [env], hosts=("db.example.com",))
    assert [each.skipped for each in again.values][:3] == [
        "there is one of that name already",
        "does not look like a secret",
        None,
    ]
    assert value_of(keeper, "GITHUB_TOKEN") == TOKEN
    assert value_of(keeper, "DB_PASSWORD") == "hunter2hunter2"


def test_when_one_file_is_none_that_is_known_none_is_taken(tmp_path: Path) -> None:
    env, bad = tmp_path / ".env", tmp_path / "bad.json"
    env.write_text(f"GITHUB_TOKEN={TOKEN}\n")
    bad.write_text("{")
    for other, error in ((bad, CredentialRefused), (tmp_path / "none", UsageError)):
        with pytest.raises(error):
            take_in(keeper_in(tmp_path), [env, other], hosts=())
    assert files_of(tmp_path) == {}
