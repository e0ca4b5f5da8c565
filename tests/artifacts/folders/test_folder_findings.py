import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFValueType

from model_folders import HONEST, TEMPLATE, gguf_file, json_file, tensors
from ringfence.app.folder_of import folder_of
from ringfence.artifacts.feeds import Feeds, template_digest
from ringfence.artifacts.folders.judge import judge_folder

_FIRST = {"model.embed_tokens.weight": (32, 8), "model.layers.0.mlp.up_proj.weight": (16, 8)}
_STRING = GGUFValueType.STRING
_INDEX = "model.safetensors.index.json"
_Said = set[tuple[str, str, str]]


def _said(top: Path, **known: Any) -> _Said:
    return {(name, each.check, each.severity) for name, each in judge_folder(folder_of(top), **known)}


def _moved_tensor(top: Path) -> None:
    index = json.loads((top / "model.safetensors.index.json").read_text())
    index["weight_map"]["model.norm.weight"] = "model-00001-of-00002.safetensors"
    json_file(top / "model.safetensors.index.json", index)


def _tensor_twice(top: Path) -> None:
    again = {
        "model.embed_tokens.weight": (32, 8),
        "model.layers.0.mlp.up_proj.weight": (16, 8),
        "model.norm.weight": (8,),
    }
    tensors(top / "model-00001-of-00002.safetensors", again)


def _one_more_tensor(top: Path) -> None:
    more = {
        "model.embed_tokens.weight": (32, 8),
        "model.layers.0.mlp.up_proj.weight": (16, 8),
        "model.trap": (8,),
    }
    tensors(top / "model-00001-of-00002.safetensors", more)


def _index_of(file: str) -> Callable[[Path], None]:
    def change(top: Path) -> None:
        index = json.loads((top / "model.safetensors.index.json").read_text())
        index["weight_map"]["model.other"] = file
        json_file(top / "model.safetensors.index.json", index)

    return change


def _set(file: str, **values: Any) -> Callable[[Path], None]:
    def change(top: Path) -> None:
        json_file(top / file, json.loads((top / file).read_text()) | values)

    return change


def _write(file: str, value: object) -> Callable[[Path], None]:
    return lambda top: json_file(top / file, value)


def _gone(file: str) -> Callable[[Path], None]:
    return lambda top: (top / file).unlink()


def _short(file: str, size_bytes: int) -> Callable[[Path], object]:
    return lambda top: (top / file).write_bytes((top / file).read_bytes()[:size_bytes])


def _one_more_shard(top: Path) -> None:
    tensors(top / "model-00003-of-00002.safetensors", {"x": (1,)})


def _renumbered(top: Path) -> None:
    (top / "variables/variables.data-00000-of-00001").rename(top / "variables/variables.data-00001-of-00002")


def _other_jinja(top: Path) -> None:
    (top / "chat_template.jinja").write_text("{{ other }}")


def _trap_in_one_quantisation(top: Path) -> None:
    gguf_file(top / "chat-Q8_0.gguf", template=TEMPLATE + "{{ trap }}")


_OUT = {"itemInfoEntries": {"1": {"path": "../../x"}}}
_NO_FILES = [{"path": "/etc", "type": "x.Normalize"}]


