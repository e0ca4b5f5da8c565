"""Stores made to crash, hang or mislead a scan, or to make root read what is not theirs."""

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from endpoint.stores.store_trees import (
    COMMIT,
    docker_model,
    found,
    home,
    hub_snapshot,
    ollama_manifest,
    ollama_model,
    ramalama_model,
    read,
    write,
)
from ringfence.core.bounded_json import Json
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.stores import (
    STORES,
    StoreRoot,
    comfyui,
    docker_model_runner,
    gpt4all,
    huggingface,
    jan,
    lmstudio,
    ollama,
    ramalama,
    store_roots,
    tree,
)
from ringfence.endpoint.stores.local_dir import METADATA_FOLDER, local_downloads
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel

TINY = "manifests/registry.ollama.ai/library/tiny/latest"
STRANGER = 4242
UP = "../../../../etc/shadow"
ESCAPES = [UP, f"sha256:{UP}", "sha256-/etc/shadow", "/etc/shadow", "", None, 7]

# Where each store looks for a record below its root.
RECORDS = {
    ollama.STORE: (TINY, "manifests-v2/hf.co/acme/tiny/latest"),
    jan.STORE: ("llamacpp/models/tiny/model.yml",),
    docker_model_runner.STORE: ("models.json",),
    ramalama.STORE: ("store/ollama/library/tiny/refs/latest.json",),
}
EACH_RECORD = [(store, path) for store, paths in RECORDS.items() for path in paths]


def belongs_to_a_stranger(store: Path) -> None:
    """Makes /etc somebody else's to the store: for root by giving it away, for others it is already."""
    if os.geteuid() == 0:
        for each in (store, *store.rglob("*")):
            os.chown(each, STRANGER, STRANGER, follow_symlinks=False)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root reads everything; for a while it is somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def paths(models: list[StoredModel | Skipped]) -> list[Path]:
    return [file.path for model in models if isinstance(model, StoredModel) for file in model.files]


def reasons(models: list[StoredModel | Skipped]) -> list[str]:
    return [each.reason for each in models if isinstance(each, Skipped)]


@pytest.mark.parametrize("digest", ESCAPES)
def test_a_digest_that_is_a_path_leads_nowhere_in_ollama(tmp_path: Path, digest: Json) -> None:
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": digest}
    write(tmp_path / TINY, json.dumps({"config": layer, "layers": [layer, layer]}))
    models = read(ollama.STORE, tmp_path)
    assert paths(models) == []
    assert reasons(models) == ["names a layer by something that is no digest"]


@pytest.mark.parametrize("digest", ESCAPES)
def test_a_digest_that_is_a_path_leads_nowhere_in_docker_model_runner(tmp_path: Path, digest: Json) -> None:
    docker_model(tmp_path, "ai/tiny:latest", layers={})
    index = {"models": [{"id": digest, "tags": ["ai/a:1"], "files": [digest]}]}
    index["models"] += [{"id": "sha256:" + "a" * 64, "tags": ["ai/b:1"], "files": [digest]}]
    write(tmp_path / "models.json", json.dumps(index))
    models = read(docker_model_runner.STORE, tmp_path)
    assert paths(models) == []
    assert reasons(models) == [
        "names a model by something that is no digest",
        "names a layer by something that is no SHA-256",
    ]


@pytest.mark.parametrize(
    "digest", ["../../../../../etc/shadow", "/etc/shadow", "..", "", "a/b", "a\0b", None, []]
)
def test_a_hash_that_is_a_path_leads_nowhere_in_ramalama(tmp_path: Path, digest: Json) -> None:
    file = {"hash": digest, "name": "../../x", "type": "gguf"}
    ramalama_model(tmp_path, "ollama/library/tiny", [file])  # type: ignore[list-item]
    for path in paths(read(ramalama.STORE, tmp_path)):
        assert path.parent == tmp_path / "store/ollama/library/tiny/blobs"


def test_a_link_out_of_the_store_to_somebody_elses_file_is_not_followed(tmp_path: Path) -> None:
    snapshot = hub_snapshot(tmp_path, "models--acme--tiny", {"config.json": b"{}"})
    (snapshot / "model.safetensors").symlink_to("/etc/passwd")
    (snapshot / "unet").symlink_to("/etc")
    belongs_to_a_stranger(tmp_path)
    models = read(huggingface.STORE, tmp_path)
    assert all(path.is_relative_to(tmp_path) for path in paths(models))
    assert models[1:] == [
        Skipped(
            kind="file",
            subject=str(snapshot),
            reason="leads out of the store, to something of somebody else",
            count=2,
        )
    ]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../../../../../../etc/passwd", "~/x\0y"])
