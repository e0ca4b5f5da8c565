"""The demo home: what its files are to their own libraries, and how it is built."""

import hashlib
import io
import json
import stat
import subprocess
import zipfile
from importlib.resources import files
from pathlib import Path

import gguf
import h5py
import joblib
import jsonschema
import numpy as np
import onnx
import pytest
import tflite
import yaml
from huggingface_hub import hf_hub_download, scan_cache_dir, try_to_load_from_cache
from huggingface_hub._local_folder import read_download_metadata
from safetensors.numpy import load, load_file

from needs import missing
from ringfence.app.demo import build
from ringfence.core.errors import UsageError

SHIPPED = Path(str(files("ringfence.app.demo"))) / "files"


def named(suffix: str) -> list[str]:
    return sorted(path.name for path in SHIPPED.iterdir() if path.name.endswith(suffix))


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)


def tree(home: Path) -> dict[str, tuple[int, str]]:
    """Everything below: its size and digest, or where it points. The 2.2 GB are known by their size alone."""
    found = {}
    for path in home.rglob("*"):
        size = path.lstat().st_size
        if path.is_symlink():
            what = f"-> {path.readlink()}"
        elif path.is_dir() or size > 1 << 30:
            what = ""
        else:
            what = sha256(path)
        found[str(path.relative_to(home))] = (0 if path.is_dir() else size, what)
    return found


# The files that ship, opened by the libraries that people use


def test_the_shipped_files_are_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 400_000


@pytest.mark.parametrize("name", named(".gguf"))
def test_a_gguf_file_ends_where_its_last_tensor_does(name: str) -> None:
    reader = gguf.GGUFReader(SHIPPED / name)
    last = reader.tensors[-1]
    assert (
        gguf.GGUFWriter.ggml_pad(last.data_offset + int(last.n_bytes), 32) == (SHIPPED / name).stat().st_size
    )


@pytest.mark.parametrize("name", ["holiday.jpg", "large-1.1b-F16.gguf"])
def test_a_gguf_file_with_a_hole_is_as_long_as_its_header_says(demo_home: Path, name: str) -> None:
    path = demo_home / "Downloads" / name
    last = gguf.GGUFReader(path).tensors[-1]
    assert last.data_offset + int(last.n_bytes) == path.stat().st_size
    assert path.stat().st_blocks * 512 < 64 * 1024


def test_the_truncated_file_is_one_that_lost_its_end(demo_home: Path) -> None:
    whole = (SHIPPED / "tiny-instruct-Q8_0.gguf").read_bytes()
    assert (demo_home / "Downloads/truncated.gguf").read_bytes() == whole[:4000]


def test_the_relabelled_file_says_apache_and_is_made_from_llama(demo_home: Path) -> None:
    fields = gguf.GGUFReader(demo_home / "Downloads/helpful-8b-Q4_0.gguf").fields
    assert fields["general.license"].contents() == "apache-2.0"
    assert (
        fields["general.base_model.0.repo_url"].contents() == "https://huggingface.co/meta-llama/Llama-3.1-8B"
    )


def test_the_two_parts_belong_to_one_split(demo_home: Path) -> None:
    parts = [gguf.GGUFReader(path) for path in sorted((demo_home / "models/big").iterdir())]
    assert [part.fields["split.no"].contents() for part in parts] == [0, 1]
    assert [part.fields["split.count"].contents() for part in parts] == [2, 2]
    assert sum(len(part.tensors) for part in parts) == parts[0].fields["split.tensors.count"].contents()


@pytest.mark.parametrize("name", named(".safetensors"))
def test_a_safetensors_file_loads(name: str) -> None:
    assert load_file(SHIPPED / name)


def test_the_index_names_the_shard_of_every_tensor() -> None:
    index = json.loads((SHIPPED / "model.safetensors.index.json").read_bytes())
    shards = {name: load_file(SHIPPED / name) for name in set(index["weight_map"].values())}
    assert index["weight_map"] == {tensor: name for name, each in shards.items() for tensor in each}
    assert index["metadata"]["total_size"] == sum(t.nbytes for each in shards.values() for t in each.values())


def test_the_array_loads_without_pickle() -> None:
    assert np.load(SHIPPED / "embeddings.npy", allow_pickle=False).shape == (10, 4)


def test_the_joblib_dump_loads() -> None:
    assert joblib.load(SHIPPED / "model.joblib")["coef"].shape == (2, 4)


def test_the_onnx_model_passes_its_checker() -> None:
    onnx.checker.check_model(SHIPPED / "model.onnx", full_check=True)


def test_the_hdf5_file_is_a_keras_model() -> None:
    with h5py.File(SHIPPED / "weights.h5") as file:
        assert json.loads(file.attrs["model_config"])["class_name"] == "Sequential"
        assert file["model_weights/scores/tiny/scores/kernel"].shape == (4, 2)


