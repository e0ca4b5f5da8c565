import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from endpoint.stores.hub_server import COMMIT as HUB_COMMIT
from endpoint.stores.hub_server import etag_of, hub
from endpoint.stores.store_trees import COMMIT, git_sha1, home, hub_snapshot, names, read, sha256, write
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import System
from ringfence.endpoint.stores.huggingface import STORE
from ringfence.endpoint.stores.local_dir import local_downloads
from ringfence.endpoint.stores.store import StoredFile, StoredModel

WEIGHTS = save({"w": np.zeros((2, 2), dtype=np.float32)})
FILES = {"README.md": b"---\nlicense: mit\n---\n", "config.json": b"{}", "unet/model.safetensors": WEIGHTS}


def download(code: str, endpoint: str, folder: Path) -> None:
    """Runs the real client in a process of its own that knows nothing but that hub and that folder."""
    program = f"from huggingface_hub import hf_hub_download, snapshot_download\n{code}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def claimed(name: str, path: Path) -> StoredFile:
    etag = etag_of(name, FILES[name])
    large = len(etag) == 64
    return StoredFile(
        path=path,
        name=name,
        sha256_claimed=etag if large else None,
        git_sha1_claimed=None if large else etag,
    )


def test_a_cache_that_the_real_client_wrote_is_read_with_repository_commit_and_claims(tmp_path: Path) -> None:
    with hub("acme/tiny", FILES) as endpoint:
        download("snapshot_download('acme/tiny')", endpoint, tmp_path)
    cache = tmp_path / ".cache/huggingface/hub"
    repository = cache / "models--acme--tiny"
    assert read(STORE, cache) == [
        StoredModel(
            store="huggingface",
            name="acme/tiny",
            revision=HUB_COMMIT,
            location=repository / "snapshots" / HUB_COMMIT,
            files=tuple(
                claimed(name, repository / "blobs" / etag_of(name, data)) for name, data in FILES.items()
            ),
        )
    ]


def test_one_file_that_the_real_client_fetched_is_a_snapshot_of_one_file(tmp_path: Path) -> None:
    with hub("tiny", FILES) as endpoint:
        download("hf_hub_download('tiny', 'config.json')", endpoint, tmp_path)
    cache = tmp_path / ".cache/huggingface/hub"
    (model,) = read(STORE, cache)
    assert isinstance(model, StoredModel)
    assert (model.name, model.revision) == ("tiny", HUB_COMMIT)
    assert model.files == (
        claimed("config.json", cache / "models--tiny/blobs" / etag_of("config.json", b"{}")),
    )


def test_a_local_dir_that_the_real_client_filled_tells_commit_and_claims(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    with hub("acme/tiny", FILES) as endpoint:
        download(f"snapshot_download('acme/tiny', local_dir={str(folder)!r})", endpoint, tmp_path)
    assert list(local_downloads([folder])) == [
        StoredModel(
            store="huggingface",
            name="here",
            revision=HUB_COMMIT,
            location=folder,
            files=tuple(claimed(name, folder / name) for name in FILES),
        )
    ]


def test_a_file_of_a_local_dir_that_was_changed_since_claims_nothing(tmp_path: Path) -> None:
    with hub("acme/tiny", FILES) as endpoint:
        download(
            f"hf_hub_download('acme/tiny', 'config.json', local_dir={str(tmp_path)!r})", endpoint, tmp_path
        )
    later = (tmp_path / "config.json").stat().st_mtime + 60
    os.utime(tmp_path / "config.json", (later, later))
    (model,) = local_downloads([tmp_path])
    assert isinstance(model, StoredModel)
    assert model.files == (StoredFile(path=tmp_path / "config.json", name="config.json"),)


def test_a_folder_that_no_client_filled_is_no_download(tmp_path: Path) -> None:
    write(tmp_path / "config.json", "{}")
    assert list(local_downloads([tmp_path])) == []


def test_the_claim_is_the_repositorys_blob_even_when_that_is_a_link_into_the_shared_store(
    tmp_path: Path,
) -> None:
    snapshot = hub_snapshot(tmp_path, "models--acme--tiny", {"model.gguf": b"GGUF"})
    blob = tmp_path / "models--acme--tiny/blobs" / sha256(b"GGUF")
    shared = tmp_path / "blobs/ff" / ("f" * 64)
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to("../../blobs/ff/" + "f" * 64)
    assert read(STORE, tmp_path) == [
        StoredModel(
            store="huggingface",
            name="acme/tiny",
            revision=COMMIT,
            location=snapshot,
            files=(StoredFile(path=shared, name="model.gguf", sha256_claimed=sha256(b"GGUF")),),
        )
    ]


def test_copies_in_place_of_links_claim_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "models--acme--tiny/snapshots" / COMMIT / "config.json", b"{}")
    (model,) = read(STORE, tmp_path)
    assert isinstance(model, StoredModel)
    assert model.files == (StoredFile(path=file, name="config.json"),)


