"""Addresses of submodules and remotes that make git start a program, or that begin with a dash."""

from pathlib import Path

import pytest

from ringfence.sandbox.tree.git_config import parse, written
from ringfence.sandbox.tree.git_rules import harmful
from working_trees import copy_of, git, start


def test_the_address_of_a_planted_submodule_starts_nothing(tmp_path: Path) -> None:
    """Where the host allows the transport, as `protocol.allow` of a careless person does."""
    run, marker = start(tmp_path), tmp_path / "acted"
    run.begin()
    other = run.tree / "sub"
    git(run.tree, "clone", "-q", str(run.tree), "sub")
    git(other, "config", "remote.origin.url", f"ext::sh -c touch% {marker}")
    fetch = ("-c", "protocol.ext.allow=always", "fetch")
    git(copy_of(run.tree, tmp_path / "unswept") / "sub", *fetch, check=False)
    assert marker.exists(), "without the sweep the attack succeeds"
    marker.unlink()
    assert run.refused() == ["sub/.git/config"]
    git(run.tree / "sub", *fetch, check=False)
    assert not marker.exists()


def test_a_changed_list_of_submodules_is_told_of(tmp_path: Path) -> None:
    run = start(tmp_path)
    (run.tree / ".gitmodules").write_text('[submodule "a"]\n\tpath = a\n\turl = ../a.git\n')
    run.begin()
    (run.tree / ".gitmodules").write_text('[submodule "a"]\n\tpath = a\n\turl = ext::evil\n')
    (refused,) = run.end()
    assert (refused.path, refused.why, refused.kept) == (
        f"{run.tree}/.gitmodules",
        "changed: git fetches from and sends to where it says",
        None,
    )


@pytest.mark.parametrize(
    "address",
    [
        *(b"ext::sh -c evil", b"fd::17", b"-u./evil", b"--upload-pack=evil", b"ssh://-oProxyCommand=evil/x"),
        *(b"-oProxyCommand=evil:x", b"testgit::/x", b"javascript://x", b"a\nb", b"", b"foo::bar"),
        *(b"git@-oProxyCommand=evil:x", b"a b"),
    ],
)
def test_an_address_that_could_run_something_is_harmful(address: bytes) -> None:
    for section, key in ((b"remote", b"url"), (b"remote", b"pushurl"), (b"submodule", b"url")):
        config = parse(written(section, b"a", [(key, address)]))
        assert list(harmful(config, None, inside=lambda _: False)) == [section + b".a." + key]


@pytest.mark.parametrize(
    "address",
    [
        *(b"https://git.example.com/a/b.git", b"git@git.example.com:a/b.git", b"../a.git", b"/srv/a.git"),
        *(b"ssh://git@git.example.com:22/a", b"file:///srv/a", b"host:a", b"git://git.example.com/a"),
    ],
)
def test_an_ordinary_address_is_not(address: bytes) -> None:
    config = parse(written(b"remote", b"a", [(b"url", address)]))
    assert list(harmful(config, None, inside=lambda _: False)) == []


@pytest.mark.parametrize("update", [b"!touch acted", b"!command", b"CHECKOUT"])
def test_a_submodule_brings_no_command(update: bytes) -> None:
    config = parse(written(b"submodule", b"a", [(b"update", update)]))
    assert list(harmful(config, None, inside=lambda _: False)) == [b"submodule.a.update"]