def test_the_keras_archive_holds_its_configuration_and_weights() -> None:
    with zipfile.ZipFile(SHIPPED / "model.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("config.json"))["class_name"] == "Sequential"
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            assert weights["layers/dense/vars/0"].shape == (4, 2)


def test_the_tflite_model_has_one_fully_connected_layer() -> None:
    data = (SHIPPED / "model.tflite").read_bytes()
    assert tflite.Model.ModelBufferHasIdentifier(data, 0)
    model = tflite.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    assert [graph.Tensors(i).Name() for i in range(graph.TensorsLength())] == [b"x", b"w", b"y"]
    assert model.OperatorCodes(graph.Operators(0).OpcodeIndex()).BuiltinCode() == 9
    assert model.Buffers(graph.Tensors(1).Buffer()).DataLength() == 8 * 4


def test_pytorch_loads_the_checkpoints_as_nothing_but_weights() -> None:
    code = "import sys, torch\nfor each in sys.argv[1:]: print(sorted(torch.load(each, weights_only=True)))"
    loaded = run("/usr/bin/python3", "-c", code, SHIPPED / "checkpoint.pt", SHIPPED / "legacy.pt")
    if "No module named 'torch'" in loaded.stderr:
        missing("python3-torch", "apt-get install python3-torch")
    assert (loaded.stdout, loaded.returncode) == ("['epoch', 'state_dict']\n['bias']\n", 0), loaded.stderr


# The stores, read by the libraries that write them


def test_huggingface_hub_reads_the_cache_without_a_warning(demo_home: Path) -> None:
    found = scan_cache_dir(demo_home / ".cache/huggingface/hub")
    assert found.warnings == []
    assert {
        repo.repo_id: {file.file_name for file in next(iter(repo.revisions)).files} for repo in found.repos
    } == {
        "acme/tiny-chat": {
            "README.md",
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
        },
        "acme/research-only": {"README.md", "config.json", "model.safetensors"},
        "acme/tampered": {"README.md", "config.json", "model.safetensors"},
    }
    assert {next(iter(repo.revisions)).refs for repo in found.repos} == {frozenset({"main"})}


def test_huggingface_hub_finds_the_files_offline(tmp_path: Path) -> None:
    cache = build(tmp_path / "home").path / ".cache/huggingface/hub"
    name = "model-00001-of-00002.safetensors"
    found = hf_hub_download("acme/tiny-chat", name, cache_dir=cache, local_files_only=True)
    assert found == try_to_load_from_cache("acme/tiny-chat", name, cache_dir=cache)
    assert Path(found).read_bytes() == (SHIPPED / name).read_bytes()


def test_only_the_tampered_blob_lies_about_its_digest(demo_home: Path) -> None:
    liars = []
    for blob in demo_home.glob(".cache/huggingface/hub/models--*/blobs/*"):
        true = sha256(blob) if len(blob.name) == 64 else git_sha1(blob.read_bytes())
        if blob.name != true:
            liars.append(blob.parts[-3])
    assert liars == ["models--acme--tampered"]


def test_huggingface_hub_trusts_the_records_of_the_local_dir_download(tmp_path: Path) -> None:
    folder = build(tmp_path / "home").path / "models/tiny-embedder"
    record = read_download_metadata(folder, "model.safetensors")
    assert record is not None
    assert (record.commit_hash, record.etag) == (
        "58a1c6e2f7d3409b8c5e1f0a2d4b6c8e9f7a3b1d",
        sha256(folder / "model.safetensors"),
    )
    path = hf_hub_download(
        "acme/tiny-embedder",
        "model.safetensors",
        revision=record.commit_hash,
        local_dir=folder,
        local_files_only=True,
    )
    assert Path(path) == folder / "model.safetensors"


@pytest.mark.parametrize(
    ("blobs", "prefix"),
    [
        (".ollama/models/blobs", "sha256-"),
        (".docker/models/blobs/sha256", ""),
        (".docker/models/manifests/sha256", ""),
        (".local/share/ramalama/store/ollama/library/tiny-lama/blobs", "sha256-"),
    ],
)
def test_a_blob_is_named_by_its_digest(demo_home: Path, blobs: str, prefix: str) -> None:
    whole = [path for path in (demo_home / blobs).iterdir() if "-partial" not in path.name]
    assert whole
    assert [path.name for path in whole] == [prefix + sha256(path) for path in whole]


@pytest.mark.parametrize(
    ("manifest", "blob"),
    [
        (".ollama/models/manifests/registry.ollama.ai/library/tiny/latest", ".ollama/models/blobs/sha256-{}"),
        (
            ".ollama/models/manifests/registry.ollama.ai/library/gpt-oss/120b-cloud",
            ".ollama/models/blobs/sha256-{}",
        ),
        (".docker/models/manifests/sha256/*", ".docker/models/blobs/sha256/{}"),
    ],
)
def test_a_manifest_names_blobs_of_the_size_they_have(demo_home: Path, manifest: str, blob: str) -> None:
    (path,) = demo_home.glob(manifest)
    stated = json.loads(path.read_bytes())
    for each in (stated["config"], *stated["layers"]):
        assert (demo_home / blob.format(each["digest"][7:])).stat().st_size == each["size"]


def test_the_cloud_model_of_ollama_has_no_layers_and_a_host(demo_home: Path) -> None:
    models = demo_home / ".ollama/models"
    manifest = json.loads((models / "manifests/registry.ollama.ai/library/gpt-oss/120b-cloud").read_bytes())
    config = json.loads((models / "blobs" / manifest["config"]["digest"].replace(":", "-")).read_bytes())
    assert (manifest["layers"], config["remote_host"]) == ([], "https://ollama.com:443")


def test_every_link_leads_to_a_file(demo_home: Path) -> None:
    links = [path for path in demo_home.rglob("*") if path.is_symlink()]
    assert links
    assert [path for path in links if not path.is_file()] == []


def test_jans_record_points_to_the_model(demo_home: Path) -> None:
    data = demo_home / ".local/share/Jan/data"
    record = yaml.safe_load((data / "llamacpp/models/acme/tiny-desk/model.yml").read_text())
    model = data / record["model_path"]
    assert (model.stat().st_size, sha256(model)) == (record["size_bytes"], record["model_sha256"])


def test_the_llamafile_is_an_archive_that_stores_a_model_and_its_arguments(demo_home: Path) -> None:
    path = demo_home / "llamafiles/tiny-single.llamafile"
    assert path.read_bytes()[:6] == b"MZqFpD"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {each.filename: each.compress_type for each in archive.infolist()} == {
            "tiny-single-Q8_0.gguf": zipfile.ZIP_STORED,
            ".args": zipfile.ZIP_STORED,
        }


def test_the_mlx_model_says_how_it_is_packed(demo_home: Path) -> None:
    folder = demo_home / ".lmstudio/models/mlx-community/tiny-chat-4bit"
    assert json.loads((folder / "config.json").read_bytes())["quantization"] == {"group_size": 64, "bits": 4}
    assert load((folder / "model.safetensors").read_bytes())["model.embed_tokens.weight"].dtype == np.uint32


# Repositories and records

AGENT_TRACE = {
    "type": "object",
    "required": ["version", "id", "timestamp", "files"],
    "properties": {
        "version": {"const": "0.1.0"},
        "id": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "format": "date-time"},
        "vcs": {
            "type": "object",
            "required": ["type", "revision"],
            "properties": {"type": {"enum": ["git", "jj", "hg", "svn"]}, "revision": {"type": "string"}},
        },
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "conversations"],
                "properties": {"conversations": {"items": {"$ref": "#/$defs/conversation"}}},
            },
        },
    },
    "$defs": {
        "conversation": {
            "type": "object",
            "required": ["ranges"],
            "properties": {
                "contributor": {
                    "required": ["type"],
                    "properties": {
                        "type": {"enum": ["human", "ai", "mixed", "unknown"]},
                        "model_id": {"type": "string", "maxLength": 250},
                    },
                },
                "ranges": {
                    "items": {
                        "required": ["start_line", "end_line"],
                        "properties": {
                            "start_line": {"type": "integer", "minimum": 1},
                            "end_line": {"type": "integer", "minimum": 1},
                        },
                    }
                },
            },
        }
    },
}