@pytest.mark.parametrize(
    ("honest", "change", "expected"),
    [
        ("sharded_llm", _gone("model-00002-of-00002.safetensors"), f"{_INDEX} shard-missing medium"),
        ("sharded_llm", _moved_tensor, f"{_INDEX} index-differs medium"),
        ("sharded_llm", _tensor_twice, f"{_INDEX} index-differs high"),
        ("sharded_llm", _one_more_tensor, f"{_INDEX} index-differs low"),
        ("sharded_llm", _index_of("../other.safetensors"), f"{_INDEX} folder-path-escapes high"),
        ("sharded_llm", _set(_INDEX, metadata={"total_size": 10**9}), f"{_INDEX} index-differs low"),
        ("sharded_llm", _set(_INDEX, weight_map={"a": 1}), f"{_INDEX} index-differs medium"),
        ("sharded_llm", _one_more_shard, "model-00003-of-00002.safetensors index-differs low"),
        (
            "numbered_by_another",
            _gone("model-00001-of-00002.safetensors"),
            "model-00002-of-00002.safetensors shard-missing medium",
        ),
        ("ggufs", _gone("big/chat-00002-of-00002.gguf"), "big/chat-00001-of-00002.gguf shard-missing medium"),
        ("sharded_llm", _set("config.json", hidden_size=16), "config.json config-differs low"),
        ("sharded_llm", _set("config.json", num_hidden_layers=3), "config.json config-differs low"),
        ("padded_llm", _set("config.json", vocab_size=65), "config.json config-differs low"),
        (
            "sharded_llm",
            _write("generation_config.json", {"eos_token_id": [1, 32]}),
            "generation_config.json token-out-of-range low",
        ),
        ("vit", _set("config.json", vocab_size=2, pad_token_id=2), "config.json token-out-of-range low"),
        (
            "sharded_llm",
            _write("tokenizer.json", {"model": {"vocab": {"a": 32}}}),
            "tokenizer.json token-out-of-range low",
        ),
        ("lora", _set("adapter_config.json", r=8), "adapter_config.json adapter-differs low"),
        (
            "lora",
            _set("adapter_config.json", target_modules=["q_proj"]),
            "adapter_config.json adapter-differs low",
        ),
        (
            "lora",
            _set("adapter_config.json", base_model_name_or_path="acme/other"),
            "adapter_config.json adapter-differs low",
        ),
        ("diffusers", _gone("scheduler/scheduler_config.json"), "model_index.json file-missing low"),
        (
            "diffusers",
            _set("model_index.json", **{"../secrets": ["diffusers", "X"]}),
            "model_index.json folder-path-escapes high",
        ),
        ("sentence_transformers", _gone("1_Pooling/config.json"), "modules.json file-missing low"),
        ("sentence_transformers", _write("modules.json", _NO_FILES), "modules.json folder-path-escapes high"),
        ("custom_code", _gone("modeling_x.py"), "config.json file-missing low"),
        (
            "core_ml",
            _write("model.mlpackage/Manifest.json", _OUT),
            "model.mlpackage/Manifest.json folder-path-escapes high",
        ),
        ("saved_model", _renumbered, "variables/variables.index file-missing low"),
        ("onnx", _gone("model.onnx_data"), "model.onnx file-missing low"),
        ("onnx", _short("model.onnx_data", 1023), "model.onnx external-data-range high"),
        ("openvino", _short("model.bin", 63), "model.xml external-data-range high"),
        ("sharded_llm", _other_jinja, "tokenizer_config.json chat-template-differs low"),
        ("ggufs", _trap_in_one_quantisation, "chat-Q8_0.gguf chat-template-differs high"),
    ],
)
def test_one_change_to_an_honest_folder_is_told(
    honest: str, change: Callable[[Path], object], expected: str, tmp_path: Path
) -> None:
    HONEST[honest](tmp_path)
    change(tmp_path)
    assert _said(tmp_path) == {tuple(expected.split())}


def test_a_readme_that_speaks_of_another_model_than_the_header_is_told(tmp_path: Path) -> None:
    gguf_file(tmp_path / "m.gguf", name="Zebra 7B", key_value=("general.base_model.0.name", "Zebra", _STRING))
    (tmp_path / "README.md").write_text("---\nbase_model: acme/chat\n---\n")
    assert _said(tmp_path) == {("m.gguf", "card-differs", "low")}
    (tmp_path / "README.md").write_text("---\nbase_model: [acme/chat, acme/zebra-7b]\n---\n")
    assert _said(tmp_path) == set()


def test_a_template_unknown_to_a_feed_is_worse_for_the_model_than_for_its_children(
    tmp_path: Path,
) -> None:
    HONEST["sharded_llm"](tmp_path)
    other = frozenset({template_digest("{{ other }}")})
    files = ("chat_template.jinja", "tokenizer_config.json")
    own = Feeds(templates={"acme/chat": other})
    base = Feeds(templates={"acme/chat-base": other})
    assert _said(tmp_path, feeds=own, model="Acme/Chat") == {
        (f, "chat-template-differs", "high") for f in files
    }
    assert _said(tmp_path, feeds=base, model="acme/chat") == {
        (f, "chat-template-differs", "low") for f in files
    }
    known = Feeds(templates={"acme/chat": other | {template_digest(TEMPLATE)}})
    assert _said(tmp_path, feeds=known, model="acme/chat") == set()


def test_bytecode_of_another_source_is_told(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "model.py").write_text("x = 1\n")
    for file, size in (("model.cpython-311.pyc", 7), ("gone.cpython-311.pyc", 7)):
        header = bytes(12) + size.to_bytes(4, "little")
        (tmp_path / "__pycache__" / file).write_bytes(header)
    (tmp_path / "__pycache__/model.cpython-312.pyc").write_bytes(bytes(12) + (6).to_bytes(4, "little"))
    assert _said(tmp_path) == {("__pycache__/model.cpython-311.pyc", "bytecode-differs", "low")}
