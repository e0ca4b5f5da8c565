from pathlib import Path

import pytest

from ringfence.core.errors import UnreadableScope
from ringfence.endpoint.model_tree import ModelTree, list_model


def listed(path: Path, *, allow_symlinks: bool = False, without: tuple[str, ...] = ()) -> ModelTree:
    return list_model(path, allow_symlinks=allow_symlinks, passing=lambda name: name in without)


def snapshot(folder: Path) -> Path:
    """A revision of a hub cache: links to blobs beside it, and one to another model's blob."""
    for blob in ("models--acme--tiny/blobs/aa", "models--acme--other/blobs/bb"):
        (folder / blob).parent.mkdir(parents=True)
        (folder / blob).write_bytes(b"x")
    made = folder / "models--acme--tiny/snapshots/rev"
    made.mkdir(parents=True)
    (made / "own").symlink_to("../../blobs/aa")
    (made / "foreign").symlink_to("../../../models--acme--other/blobs/bb")
    return made


def test_every_file_below_is_listed_and_what_is_passed_is_named(tmp_path: Path) -> None:
    for name in ("a", "deep/er/b", "deep/c", "left/out"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    tree = listed(tmp_path, without=("left", "deep/c"))
    assert {name: file.size_bytes for name, file in tree.files.items()} == {"a": 1, "deep/er/b": 9}
    assert (tree.single, tree.refused, tree.passed) == (False, {}, ("deep/c", "left"))


def test_a_single_file_is_listed_under_a_dot_and_a_link_to_it_leads_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("a")
    for path in (tmp_path / "a", tmp_path / "link"):
        tree = listed(path)
        assert (tree.single, tree.root, list(tree.files)) == (True, tmp_path / "a", ["."])


def test_links_count_only_where_they_are_allowed_and_stay_in_the_models_own_store(tmp_path: Path) -> None:
    made = snapshot(tmp_path)
    assert listed(made).refused == {"own": "it is a symbolic link", "foreign": "it is a symbolic link"}
    allowed = listed(made, allow_symlinks=True)
    assert allowed.files["own"].path == tmp_path / "models--acme--tiny/blobs/aa"
    assert allowed.refused == {"foreign": "it is a symbolic link out of the model's own store"}


def test_a_folder_beside_blobs_that_is_no_hub_cache_has_no_blobs(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/aa").write_bytes(b"x")
    made = tmp_path / "snapshots/rev"
    made.mkdir(parents=True)
    (made / "own").symlink_to("../../blobs/aa")
    assert listed(made, allow_symlinks=True).refused == {
        "own": "it is a symbolic link out of the model's own store"
    }


def test_where_there_is_nothing_to_list_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    for name in ("nothing", "round"):
        with pytest.raises(UnreadableScope):
            listed(tmp_path / name)
    with pytest.raises(UnreadableScope, match="neither a file nor a folder"):
        listed(Path("/dev/null"))