def test_the_agent_trace_is_valid_and_names_the_commit(demo_home: Path) -> None:
    repository = demo_home / "code/with-record"
    (line,) = (repository / ".agent-trace/traces.jsonl").read_text().splitlines()
    trace = json.loads(line)
    jsonschema.validate(trace, AGENT_TRACE, format_checker=jsonschema.FormatChecker())
    assert trace["vcs"]["revision"] == (repository / ".git/refs/heads/main").read_text().strip()


@pytest.mark.parametrize("name", ["with-record", "without-record"])
def test_git_finds_nothing_wrong_with_the_repository(demo_home: Path, name: str) -> None:
    repository = demo_home / "code" / name
    trusted = f"safe.directory={repository}"
    checked = run("git", "-C", repository, "-c", trusted, "fsck", "--strict", "--no-progress")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


# Building


def test_what_is_built_is_private_small_and_counted(tmp_path: Path) -> None:
    home = build(tmp_path / "home")
    below = [path for path in home.path.rglob("*") if not path.is_symlink()]
    regular = [path for path in below if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in regular} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home.path, *set(below) - set(regular))} == {0o700}
    assert home.files == len(regular)
    assert home.size_bytes == sum(path.stat().st_size for path in regular) > 2_000_000_000
    assert home.disk_bytes == sum(path.stat().st_blocks * 512 for path in regular) < 10_000_000
    assert all(part.location.is_dir() and part.files for part in home.parts)


def test_building_twice_gives_the_same_tree(demo_home: Path, tmp_path: Path) -> None:
    assert tree(build(tmp_path / "again").path) == tree(demo_home)


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert build(folder).path == folder


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(UsageError, match="is not empty") as refused:
        build(tmp_path)
    assert "does not exist yet" in refused.value.hint
    assert tree(tmp_path) == {"mine": (4, hashlib.sha256(b"kept").hexdigest())}


def test_a_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file\x1b[2J"
    file.write_text("kept")
    with pytest.raises(UsageError, match="cannot build a demo in") as refused:
        build(file)
    assert "\x1b" not in refused.value.what
    assert file.read_text() == "kept"
