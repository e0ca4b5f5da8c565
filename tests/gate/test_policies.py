"""Which documents are taken, which are refused, and what stays in force meanwhile."""

import dataclasses
import os
from pathlib import Path

import pytest

from doors import door_in, places
from ringfence.core.actions import ModelSign
from ringfence.core.decisions import Effect
from ringfence.core.errors import RingfenceError
from ringfence.gate.door import Door
from ringfence.gate.finding import Candidate, DocumentRefused, Places, candidates, read
from ringfence.policy.problems import PolicyRefused
from ringfence.policy.rule import Tier

_SIGN = ModelSign(name="llama", path="/models/llama", signer="key:00")


def _policy(then: str, *, serial: int | None = None) -> str:
    line = f"serial: {serial}\n" if serial is not None else ""
    return f"version: 1\n{line}models:\n  mode: enforce\n  rules: [{{actions: [model.sign], then: {then}}}]\n"


_DENY, _ALLOW = _policy("deny"), _policy("allow")
_BROKEN = "version: 1\nmodells: {}\n"


def effect(door: Door) -> Effect:
    return door.policy().decide(_SIGN, now=door.now()).effect


def policy_events(door: Door) -> list[str]:
    return [each.type for each in door.ledger.read(types=["policy.loaded", "policy.refused"])]


def refusal(candidate: Candidate, at: Places) -> str:
    with pytest.raises(DocumentRefused) as refused:
        read(candidate, at)
    assert refused.value.hint
    return refused.value.what


def at_system(folder: Path) -> Candidate:
    return Candidate(tier=Tier.SYSTEM, path=folder / "system.yaml", root=None)


def test_a_change_is_noticed_at_the_next_decision_and_recorded_once(tmp_path: Path) -> None:
    door = door_in(tmp_path, _DENY)
    assert [effect(door), effect(door)] == [Effect.DENY, Effect.DENY]
    (tmp_path / "system.yaml").write_text(_ALLOW)
    assert [effect(door), effect(door)] == [Effect.ALLOW, Effect.ALLOW]
    (tmp_path / "system.yaml").unlink()
    assert effect(door) is Effect.ALLOW
    assert policy_events(door) == ["policy.loaded/1"] * 3


def test_a_new_process_with_the_same_policy_records_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        door = door_in(tmp_path, _DENY)
        assert effect(door) is Effect.DENY
        door.ledger.close()
    assert policy_events(door_in(tmp_path)) == ["policy.loaded/1"]


def test_a_document_that_does_not_load_leaves_the_last_good_one_in_force_and_says_so(tmp_path: Path) -> None:
    door = door_in(tmp_path, _DENY)
    assert effect(door) is Effect.DENY
    (tmp_path / "system.yaml").write_text(_BROKEN)
    assert [effect(door), effect(door)] == [Effect.DENY, Effect.DENY]
    trouble = door.policies.trouble
    assert trouble is not None and trouble.what.startswith(f"{tmp_path}/system.yaml:2:1: ")
    (refused,) = [each.event for each in door.ledger.read(types=["policy.refused"])]
    assert (refused.faults[0].line, refused.in_force) == (2, door.policy().digest)
    (tmp_path / "system.yaml").write_text(_ALLOW)
    assert (effect(door), door.policies.trouble) == (Effect.ALLOW, None)


def test_the_last_good_policy_is_in_force_in_later_processes_too(tmp_path: Path) -> None:
    assert effect(door_in(tmp_path, _DENY)) is Effect.DENY
    for _ in range(2):
        later = door_in(tmp_path, _BROKEN)
        assert effect(later) is Effect.DENY
        assert later.policies.trouble is not None
        later.ledger.close()
    assert policy_events(door_in(tmp_path)) == ["policy.loaded/1", "policy.refused/1"]


def test_without_a_good_policy_nothing_is_decided(tmp_path: Path) -> None:
    door = door_in(tmp_path, _BROKEN)
    for _ in range(2):
        with pytest.raises(PolicyRefused):
            door.pass_(_SIGN)
    (refused,) = [each.event for each in door.ledger.read(types=["policy.refused"])][:1]
    assert refused.in_force is None


def test_a_policy_that_was_kept_and_damaged_is_no_policy(tmp_path: Path) -> None:
    assert effect(door_in(tmp_path, _DENY)) is Effect.DENY
    (kept,) = (tmp_path / "state" / "policies").iterdir()
    for content in (b"", b"{}", b'{"digest": 1, "files": 2, "refused": 3}', b"[" * 100_000):
        kept.write_bytes(content)
        with pytest.raises(PolicyRefused):
            effect(door_in(tmp_path, _BROKEN))


def test_system_and_user_are_joined_and_a_working_tree_only_restricts(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ALLOW)
    assert effect(door) is Effect.ALLOW
    (tmp_path / "user.yaml").write_text(_DENY)
    assert effect(door) is Effect.DENY
    (tmp_path / "user.yaml").unlink()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "ringfence.yaml").write_text(_DENY)
    assert effect(door_in(tmp_path)) is Effect.DENY
    door_in(tmp_path, _DENY)
    (tmp_path / "tree" / "ringfence.yaml").write_text(_ALLOW)
    assert effect(door_in(tmp_path)) is Effect.DENY