def test_jans_model_path_does_not_lead_to_somebody_elses_file(tmp_path: Path, target: str) -> None:
    record = json.dumps({"model_path": target, "mmproj_path": "C:\\Windows\\x.gguf"})
    write(tmp_path / "llamacpp/models/tiny/model.yml", record)
    belongs_to_a_stranger(tmp_path)
    models = read(jan.STORE, tmp_path)
    assert paths(models) == []
    assert len(reasons(models)) == 2


def test_a_blob_or_manifest_that_is_a_link_to_somebody_elses_file_is_not_read(tmp_path: Path) -> None:
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:" + "a" * 64}
    write(tmp_path / TINY, json.dumps({"layers": [layer]}))
    (tmp_path / "manifests/registry.ollama.ai/library/tiny/link").symlink_to("/etc/passwd")
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / f"sha256-{'a' * 64}").symlink_to("/etc/passwd")
    belongs_to_a_stranger(tmp_path)
    assert paths(read(ollama.STORE, tmp_path)) == []


def test_a_home_cannot_make_root_look_at_the_folders_of_others(tmp_path: Path) -> None:
    ollama_model(tmp_path / "victim", "registry.ollama.ai/library/secret/latest")
    eve = tmp_path / "eve"
    (eve / ".ollama").mkdir(parents=True)
    (eve / ".ollama/models").symlink_to(tmp_path / "victim")
    write(eve / ".lmstudio/settings.json", json.dumps({"downloadsFolder": "/etc"}))
    belongs_to_a_stranger(eve)
    if os.geteuid() != 0:
        (eve / ".ollama/models").unlink()
    assert {each.reason for each in found(home(eve)) if isinstance(each, Skipped)} == {
        "leads to a folder of somebody else"
    }
    assert not [each for each in found(home(eve)) if isinstance(each, StoredModel)]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    snapshot = hub_snapshot(tmp_path / "hf", "models--acme--tiny", {"config.json": b"{}"})
    (snapshot / "again").symlink_to(".")
    (snapshot / "up").symlink_to("../..")
    (snapshot / "self").symlink_to("self")
    (model, *_) = read(huggingface.STORE, tmp_path / "hf")
    assert isinstance(model, StoredModel)
    assert len(model.files) < 20
    write(tmp_path / "models/vae/a.gguf")
    (tmp_path / "models/vae/loop").symlink_to(tmp_path / "models")
    assert len(paths(read(comfyui.STORE, tmp_path / "models"))) == 1
    (tmp_path / ".ollama").symlink_to(".ollama")
    assert found(home(tmp_path)) == [
        Skipped(kind="store", subject=str(tmp_path / ".ollama/models"), reason="symbolic links in a circle")
    ]


@pytest.mark.parametrize(
    ("store", "record"), EACH_RECORD, ids=lambda value: str(getattr(value, "name", value))
)
@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_a_record_that_is_no_file_is_not_opened(tmp_path: Path, store: Store, record: str, kind: str) -> None:
    path = tmp_path / record
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
    models = read(store, tmp_path)
    assert [each for each in models if isinstance(each, StoredModel)] == []


@pytest.mark.parametrize(
    ("store", "record"), EACH_RECORD, ids=lambda value: str(getattr(value, "name", value))
)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"{" * 1000,
        b'{"layers": [], "layers": [], "models": 1}',
        b"\xff\xfe{}",
        b"a: &a [x]\nb: *a\nmodel_path: *a\n",
        b"- " * 60_000,
        b"!!python/object/apply:os.system [id]",
        b"model_path: [[[[",
        b'{"models": {"a": 1}, "files": {"b": 2}, "layers": {"c": 3}, "config": [], "hash": {}}',
        b'{"models": [[], {}, 1, null], "files": [[], 1, null], "layers": [[], 1, null], "config": 1}',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_a_hostile_record_yields_no_files_and_does_not_crash(
    tmp_path: Path, store: Store, record: str, data: bytes
) -> None:
    write(tmp_path / record, data)
    assert paths(read(store, tmp_path)) == []


