"""The stores with records of their own: Jan, llama.cpp, Docker Model Runner, RamaLama."""

import json
from pathlib import Path

import pytest

from endpoint.stores.store_trees import (
    COMMIT,
    docker_model,
    home,
    hub_snapshot,
    names,
    ramalama_model,
    read,
    sha256,
    write,
)
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import System
from ringfence.endpoint.stores import docker_model_runner, jan, llamacpp, ramalama
from ringfence.endpoint.stores.store import StoredFile, StoredModel


def test_jans_record_names_files_in_the_data_folder_and_elsewhere(tmp_path: Path) -> None:
    data, weights = tmp_path / "data", write(tmp_path / "Downloads/tiny.gguf")
    record = write(
        data / "llamacpp/models/acme/tiny/model.yml",
        f"model_path: {weights}\nmmproj_path: llamacpp/models/acme/tiny/mmproj.gguf\n"
        f"name: Tiny\nsize_bytes: 4\nmodel_sha256: {'a' * 64}\n",
    )
    assert read(jan.STORE, data) == [
        StoredModel(
            store="jan",
            name="acme/tiny",
            revision=None,
            location=record,
            files=(
                StoredFile(path=weights, name="tiny.gguf", sha256_claimed="a" * 64),
                StoredFile(path=record.parent / "mmproj.gguf", name="mmproj.gguf"),
            ),
        )
    ]


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        (System.LINUX, ".local/share/Jan"),
        (System.MACOS, "Library/Application Support/Jan"),
        (System.WINDOWS, "AppData/Roaming/Jan"),
    ],
)
def test_jan_lies_where_its_system_keeps_data_and_moves_with_its_settings(
    tmp_path: Path, system: System, folder: str
) -> None:
    write(tmp_path / folder / "data/llamacpp/models/here/model.yml", "model_path: x.gguf\n")
    write(tmp_path / "moved/mlx/models/there/model.yml", "model_path: x.safetensors\n")
    write(tmp_path / folder / "settings.json", json.dumps({"data_folder": "~/moved"}))
    assert names(home(tmp_path, system)) == ["jan there", "jan here"]


def test_jan_moves_with_its_variable(tmp_path: Path) -> None:
    write(tmp_path / "jan/llamacpp/models/tiny/model.yml", "model_path: x.gguf\n")
    assert names(home(tmp_path, environment={"JAN_DATA_FOLDER": str(tmp_path / "jan")})) == ["jan tiny"]


def test_a_flat_cache_of_llamacpp_gets_names_from_manifests_and_claims_from_entity_tags(
    tmp_path: Path,
) -> None:
    first = write(tmp_path / "acme_tiny-GGUF_tiny-00001-of-00002.gguf")
    second = write(tmp_path / "acme_tiny-GGUF_tiny-00002-of-00002.gguf")
    write(tmp_path / f"{first.name}.etag", f'"{"a" * 64}"')
    write(tmp_path / "manifest=acme=tiny-GGUF=latest.json", "{}")
    other = write(tmp_path / "x_y_z.gguf")
    write(tmp_path / "x_y_z.gguf.etag", '"W/not-a-digest"')
    part = write(tmp_path / "late.gguf.downloadInProgress")
    assert read(llamacpp.STORE, tmp_path) == [
        StoredModel(
            store="llamacpp",
            name="acme/tiny-GGUF",
            revision=None,
            location=first,
            files=(
                StoredFile(path=first, name=first.name, sha256_claimed="a" * 64),
                StoredFile(path=second, name=second.name),
            ),
        ),
        StoredModel(
            store="llamacpp",
            name="x_y_z.gguf",
            revision=None,
            location=other,
            files=(StoredFile(path=other, name="x_y_z.gguf"),),
        ),
        Skipped(kind="file", subject=str(part), reason="a download that has not finished"),
    ]


def test_llamacpps_variable_may_name_a_cache_laid_out_like_hugging_faces(tmp_path: Path) -> None:
    snapshot = hub_snapshot(tmp_path / "moved", "models--acme--tiny", {"tiny.gguf": b"GGUF"})
    blob = tmp_path / "moved/models--acme--tiny/blobs" / sha256(b"GGUF")
    own = home(tmp_path, environment={"LLAMA_CACHE": str(tmp_path / "moved")})
    assert names(own) == ["llamacpp acme/tiny"]
    assert read(llamacpp.STORE, tmp_path / "moved") == [
        StoredModel(
            store="llamacpp",
            name="acme/tiny",
            revision=COMMIT,
            location=snapshot,
            files=(StoredFile(path=blob, name="tiny.gguf", sha256_claimed=sha256(b"GGUF")),),
        )
    ]