def test_each_snapshot_is_a_model_of_its_own(tmp_path: Path) -> None:
    other = "f" * 40
    hub_snapshot(tmp_path, "models--acme--tiny", {"config.json": b"{}"})
    hub_snapshot(tmp_path, "models--acme--tiny", {"config.json": b"{ }"}, commit=other)
    models = read(STORE, tmp_path)
    assert [(m.revision, m.files[0].git_sha1_claimed) for m in models if isinstance(m, StoredModel)] == [
        (COMMIT, git_sha1(b"{}")),
        (other, git_sha1(b"{ }")),
    ]


def test_what_is_no_model_or_not_there_is_skipped_with_a_reason(tmp_path: Path) -> None:
    snapshot = hub_snapshot(tmp_path, "models--acme--tiny", {"config.json": b"{}"})
    repository = tmp_path / "models--acme--tiny"
    partial = write(repository / "blobs" / f"{'e' * 64}.incomplete")
    (snapshot / "gone.gguf").symlink_to("../../blobs/gone")
    write(repository / "snapshots/main/config.json", b"{}")
    (tmp_path / "datasets--acme--faces").mkdir()
    (tmp_path / "spaces--acme--app").mkdir()
    left_out = (
        ("folder", tmp_path, "a data set or a space, not a model", 2),
        ("file", partial, "a download that has not finished", 1),
        ("file", snapshot / "gone.gguf", "points to nothing", 1),
        ("folder", repository / "snapshots/main", "not named after a commit", 1),
    )
    assert read(STORE, tmp_path)[1:] == [
        Skipped(kind=kind, subject=str(subject), reason=reason, count=count)
        for kind, subject, reason, count in left_out
    ]


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "home/.cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "{}/xdg"}, "xdg/huggingface/hub"),
        ({"HF_HOME": "{}/hf"}, "hf/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "{}/old"}, "old"),
        ({"HF_HUB_CACHE": "{}/new"}, "new"),
        ({"HF_HOME": "~/hf"}, "home/hf/hub"),
    ],
)
def test_the_cache_moves_with_its_variables(tmp_path: Path, variables: dict[str, str], folder: str) -> None:
    hub_snapshot(tmp_path / folder, "models--acme--tiny", {"config.json": b"{}"})
    environment = {key: value.format(tmp_path) for key, value in variables.items()}
    (tmp_path / "home").mkdir(exist_ok=True)
    assert names(home(tmp_path / "home", environment={"LANG": "C", **environment})) == [
        "huggingface acme/tiny"
    ]


@pytest.mark.parametrize("system", list(System))
def test_the_cache_lies_in_the_same_place_on_every_system(tmp_path: Path, system: System) -> None:
    hub_snapshot(tmp_path / ".cache/huggingface/hub", "models--acme--tiny", {"config.json": b"{}"})
    assert names(home(tmp_path, system)) == ["huggingface acme/tiny"]