@pytest.mark.parametrize(
    ("store", "record"), EACH_RECORD, ids=lambda value: str(getattr(value, "name", value))
)
def test_a_record_larger_than_the_limit_is_not_read(tmp_path: Path, store: Store, record: str) -> None:
    path = write(tmp_path / record, b"{")
    os.truncate(path, 1 << 40)
    models = read(store, tmp_path)
    limit = LIMITS.settings_text_bytes if store is jan.STORE else LIMITS.store_record_bytes
    assert models == [Skipped(kind="file", subject=str(path), reason=f"larger than {limit} bytes")]


def test_a_fifo_or_device_among_the_weights_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "acme/tiny").mkdir(parents=True)
    os.mkfifo(tmp_path / "acme/tiny/model.gguf")
    (tmp_path / "acme/tiny/other.gguf").symlink_to("/dev/zero")
    assert read(lmstudio.STORE, tmp_path) == [
        Skipped(kind="file", subject=str(tmp_path / "acme/tiny"), reason="not a regular file", count=2)
    ]


def test_a_file_elsewhere_that_is_called_like_a_digest_is_no_claim_of_the_cache(tmp_path: Path) -> None:
    snapshot = hub_snapshot(tmp_path, "models--acme--tiny", {"config.json": b"{}"})
    elsewhere = write(tmp_path / "forged" / ("a" * 64))
    (snapshot / "model.safetensors").symlink_to(elsewhere)
    (model,) = read(huggingface.STORE, tmp_path)
    assert isinstance(model, StoredModel)
    assert model.files[1] == StoredFile(path=elsewhere, name="model.safetensors")


def test_a_list_of_manifests_that_refers_to_itself_ends(tmp_path: Path) -> None:
    child = {"digest": "sha256:" + "a" * 64}
    data = json.dumps(
        {"mediaType": "application/vnd.ollama.manifest.list.v2+json", "manifests": [child] * 50}
    )
    write(tmp_path / TINY, data)
    write(tmp_path / "blobs" / f"sha256-{'a' * 64}", data)
    assert paths(read(ollama.STORE, tmp_path)) == []


def test_names_that_are_not_text_or_move_the_cursor_are_harmless_where_they_are_shown(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "models") + b"/\xff\xfe\x1b[2J"))
    write(folder / "\u202egguf.\x1b]0;x\x07.gguf")
    (folder / "gone\x1b[31m.gguf").symlink_to("nowhere\x1b[31m")
    (model, skipped) = read(comfyui.STORE, tmp_path / "models")
    assert isinstance(model, StoredModel)
    assert isinstance(skipped, Skipped)
    assert skipped.subject == f"{tmp_path}/models/\\xff\\xfe\\x1b[2J/gone\\x1b[31m.gguf"


@pytest.mark.parametrize(
    "text", ["a\0b", "\ud800", "x" * 100_000, "\x1b[2J", "/" * 5000, "~", "~root", "${HOME}"]
)
def test_hostile_paths_in_settings_and_records_are_only_text(tmp_path: Path, text: str) -> None:
    said = json.dumps({"downloadsFolder": text, "data_folder": text, "model_path": text, "mmproj_path": text})
    write(tmp_path / ".lmstudio/settings.json", said)
    write(tmp_path / ".local/share/Jan/settings.json", said)
    write(tmp_path / ".local/share/Jan/data/llamacpp/models/tiny/model.yml", said)
    write(tmp_path / ".lmstudio-home-pointer", text.encode(errors="replace")[:4000])
    write(tmp_path / ".config/nomic.ai/GPT4All.ini", f"modelPath={text}".encode(errors="replace"))
    write(tmp_path / "ComfyUI/extra_model_paths.yaml", json.dumps({"a": {"base_path": text, "vae": text}}))
    for each in found(home(tmp_path)):
        if isinstance(each, Skipped):
            assert len(each.subject) <= LIMITS.name_chars
            assert each.subject.isprintable()


def test_metadata_of_a_download_cannot_name_a_file_outside_its_folder(tmp_path: Path) -> None:
    for name in ("a.metadata", "b.metadata", ".metadata", "nan.metadata", "inf.metadata"):
        time = name.split(".")[0] if name[0] in "ni" else "1"
        write(tmp_path / METADATA_FOLDER / name, f"{COMMIT}\n{'a' * 64}\n{time}\n")
    (tmp_path / "a").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "b")
    write(tmp_path / "nan")
    belongs_to_a_stranger(tmp_path)
    for path in paths(list(local_downloads([tmp_path]))):
        assert path.is_relative_to(tmp_path)


