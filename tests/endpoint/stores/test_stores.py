"""Which roots are looked at, and what one root may cost."""

import dataclasses
from pathlib import Path

import pytest

from endpoint.stores.store_trees import found, home, names, ollama_model, read, write
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint import stores
from ringfence.endpoint.home import Home
from ringfence.endpoint.stores import STORES, StoreRoot, comfyui, gpt4all, ollama, store_roots, tree

TINY = "registry.ollama.ai/library/tiny/latest"


def test_every_store_of_the_table_has_a_name_of_its_own() -> None:
    assert len({store.name for store in STORES}) == len(STORES) == 12


def test_a_home_without_stores_has_no_models_and_nothing_is_skipped(tmp_path: Path) -> None:
    assert found(home(tmp_path)) == []


def test_a_root_is_read_once_however_many_homes_and_links_lead_to_it(tmp_path: Path) -> None:
    ann, bob = tmp_path / "ann", tmp_path / "bob"
    ollama_model(ann / ".ollama/models", TINY)
    bob.mkdir()
    (bob / ".ollama").symlink_to(ann / ".ollama")
    homes = [home(ann), home(bob), home(ann, environment={"OLLAMA_MODELS": str(bob / ".ollama/models")})]
    assert list(store_roots(homes, system=False)) == [
        StoreRoot(store=ollama.STORE, path=ann / ".ollama/models")
    ]
    assert names(*homes) == ["ollama tiny:latest"]


def test_the_roots_of_the_machine_are_looked_at_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ollama_model(tmp_path / "system", TINY)
    moved = dataclasses.replace(ollama.STORE, system_roots=(tmp_path / "system", tmp_path / "gone"))
    monkeypatch.setattr(stores, "STORES", (moved,))
    nobody = Home(path=tmp_path / "nobody", system=home(tmp_path).system)
    assert list(store_roots([nobody], system=False)) == []
    assert list(store_roots([nobody], system=True)) == [StoreRoot(store=moved, path=tmp_path / "system")]


def test_a_file_where_a_root_would_be_is_no_root(tmp_path: Path) -> None:
    write(tmp_path / ".ollama/models", "a file")
    assert found(home(tmp_path)) == []


def test_past_the_limit_of_models_the_result_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "LIMITS", dataclasses.replace(LIMITS, store_models=2))
    for name in "abc":
        write(tmp_path / f"{name}.gguf")
    models = read(gpt4all.STORE, tmp_path)
    assert len(models) == 3
    assert models[2] == Skipped(kind="store", subject=str(tmp_path), reason="more than 2 models")


def test_past_the_limit_of_files_a_model_keeps_the_first_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "LIMITS", dataclasses.replace(LIMITS, model_files=2))
    first = write(tmp_path / "models/vae/x-00001-of-00003.gguf")
    for shard in (2, 3):
        write(tmp_path / f"models/vae/x-0000{shard}-of-00003.gguf")
    model, skipped = read(comfyui.STORE, tmp_path / "models")
    assert not isinstance(model, Skipped)
    assert len(model.files) == 2
    assert skipped == Skipped(kind="store", subject=str(first), reason="more than 2 files in one model")


def test_past_the_limit_of_names_a_store_is_read_no_further_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "LIMITS", dataclasses.replace(LIMITS, store_entries=5))
    for name in range(9):
        write(tmp_path / f"{name}.gguf")
    models = read(gpt4all.STORE, tmp_path)
    assert len(models) == 6
    assert models[5] == Skipped(kind="folder", subject=str(tmp_path), reason="more than 5 names in the store")


def test_past_the_limit_of_record_bytes_no_more_records_are_read_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = LIMITS.store_record_bytes + 2100  # two manifests and a config, each counted as 1 KiB or more
    monkeypatch.setattr(tree, "LIMITS", dataclasses.replace(LIMITS, store_records_bytes=total))
    for tag in "abcd":
        ollama_model(tmp_path, f"registry.ollama.ai/library/tiny/{tag}")
    models = read(ollama.STORE, tmp_path)
    folder = tmp_path / "manifests/registry.ollama.ai/library/tiny"
    assert models[-1] == Skipped(
        kind="file", subject=str(folder), reason=f"more than {total} bytes of records in the store", count=2
    )


def test_below_the_deepest_folder_nothing_is_read_and_the_result_says_so(tmp_path: Path) -> None:
    deep = tmp_path / "models" / "/".join("d" * (LIMITS.store_depth + 1))
    write(deep / "lost.gguf")
    kept = write(deep.parent / "kept.gguf")
    model, skipped = read(comfyui.STORE, tmp_path / "models")
    assert not isinstance(model, Skipped)
    assert model.location == kept
    assert skipped == Skipped(
        kind="folder", subject=str(deep), reason=f"more than {LIMITS.store_depth} folders deep"
    )
