"""Folders made to mislead, to hide or to cost."""

import json
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_folders import HONEST, TEMPLATE, gguf_file, json_file, tensors
from ringfence.app.folder_of import folder_of
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.folders.judge import judge_folder
from ringfence.artifacts.spotted import as_finding
from ringfence.core.limits import LIMITS

_SPECIAL = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "manifests/a/b/c/d",
    "m.mlpackage/Manifest.json",
    "model-00001-of-00002.safetensors",
    "model.bin",
    "model.gguf",
    "model.onnx",
    "model.pyc",
    "model.py",
    "model.safetensors.index.json",
    "model.xml",
    "model_index.json",
    "modules.json",
    "README.md",
    "tokenizer.json",
    "tokenizer_config.json",
    "variables/variables.index",
)


def _checks(top: Path) -> set[tuple[str, str]]:
    found = [as_finding(each, subject=name) for name, each in judge_folder(folder_of(top))]
    return {(each.check, each.severity) for each in found}


def test_mild_findings_do_not_crowd_out_a_severe_one(tmp_path: Path) -> None:
    HONEST["sharded_llm"](tmp_path)
    trap = {f"trap{n}": (1,) for n in range(2 * LIMITS.judged_findings)}
    tensors(tmp_path / "model-00001-of-00002.safetensors", {**trap, "model.norm.weight": (8,)})
    assert {("index-differs", "low"), ("index-differs", "high")} <= _checks(tmp_path)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "..\\x.bin", "C:\\x.bin", "~/x", "a/../../x", "file:x", "\\\\host\\x"]
)
def test_no_way_out_of_the_folder_is_taken_for_a_shard(path: str, tmp_path: Path) -> None:
    json_file(tmp_path / "model.safetensors.index.json", {"weight_map": {"w": path}})
    assert _checks(tmp_path) == {("folder-path-escapes", "high")}


def test_one_poisoned_quantisation_is_found_however_its_file_is_called(tmp_path: Path) -> None:
    HONEST["ggufs"](tmp_path)
    gguf_file(tmp_path / "A-IMPORTANT.GGUF", template=TEMPLATE.replace("content", "role"))
    assert _checks(tmp_path) == {("chat-template-differs", "high")}


def test_line_ends_do_not_hide_and_do_not_make_a_difference(tmp_path: Path) -> None:
    HONEST["sharded_llm"](tmp_path)
    (tmp_path / "chat_template.jinja").write_bytes(TEMPLATE.replace("\n", "\r\n").encode())
    assert _checks(tmp_path) == set()
    (tmp_path / "chat_template.jinja").write_bytes(TEMPLATE.replace("}}", "}}\u200b").encode())
    assert _checks(tmp_path) == {("chat-template-differs", "low")}


def test_links_out_of_a_folder_and_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "config.json").symlink_to("config.json")
    (tmp_path / "model_index.json").symlink_to("/dev/zero")
    (tmp_path / "tokenizer.json").symlink_to("/nowhere")
    assert _checks(tmp_path) == set()


def test_a_blob_that_pretends_to_be_elsewhere_is_not_followed(tmp_path: Path) -> None:
    digest = sha256(b"x").hexdigest()
    layer = {
        "mediaType": "application/vnd.ollama.image.template",
        "digest": f"sha256-{digest}/../../x",
        "size": 1,
    }
    json_file(tmp_path / "manifests/h/n/m/t", {"layers": [layer]})
    assert _checks(tmp_path) == {("manifest-differs", "high")}


_ODD = [None, 1, "x", [], {}, [None], {"a": None}, [[]], {"a": [1, "\ud800"]}, 1e308, True, -1, "\0"]
_ODD += ["../" * 2000]
_KEYS = ("weight_map", "metadata", "layers", "auto_map", "r", "target_modules", "vocab_size", "chat_template")


@pytest.mark.parametrize("value", _ODD, ids=range(len(_ODD)))
@pytest.mark.parametrize("key", [*_KEYS, "model"])
def test_values_of_the_wrong_kind_are_no_crash(key: str, value: Any, tmp_path: Path) -> None:
    HONEST["sharded_llm"](tmp_path)
    for file in _SPECIAL:
        if file.endswith(".json") and "/" not in file:
            before = json.loads((tmp_path / file).read_text()) if (tmp_path / file).exists() else {}
            json_file(tmp_path / file, {**before, "peft_type": "LORA", key: value})
    layers = [value, *({"digest": each, "mediaType": value, "size": value} for each in (value, "a" * 64))]
    json_file(tmp_path / "manifests/a/b/c/d", {"layers": layers, key: value})
    json_file(tmp_path / "modules.json", [value, {"path": value, "type": value}])
    _checks(tmp_path)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.tuples(st.sampled_from(_SPECIAL), st.binary(max_size=200)), max_size=8))
def test_no_bytes_in_any_file_are_a_crash(files: list[tuple[str, bytes]], tmp_path: Path) -> None:
    for name, data in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    _checks(tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from([each for each in _SPECIAL if each.endswith((".json", "/d"))]), value=_JSON)
def test_no_document_in_any_file_is_a_crash(file: str, value: Any, tmp_path: Path) -> None:
    json_file(tmp_path / file, value)
    _checks(tmp_path)


def test_every_honest_folder_cut_short_anywhere_is_no_crash(tmp_path: Path) -> None:
    for honest, make in HONEST.items():
        make(tmp_path / honest)
    for path in sorted(tmp_path.rglob("*")):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    _checks(tmp_path)


def test_a_store_of_slow_templates_ends_within_the_time_that_is_given(tmp_path: Path) -> None:
    layers = []
    for number in range(40):
        data = f"{{{{/* {number} */}}}}".encode() + b"{{ if .Prompt }}{{ if " + b"eq " * 80_000 + b"}}"
        digest = sha256(data).hexdigest()
        (tmp_path / "blobs").mkdir(exist_ok=True)
        (tmp_path / f"blobs/sha256-{digest}").write_bytes(data)
        kind = "application/vnd.ollama.image.template"
        layers.append({"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)})
    json_file(tmp_path / "manifests/a/b/c/d", {"layers": layers})
    started = time.monotonic()
    budget = Budget(read_bytes=0, seconds=1)
    ((name, found),) = judge_folder(folder_of(tmp_path), budget=budget)
    assert time.monotonic() - started < 5
    assert (name, found.check, found.severity) == ("", "over-limit", "medium")
    assert found.evidence == ("takes longer than 1 s",)