def test_a_closed_folder_and_a_closed_record_are_skipped_with_their_reason() -> None:
    with tempfile.TemporaryDirectory() as name:  # below /tmp, where nobody may pass
        root = Path(os.path.realpath(name))
        ollama_model(root / "ollama", "registry.ollama.ai/library/tiny/latest")
        closed = root / "ollama" / TINY
        (root / "models/vae").mkdir(parents=True)
        root.chmod(0o755)
        closed.chmod(0)
        (root / "models/vae").chmod(0)
        with as_nobody():
            skipped = [*read(ollama.STORE, root / "ollama"), *read(comfyui.STORE, root / "models")]
        (root / "models/vae").chmod(0o755)
    assert skipped == [
        Skipped(kind="file", subject=str(closed), reason="permission denied"),
        Skipped(kind="folder", subject=str(root / "models/vae"), reason="permission denied"),
    ]


def test_a_home_that_may_not_be_entered_is_skipped_by_every_store() -> None:
    with tempfile.TemporaryDirectory() as name:
        closed = Path(os.path.realpath(name)) / "home"
        closed.mkdir(mode=0)
        closed.parent.chmod(0o755)
        with as_nobody():
            left_out = found(home(closed))
        closed.chmod(0o755)
    assert {each.reason for each in left_out if isinstance(each, Skipped)} == {"permission denied"}
    assert len(left_out) >= len(STORES)


def test_a_folder_with_too_many_names_costs_no_more_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "LIMITS", dataclasses.replace(LIMITS, store_entries=100))
    for name in range(300):
        write(tmp_path / f"acme/m{name}/x.gguf")
    models = read(lmstudio.STORE, tmp_path)
    assert len(models) <= 102
    assert "more than 100 names in the store" in reasons(models)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["../x", "sha256:" + "a" * 64]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "config",
                    "layers",
                    "digest",
                    "mediaType",
                    "manifests",
                    "name",
                    "models",
                    "id",
                    "tags",
                    "files",
                    "hash",
                    "type",
                    "model_path",
                    "annotations",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=json_values | st.binary(max_size=60))
def test_no_record_makes_a_reader_raise_or_leave_its_root(tmp_path: Path, document: Json | bytes) -> None:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    root = tmp_path / "root"
    for store, record in EACH_RECORD:
        shutil.rmtree(root, ignore_errors=True)
        write(root / record, data)
        write(root / "blobs" / f"sha256-{'a' * 64}", data)
        write(root / "manifests/sha256" / ("a" * 64), data)
        for path in paths(read(store, root)):
            assert path.is_relative_to(root)


def test_no_store_reads_another_stores_folder_as_its_own_by_mistake(tmp_path: Path) -> None:
    ollama_manifest(tmp_path, {}, {"model": b"GGUF"})
    hub_snapshot(tmp_path, "models--acme--tiny", {"config.json": b"{}"})
    assert [model for model in read(gpt4all.STORE, tmp_path) if isinstance(model, StoredModel)] == []


def test_settings_cannot_make_a_scan_read_the_same_folders_again_and_again(tmp_path: Path) -> None:
    deep = tmp_path / "d" / "/".join("d" * 40)
    write(deep / "x.gguf")
    places = [str(folder) for folder in (deep, *deep.parents) if folder.is_relative_to(tmp_path / "d")]
    write(tmp_path / "ComfyUI/extra_model_paths.yaml", json.dumps({"a": {"vae": "\n".join(places)}}))
    assert [
        root.path for root in store_roots([home(tmp_path)], system=False) if isinstance(root, StoreRoot)
    ] == [tmp_path / "d"]


def test_past_the_limit_of_places_no_more_are_looked_at_and_the_result_says_so(tmp_path: Path) -> None:
    for name in range(LIMITS.store_roots + 9):
        write(tmp_path / f"d{name}/x.gguf")
    places = "\n".join(f"../d{name}" for name in range(LIMITS.store_roots + 9))
    write(tmp_path / "ComfyUI/extra_model_paths.yaml", json.dumps({"a": {"vae": places}}))
    roots = list(store_roots([home(tmp_path)], system=False))
    assert len(roots) == LIMITS.store_roots + 1
    assert roots[-1] == Skipped(
        kind="store", subject=str(tmp_path), reason=f"more than {LIMITS.store_roots} places for ComfyUI"
    )


def test_the_whole_file_system_is_no_store(tmp_path: Path) -> None:
    write(tmp_path / "ComfyUI/extra_model_paths.yaml", '{"a": {"vae": "/"}}')
    assert found(home(tmp_path)) == [
        Skipped(kind="store", subject="/", reason="the whole file system, not a store")
    ]
