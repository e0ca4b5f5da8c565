"""A scan that judges: every model gets the worst verdict of its files, and of what is known of its bytes."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import onnx

import forked


def scanned(home: Path, *more: str) -> dict[str, str | None]:
    done = forked.ringfence("scan", "--home", home, "--json", *more, env=os.environ)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    return {model["name"]: model["verdict"] for model in document["models"]}


def test_a_scan_judges_models_only_when_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    assert scanned(tmp_path, "--judge") == {"model.pkl": "malicious"}
    assert scanned(tmp_path) == {"model.pkl": None}
    asked = ("scan", "--home", tmp_path, "--no-hash", "--fail-on", "suspicious")
    assert forked.ringfence(*asked, "--judge", env=os.environ).returncode == 1
    assert forked.ringfence(*asked, env=os.environ).returncode == 0


def test_a_model_whose_bytes_are_not_those_that_its_store_claims_is_suspicious(
    demo_home: Path, tmp_path: Path
) -> None:
    shutil.copytree(demo_home / ".cache/huggingface", tmp_path / "home/.cache/huggingface", symlinks=True)
    assert scanned(tmp_path / "home", "--judge") == {
        "acme/research-only": "clean",
        "acme/tampered": "suspicious",
        "acme/tiny-chat": "clean",
    }


def inspected(path: Path, *more: str | Path) -> tuple[int, str, set[str]]:
    done = forked.ringfence("inspect", path, "--json", *more, env=os.environ)
    document = json.loads(done.stdout)
    return done.returncode, document["verdict"], {each["check"] for each in document["findings"]}


def test_a_digest_that_a_feed_knows_is_malicious_however_clean_the_file(tmp_path: Path) -> None:
    model = tmp_path / "model.pkl"
    model.write_bytes(b"\x80\x04}.")
    feed = tmp_path / "feed.txt"
    feed.write_text(f"{hashlib.sha256(model.read_bytes()).hexdigest()}  stole tokens in March\n")
    assert inspected(model)[:2] == (0, "clean")
    status, verdict, checks = inspected(model, "--feed", feed)
    assert (status, verdict) == (1, "malicious")
    assert "digest-known-bad" in checks
    assert scanned(tmp_path, "--feed", str(feed))["model.pkl"] == "malicious"


def test_a_folder_whose_index_names_a_shard_that_is_not_there_is_not_clean(tmp_path: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    shard = len(header).to_bytes(8, "little") + header + bytes(4)
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(shard)
    weights = {"w": "model-00001-of-00002.safetensors", "v": "model-00002-of-00002.safetensors"}
    index = {"metadata": {"total_size": 8}, "weight_map": weights}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    _, verdict, checks = inspected(tmp_path)
    assert verdict != "clean"
    assert any(check.startswith(("shard", "index")) for check in checks), checks


def test_numbers_that_a_graph_names_are_weights_and_no_riddle(tmp_path: Path) -> None:
    tensor = onnx.numpy_helper.from_array(np.arange(4096, dtype=np.float32), "w")
    out = onnx.helper.make_tensor_value_info("w", onnx.TensorProto.FLOAT, [4096])
    graph = onnx.helper.make_graph([], "g", [], [out], [tensor])
    model = onnx.helper.make_model(graph, producer_name="test")
    onnx.save(model, tmp_path / "model.onnx", save_as_external_data=True, location="model.onnx_data")
    assert inspected(tmp_path)[:2] == (0, "clean")
    (tmp_path / "model.onnx").unlink()
    assert inspected(tmp_path)[:2] == (3, "inconclusive")