def test_an_older_edition_of_the_systems_document_does_not_come_back(tmp_path: Path) -> None:
    door = door_in(tmp_path, _policy("deny", serial=5))
    assert effect(door) is Effect.DENY
    for older in (_policy("allow", serial=4), _ALLOW):
        (tmp_path / "system.yaml").write_text(older)
        assert effect(door) is Effect.DENY
        assert "one with serial 5 was in force" in str(door.policies.trouble)
        assert effect(door_in(tmp_path)) is Effect.DENY
    (tmp_path / "system.yaml").unlink()
    assert effect(door) is Effect.DENY
    assert "it is gone" in str(door.policies.trouble)
    for same_or_newer in (_policy("allow", serial=5), _policy("deny", serial=6)):
        (tmp_path / "system.yaml").write_text(same_or_newer)
        assert effect(door) is (Effect.ALLOW if "allow" in same_or_newer else Effect.DENY)
        assert door.policies.trouble is None


def test_a_users_document_may_have_any_serial(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    for serial in (5, 4):
        (tmp_path / "user.yaml").write_text(_policy("deny", serial=serial))
        assert effect(door) is Effect.DENY
        assert door.policies.trouble is None


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_document_that_others_can_write_to_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "system.yaml"
    path.write_text(_DENY)
    path.chmod(mode)
    with pytest.raises(DocumentRefused) as refused:
        read(at_system(tmp_path), places(tmp_path))
    assert (refused.value.what, refused.value.hint) == (
        f"{path}: others can write to {path}",
        f"run: chmod go-w {path}",
    )


def test_a_folder_on_the_way_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "system.yaml").write_text(_DENY)
    assert read(at_system(shared), places(tmp_path)) is not None
    shared.chmod(0o777)
    assert (
        refusal(at_system(shared), places(tmp_path)) == f"{shared}/system.yaml: others can write to {shared}"
    )
    shared.chmod(0o1777)  # as /tmp: nobody moves another's file there
    assert read(at_system(shared), places(tmp_path)) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_document_of_somebody_elses_is_refused_by_tier(tmp_path: Path) -> None:
    path = tmp_path / "system.yaml"
    path.write_text(_DENY)
    os.chown(path, 12345, 12345)
    mine = dataclasses.replace(places(tmp_path), owners=frozenset({0}), user_id=12345)
    assert "belongs to somebody else" in refusal(at_system(tmp_path), mine)
    assert read(Candidate(tier=Tier.USER, path=path, root=None), mine) is not None


def test_a_link_is_followed_as_long_as_everything_on_its_way_is_safe(tmp_path: Path) -> None:
    safe, shared = tmp_path / "safe", tmp_path / "shared"
    safe.mkdir()
    shared.mkdir()
    for folder in (safe, shared):
        (folder / "policy.yaml").write_text(_DENY)
    shared.chmod(0o777)
    link = tmp_path / "system.yaml"
    link.symlink_to("safe/../safe/policy.yaml")
    assert read(at_system(tmp_path), places(tmp_path)) is not None
    link.unlink()
    link.symlink_to(shared / "policy.yaml")
    assert "others can write to" in refusal(at_system(tmp_path), places(tmp_path))
    link.unlink()
    link.symlink_to("system.yaml")
    assert "cannot be read" in refusal(at_system(tmp_path), places(tmp_path))


def test_what_is_no_file_or_leads_nowhere_is_refused_and_blocks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "system.yaml"
    path.mkdir()
    assert refusal(at_system(tmp_path), places(tmp_path)) == f"{path}: not a regular file"
    path.rmdir()
    os.mkfifo(path, 0o600)
    assert refusal(at_system(tmp_path), places(tmp_path)) == f"{path}: not a regular file"
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    assert "cannot be read" in refusal(at_system(tmp_path), places(tmp_path))
    path.unlink()
    assert read(at_system(tmp_path), places(tmp_path)) is None


def test_a_huge_document_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "system.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(RingfenceError):
        door_in(tmp_path).policy()


def test_the_working_tree_reaches_from_the_repositorys_root_to_where_one_stands(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    at = dataclasses.replace(places(tmp_path), folder=inner)
    trees = [each.path for each in candidates(at) if each.tier is Tier.WORKING_TREE]
    assert trees == [inner / "ringfence.yaml"]  # outside of any repository
    (root / ".git").mkdir()
    trees = [each.path for each in candidates(at) if each.tier is Tier.WORKING_TREE]
    assert trees == [each / "ringfence.yaml" for each in (root, root / "a", inner)]


def test_a_working_trees_document_is_no_link_out_of_it(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / ".git").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text(_ALLOW)
    (tree / "ringfence.yaml").symlink_to("../outside.yaml")
    (candidate,) = [each for each in candidates(places(tmp_path)) if each.tier is Tier.WORKING_TREE]
    assert "a link that leads out of the working tree" in refusal(candidate, places(tmp_path))
    (tree / "ringfence.yaml").unlink()
    (tree / "shared.yaml").write_text(_DENY)
    (tree / "ringfence.yaml").symlink_to("shared.yaml")
    assert read(candidate, places(tmp_path)) is not None


def test_a_policy_is_asked_for_cheaply(tmp_path: Path) -> None:
    door = door_in(tmp_path, _DENY)
    assert door.policy() is door.policy()
