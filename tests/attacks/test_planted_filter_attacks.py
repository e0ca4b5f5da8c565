"""Programs that git starts for a filter, a monitor or a transfer, planted for whoever calls git outside."""

from pathlib import Path

import pytest

from working_trees import copy_of, git, inside, start


def _use(tree: Path) -> None:
    """What an editor does every few seconds, and a person now and then."""
    (tree / "file.txt").write_text("changed\n")
    git(tree, "status", check=False)
    git(tree, "diff", check=False)
    git(tree, "add", "file.txt", check=False)
    git(tree, "fetch", check=False)


@pytest.mark.parametrize(
    ("key", "attributes"),
    [
        ("filter.x.clean", "*.txt filter=x\n"),
        ("filter.x.process", "*.txt filter=x\n"),
        ("diff.x.textconv", "*.txt diff=x\n"),
        ("diff.x.command", "*.txt diff=x\n"),
        ("diff.external", ""),
        ("core.fsmonitor", ""),
        ("core.sshCommand", "ssh"),
        ("remote.origin.uploadpack", "remote"),
    ],
)
def test_a_program_that_a_box_named_to_git_never_runs(key: str, attributes: str, tmp_path: Path) -> None:
    run, marker = start(tmp_path), tmp_path / "acted"
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    origin = "ssh://localhost/nowhere" if attributes == "ssh" else str(tmp_path / "origin.git")
    git(run.tree, "remote", "add", "origin", origin)
    found = run.begin()
    if attributes.startswith("*"):
        (run.tree / ".gitattributes").write_text(attributes)
    with inside(run, found):
        git(run.tree, "config", key, f"touch {marker}; cat")
        _use(copy_of(run.tree, tmp_path / "unswept"))
    assert marker.exists(), "as the box sees it the attack succeeds"
    marker.unlink()
    assert [each.why for each in run.end()] == [f"set in the box only: {key.lower()}"]
    _use(run.tree)
    assert not marker.exists()


@pytest.mark.parametrize("key", ["core.fsmonitor", "include.path", "alias.co", "credential.helper"])
def test_what_reaches_the_configuration_itself_is_taken_back(key: str, tmp_path: Path) -> None:
    """As when somebody outside replaced the file meanwhile: then no mount is over it any more."""
    run = start(tmp_path)
    before = (run.tree / ".git/config").read_bytes()
    run.begin()
    git(run.tree, "config", key, "evil")
    (refused,) = run.end()
    assert (refused.why, refused.is_restored) == (f"git would act on {key.lower()}", True)
    assert (run.tree / ".git/config").read_bytes() == before
    assert refused.kept is not None
    assert b"evil" in Path(refused.kept).read_bytes()


def test_work_is_not_sent_to_a_stranger(tmp_path: Path) -> None:
    run = start(tmp_path)
    git(run.tree, "remote", "add", "origin", "https://git.example.com/a.git")
    before = (run.tree / ".git/config").read_bytes()
    for number, key in enumerate(("remote.origin.url", "remote.origin.pushurl", "remote.evil.url")):
        run.begin()
        git(run.tree, "config", key, "https://collect.example.com/a.git")
        git(run.tree, "config", "branch.main.remote", key.split(".")[1])
        whys = [each.why for each in run.end()]
        assert whys[number].startswith(f"git would act on {key}")
        assert (run.tree / ".git/config").read_bytes() == before


def test_what_a_person_outside_set_of_no_power_stays(tmp_path: Path) -> None:
    run = start(tmp_path)
    run.begin()
    git(run.tree, "config", "branch.main.remote", ".")
    git(run.tree, "config", "user.name", "somebody")
    after = (run.tree / ".git/config").read_bytes()
    assert run.refused() == []
    assert (run.tree / ".git/config").read_bytes() == after


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("branch.main.remote", "ext::touch acted"),
        ("branch.main.remote", "https://collect.example.com/"),
        ("branch.main.pushRemote", "https://collect.example.com/"),
        ("branch.main.mergeOptions", "--strategy=evil"),
        ("branch.main.merge", "--upload-pack=touch acted"),
        ("branch.main.description", "\x1b]52;c;ZXZpbA==\x07"),
        ("branch.autoSetupMerge", "always"),
    ],
)
def test_no_branch_leads_where_the_host_did_not_know(key: str, value: str, tmp_path: Path) -> None:
    run = start(tmp_path)
    before = (run.tree / ".git/config").read_bytes()
    found = run.begin()
    with inside(run, found):
        git(run.tree, "config", key, value)
    (refused,) = run.end()
    assert refused.why == f"set in the box only: {key.lower()}"
    assert (run.tree / ".git/config").read_bytes() == before


def test_a_value_never_becomes_a_section(tmp_path: Path) -> None:
    run = start(tmp_path)
    found = run.begin()
    with inside(run, found):
        git(run.tree, "config", "branch.main.description", 'a\n[core]\n\tfsmonitor = "touch acted" \\')
        git(run.tree, "config", 'branch.x"]\n[core.remote', ".", check=False)
    run.end()
    listed = git(run.tree, "config", "--list", "--name-only").split()
    assert "core.fsmonitor" not in listed
    assert git(run.tree, "config", "branch.main.description") == 'a\n[core]\n\tfsmonitor = "touch acted" \\\n'


def test_a_private_copy_that_is_no_file_harms_nobody(tmp_path: Path) -> None:
    from ringfence.sandbox.tree.flow_back import flow_back

    run = start(tmp_path)
    before = (run.tree / ".git/config").read_bytes()
    run.begin()
    copy = run.session / "git/0/config"
    copy.unlink()
    copy.symlink_to("/etc/passwd")
    assert [each.why for each in flow_back(run.session).troubles] == [
        "nothing flows back: the private copy is gone, or no ordinary file"
    ]
    copy.unlink()
    copy.write_bytes(b"[branch\n")
    assert [each.why for each in flow_back(run.session).troubles] == [
        "a configuration cannot be read: nothing flows back"
    ]
    assert (run.tree / ".git/config").read_bytes() == before
    assert sorted(each.name for each in (run.tree / ".git").glob("config*")) == ["config"]
