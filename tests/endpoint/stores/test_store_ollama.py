import json
from pathlib import Path

import pytest

from endpoint.stores.store_trees import home, names, ollama_manifest, ollama_model, read, sha256, write
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import System
from ringfence.endpoint.stores.ollama import STORE
from ringfence.endpoint.stores.store import StoredFile, StoredModel

CONFIG = {"model_format": "gguf"}


def stored(root: Path, role: str, data: bytes) -> StoredFile:
    return StoredFile(path=root / "blobs" / f"sha256-{sha256(data)}", name=role, sha256_claimed=sha256(data))


def test_a_model_has_the_name_users_write_the_manifests_digest_and_its_layers_by_role(tmp_path: Path) -> None:
    manifest = ollama_model(
        tmp_path, "registry.ollama.ai/library/tiny/1b", config=CONFIG, model=b"GGUF", license=b"MIT"
    )
    assert read(STORE, tmp_path) == [
        StoredModel(
            store="ollama",
            name="tiny:1b",
            revision=sha256(manifest.read_bytes()),
            location=manifest,
            files=(
                stored(tmp_path, "config", json.dumps(CONFIG).encode()),
                stored(tmp_path, "model", b"GGUF"),
                stored(tmp_path, "license", b"MIT"),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("registry.ollama.ai/library/tiny/latest", "tiny:latest"),
        ("registry.ollama.ai/acme/tiny/latest", "acme/tiny:latest"),
        ("hf.co/acme/tiny-GGUF/Q4_K_M", "hf.co/acme/tiny-GGUF:Q4_K_M"),
        ("hub.corp/library/tiny/latest", "hub.corp/library/tiny:latest"),
    ],
)
def test_host_and_namespace_are_left_out_only_where_they_are_the_default(
    tmp_path: Path, path: str, name: str
) -> None:
    ollama_model(tmp_path, path)
    assert [model.name for model in read(STORE, tmp_path) if isinstance(model, StoredModel)] == [name]


def test_a_config_with_a_remote_host_is_a_cloud_model(tmp_path: Path) -> None:
    config = {"remote_host": "https://ollama.com:443", "remote_model": "big"}
    manifest = ollama_model(
        tmp_path, "registry.ollama.ai/library/big/cloud", config=config, template=b"{{ }}"
    )
    assert read(STORE, tmp_path) == [
        StoredModel(
            store="ollama",
            name="big:cloud",
            revision=sha256(manifest.read_bytes()),
            location=manifest,
            files=(
                stored(tmp_path, "config", json.dumps(config).encode()),
                stored(tmp_path, "template", b"{{ }}"),
            ),
            remote=True,
        )
    ]


def test_a_newer_manifest_is_a_link_to_a_blob_and_counts_instead_of_the_older_one(tmp_path: Path) -> None:
    ollama_model(tmp_path, "registry.ollama.ai/library/tiny/latest", model=b"GGUF old")
    manifest = ollama_manifest(tmp_path, CONFIG, {"model": b"GGUF new"})
    blob = write(tmp_path / "blobs" / f"sha256-{sha256(manifest)}", manifest)
    link = tmp_path / "manifests-v2/registry.ollama.ai/library/tiny/latest"
    link.parent.mkdir(parents=True)
    link.symlink_to(Path("../../../../blobs", blob.name))
    (model,) = read(STORE, tmp_path)
    assert isinstance(model, StoredModel)
    assert (model.name, model.revision, model.location) == ("tiny:latest", sha256(manifest), link)
    assert model.files[1] == stored(tmp_path, "model", b"GGUF new")


def test_a_list_of_manifests_is_one_model_with_the_layers_of_all_runners(tmp_path: Path) -> None:
    inline = json.loads(ollama_manifest(tmp_path, CONFIG, {"model": b"GGUF"}))
    other = ollama_manifest(tmp_path, CONFIG, {"tensor": b"safetensors"})
    write(tmp_path / "blobs" / f"sha256-{sha256(other)}", other)
    kind = "application/vnd.ollama.manifest.list.v2+json"
    listed = [
        inline,
        {"mediaType": inline["mediaType"], "digest": f"sha256:{sha256(other)}", "runner": "mlx"},
    ]
    write(
        tmp_path / "manifests/registry.ollama.ai/library/tiny/latest",
        json.dumps({"mediaType": kind, "manifests": listed}),
    )
    (model,) = read(STORE, tmp_path)
    assert isinstance(model, StoredModel)
    assert [file.name for file in model.files] == ["config", "model", "tensor"]


def test_a_tensor_layer_goes_by_its_own_name(tmp_path: Path) -> None:
    manifest = json.loads(ollama_manifest(tmp_path, CONFIG, {"tensor": b"weights"}))
    manifest["layers"][0]["name"] = "model.layers.0.weight"
    write(tmp_path / "manifests/registry.ollama.ai/library/tiny/latest", json.dumps(manifest))
    (model,) = read(STORE, tmp_path)
    assert isinstance(model, StoredModel)
    assert model.files[1].name == "model.layers.0.weight"


def test_unfinished_downloads_are_skipped_together(tmp_path: Path) -> None:
    for part in ("", "-0", "-1"):
        write(tmp_path / "blobs" / f"sha256-{'a' * 64}-partial{part}")
    assert read(STORE, tmp_path) == [
        Skipped(
            kind="file", subject=str(tmp_path / "blobs"), reason="a download that has not finished", count=3
        )
    ]


@pytest.mark.parametrize("system", list(System))
def test_the_store_lies_in_the_same_place_on_every_system(tmp_path: Path, system: System) -> None:
    ollama_model(tmp_path / ".ollama/models", "registry.ollama.ai/library/tiny/latest")
    assert names(home(tmp_path, system)) == ["ollama tiny:latest"]


def test_the_store_moves_with_its_variable_and_the_old_place_is_still_looked_at(tmp_path: Path) -> None:
    ollama_model(tmp_path / "moved", "registry.ollama.ai/library/new/latest")
    ollama_model(tmp_path / ".ollama/models", "registry.ollama.ai/library/old/latest")
    own = home(tmp_path, environment={"OLLAMA_MODELS": str(tmp_path / "moved")})
    assert names(own) == ["ollama new:latest", "ollama old:latest"]