def test_a_cache_that_two_stores_share_is_listed_once(tmp_path: Path) -> None:
    hub_snapshot(tmp_path / "shared", "models--acme--tiny", {"tiny.gguf": b"GGUF"})
    shared = str(tmp_path / "shared")
    assert names(home(tmp_path, environment={"LLAMA_CACHE": shared, "HF_HUB_CACHE": shared})) == [
        "huggingface acme/tiny"
    ]


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        (System.LINUX, ".cache/llama.cpp"),
        (System.MACOS, "Library/Caches/llama.cpp"),
        (System.WINDOWS, "AppData/Local/llama.cpp"),
    ],
)
def test_llamacpp_lies_where_its_system_keeps_caches(tmp_path: Path, system: System, folder: str) -> None:
    write(tmp_path / folder / "tiny.gguf")
    assert names(home(tmp_path, system)) == ["llamacpp tiny.gguf"]


def test_each_tag_of_docker_model_runner_is_a_model_with_its_layers_by_role(tmp_path: Path) -> None:
    layers = {"application/vnd.docker.ai.gguf.v3": b"GGUF", "application/vnd.docker.ai.license": b"MIT"}
    digest = docker_model(tmp_path, "docker.io/ai/tiny:latest", "hub.corp/tiny:1", layers=layers)
    partial = write(tmp_path / "blobs/sha256" / f"{'e' * 64}.incomplete")

    def model(name: str) -> StoredModel:
        return StoredModel(
            store="docker-model-runner",
            name=name,
            revision=digest,
            location=tmp_path / "manifests/sha256" / digest,
            files=tuple(
                StoredFile(
                    path=tmp_path / "blobs/sha256" / sha256(data), name=role, sha256_claimed=sha256(data)
                )
                for role, data in (("config", b"{}"), ("gguf", b"GGUF"), ("license", b"MIT"))
            ),
        )

    assert read(docker_model_runner.STORE, tmp_path) == [
        model("ai/tiny:latest"),
        model("hub.corp/tiny:1"),
        Skipped(kind="file", subject=str(partial), reason="a download that has not finished"),
    ]


def test_a_model_of_docker_without_its_manifest_still_has_the_files_of_the_index(tmp_path: Path) -> None:
    digest = docker_model(tmp_path, layers={"application/vnd.docker.ai.gguf.v3": b"GGUF"})
    (tmp_path / "manifests/sha256" / digest).unlink()
    (model,) = read(docker_model_runner.STORE, tmp_path)
    assert isinstance(model, StoredModel)
    assert (model.name, [file.sha256_claimed for file in model.files]) == (
        digest[:12],
        [sha256(b"GGUF"), sha256(b"{}")],
    )


@pytest.mark.parametrize("system", list(System))
def test_docker_model_runner_lies_below_docker_and_moves_with_its_variable(
    tmp_path: Path, system: System
) -> None:
    docker_model(tmp_path / ".docker/models", "ai/here:latest", layers={})
    docker_model(tmp_path / "moved", "ai/there:latest", layers={})
    own = home(tmp_path, system, {"MODELS_PATH": str(tmp_path / "moved")})
    assert names(own) == ["docker-model-runner ai/there:latest", "docker-model-runner ai/here:latest"]


def test_a_reference_of_ramalama_names_blobs_and_only_hashes_of_content_are_claims(tmp_path: Path) -> None:
    hashed = f"sha256-{'b' * 64}"
    files = [
        {"hash": f"sha256:{'b' * 64}", "name": "tiny.gguf", "type": "gguf"},
        {"hash": f"sha256-{'c' * 64}", "name": "chat_template_converted", "type": "chat_template"},
    ]
    reference = ramalama_model(tmp_path, "ollama/library/tiny", files)
    by_address = ramalama_model(tmp_path, "https/example.org/tiny", files[:1], tag="1")
    partial = write(reference.parent.parent / "blobs" / f"{hashed}.partial")

    def model(location: Path, name: str, *claimed: StoredFile) -> StoredModel:
        return StoredModel(
            store="ramalama", name=name, revision="sha256-" + "a" * 64, location=location, files=claimed
        )

    def blob(location: Path, name: str) -> Path:
        return location.parent.parent / "blobs" / name

    assert read(ramalama.STORE, tmp_path) == [
        model(
            by_address,
            "https://example.org/tiny:1",
            StoredFile(path=blob(by_address, hashed), name="tiny.gguf"),
        ),
        model(
            reference,
            "ollama://library/tiny:latest",
            StoredFile(path=blob(reference, hashed), name="tiny.gguf", sha256_claimed="b" * 64),
            StoredFile(path=blob(reference, f"sha256-{'c' * 64}"), name="chat_template_converted"),
        ),
        Skipped(kind="file", subject=str(partial), reason="a download that has not finished"),
    ]


def test_ramalama_moves_with_its_variable_and_its_settings(tmp_path: Path) -> None:
    ramalama_model(tmp_path / ".local/share/ramalama", "ollama/library/here", [])
    ramalama_model(tmp_path / "set", "ollama/library/there", [])
    ramalama_model(tmp_path / "named", "file/models/tiny", [])
    write(tmp_path / ".config/ramalama/ramalama.conf", f'[ramalama]\nstore = "{tmp_path}/set"\n')
    own = home(tmp_path, environment={"RAMALAMA_STORE": str(tmp_path / "named")})
    assert names(own) == [
        "ramalama file:///models/tiny:latest",
        "ramalama ollama://library/there:latest",
        "ramalama ollama://library/here:latest",
    ]
