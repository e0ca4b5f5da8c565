"""Folders as hubs and stores have them, in small: written with the real libraries where these write them."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

__all__ = ["HONEST", "gguf_file", "json_file", "sharded_llm", "tensors"]

TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
_WIDTH, _WORDS, _LAYERS = 8, 32, 2


def json_file(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def tensors(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "float16") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.zeros(shape, dtype) for name, shape in shapes.items()}, path, {"format": "pt"})


def gguf_file(path: Path, *, name: str = "Chat", template: str = TEMPLATE, **keys: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_chat_template(template)
    for key, value in keys.items():
        getattr(writer, f"add_{key}")(*(value if isinstance(value, tuple) else (value,)))
    writer.add_tensor("token_embd.weight", np.zeros((_WORDS, _WIDTH), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _llm_config(top: Path, **more: object) -> None:
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": _WIDTH}
    config |= {"vocab_size": _WORDS, "num_hidden_layers": _LAYERS, "bos_token_id": 1, "eos_token_id": [2, 3]}
    json_file(top / "config.json", config | more)
    json_file(top / "generation_config.json", {"eos_token_id": 2, "pad_token_id": None})
    json_file(top / "tokenizer_config.json", {"chat_template": TEMPLATE})
    vocabulary = {f"w{n}": n for n in range(_WORDS)}
    json_file(top / "tokenizer.json", {"model": {"type": "BPE", "vocab": vocabulary}, "added_tokens": []})
    (top / "README.md").write_text("---\nlicense: mit\nbase_model: acme/chat-base\n---\n# Chat\n")


def _layer(number: int) -> dict[str, tuple[int, ...]]:
    return {f"model.layers.{number}.mlp.up_proj.weight": (16, _WIDTH)}


def sharded_llm(top: Path) -> None:
    shards = [
        {"model.embed_tokens.weight": (_WORDS, _WIDTH), **_layer(0)},
        {**_layer(1), "model.norm.weight": (8,)},
    ]
    weights = {}
    for number, shapes in enumerate(shards, start=1):
        file = f"model-{number:05}-of-00002.safetensors"
        tensors(top / file, shapes)
        weights |= dict.fromkeys(shapes, file)
    index = {"metadata": {"total_size": 1040}, "weight_map": weights}
    json_file(top / "model.safetensors.index.json", index)
    # Of the older variant only the index was downloaded.
    others = dict.fromkeys(weights, "pytorch_model-00001-of-00001.bin")
    json_file(top / "pytorch_model.bin.index.json", {"metadata": {}, "weight_map": others})
    _llm_config(top)
    (top / "chat_template.jinja").write_text(TEMPLATE + "\n")


def _padded_llm(top: Path) -> None:
    """Embeddings padded to more rows, a layer for more tokens at once, and files of two loaders."""
    tensors(
        top / "model.safetensors",
        {"model.embed_tokens.weight": (64, 8), **_layer(0), **_layer(1), **_layer(2)},
    )
    tensors(top / "consolidated.safetensors", {"tok_embeddings.weight": (64, 8)})
    _llm_config(top)


def _lora(top: Path) -> None:
    config = {
        "peft_type": "LORA",
        "r": 4,
        "target_modules": ["q_proj", "v_proj"],
        "base_model_name_or_path": "acme/Chat-7B",
    }
    json_file(top / "adapter_config.json", config | {"modules_to_save": ["lm_head"], "rank_pattern": {}})
    module = "base_model.model.model.layers.0.self_attn"
    shapes = {f"{module}.{each}_proj.lora_A.weight": (4, 8) for each in "qv"}
    shapes |= {f"{module}.{each}_proj.lora_B.weight": (8, 4) for each in "qv"}
    shapes["base_model.model.lm_head.weight"] = (_WORDS, 8)
    tensors(top / "adapter_model.safetensors", shapes)
    (top / "README.md").write_text("---\nbase_model: acme/chat-7b-bnb-4bit\nlibrary_name: peft\n---\n")


def _diffusers(top: Path) -> None:
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1"}
    index |= {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
    index |= {"scheduler": ["diffusers", "PNDMScheduler"], "safety_checker": [None, None]}
    json_file(top / "model_index.json", {**index, "requires_safety_checker": False})
    for part in ("unet", "vae"):
        tensors(top / part / "diffusion_pytorch_model.safetensors", {"conv.weight": (4, 4)})
        tensors(top / part / "diffusion_pytorch_model.fp16.safetensors", {"conv.weight": (4, 4)})
        json_file(top / part / "config.json", {"_class_name": "X"})
    json_file(top / "scheduler/scheduler_config.json", {"_class_name": "PNDMScheduler"})


def _sentence_transformers(top: Path) -> None:
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    listed = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(kinds)
    ]
    json_file(top / "modules.json", listed)
    json_file(top / "1_Pooling/config.json", {"word_embedding_dimension": 8})
    config = {"model_type": "bert", "hidden_size": 8, "vocab_size": _WORDS, "num_hidden_layers": 1}
    json_file(top / "config.json", config)
    shapes = {"embeddings.word_embeddings.weight": (_WORDS, 8), "encoder.layer.0.output.dense.weight": (8, 8)}
    tensors(top / "model.safetensors", shapes, "float32")
    _onnx(top / "onnx")


def _ggufs(top: Path) -> None:
    for quantisation in ("Q4_K_M", "Q5_K_M", "Q8_0", "f16"):
        gguf_file(top / f"chat-{quantisation}.gguf", base_model_count=1)
    gguf_file(top / "mmproj-chat.gguf", name="Chat projector", template="{{ other }}")
    for number in (1, 2):
        gguf_file(top / f"big/chat-{number:05}-of-00002.gguf", name="Big")
    (top / "README.md").write_text("---\nbase_model: acme/chat\n---\n")


def _lmstudio(top: Path) -> None:
    """Models of many makers side by side."""
    gguf_file(top / "one.gguf", name="One")
    gguf_file(top / "two.gguf", name="Two", template="{{ two }}")


def _onnx(top: Path) -> None:
    top.mkdir(parents=True, exist_ok=True)
    weights = numpy_helper.from_array(np.zeros((4, 64), np.float32), "w")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, [1, 4])],
        [value("y", TensorProto.FLOAT, [1, 64])],
        [weights],
    )
    onnx.save(helper.make_model(graph), top / "model_quantized.onnx")
    onnx.save(
        helper.make_model(graph),
        top / "model.onnx",
        save_as_external_data=True,
        location="model.onnx_data",
        size_threshold=0,
    )


def _onnx_community(top: Path) -> None:
    _onnx(top / "onnx")
    _llm_config(top)


def _whisper(top: Path) -> None:
    config = {"model_type": "whisper", "d_model": 8, "vocab_size": _WORDS, "num_hidden_layers": 1}
    json_file(top / "config.json", config | {"decoder_start_token_id": 3})
    tensors(top / "model.safetensors", {"model.encoder.layers.0.fc1.weight": (8, 8)})


def _vit(top: Path) -> None:
    json_file(top / "config.json", {"model_type": "vit", "hidden_size": 8, "num_hidden_layers": 1})
    tensors(top / "model.safetensors", {"vit.encoder.layer.0.output.dense.weight": (8, 8)}, "float32")


def _mlx(top: Path) -> None:
    """Words packed four to a number, and an index that is written for a single file as well."""
    shapes = {
        "model.embed_tokens.weight": (_WORDS, 1),
        "model.embed_tokens.scales": (_WORDS, 1),
        **_layer(0),
        **_layer(1),
    }
    tensors(top / "model.safetensors", shapes, "uint32")
    index = {"metadata": {"total_size": 400}, "weight_map": dict.fromkeys(shapes, "model.safetensors")}
    json_file(top / "model.safetensors.index.json", index)
    _llm_config(top, quantization={"group_size": 64, "bits": 4})


def _gptq(top: Path) -> None:
    """The index is still that of the model before it was quantised, in two files."""
    names = {f"model.layers.{n}.mlp.up_proj.{part}": (8, 8) for n in (0, 1) for part in ("qweight", "scales")}
    tensors(top / "model.safetensors", {"model.embed_tokens.weight": (_WORDS, 8), **names})
    stale = dict.fromkeys(("model.embed_tokens.weight",), "model-00001-of-00002.safetensors")
    json_file(top / "model.safetensors.index.json", {"metadata": {"total_size": 9}, "weight_map": stale})
    _llm_config(top, quantization_config={"quant_method": "gptq"})
    json_file(top / "quantize_config.json", {"bits": 4})


def _custom_code(top: Path) -> None:
    references = {"AutoModel": "modeling_x.Model", "AutoTokenizer": ["acme/x--tokenization_x.T", None]}
    json_file(top / "config.json", {"model_type": "x", "auto_map": references})
    (top / "modeling_x.py").write_text("class Model: ...\n")
    tensors(top / "model.safetensors", {"w": (2, 2)})


def _bert_twice(top: Path) -> None:
    """Weights in both ways, as older repositories have them."""
    config = {"model_type": "bert", "hidden_size": 8, "vocab_size": _WORDS, "num_hidden_layers": 1}
    json_file(top / "config.json", config)
    tensors(
        top / "model.safetensors",
        {"bert.embeddings.word_embeddings.weight": (_WORDS, 8), "bert.encoder.layer.0.x": (8,)},
    )
    (top / "pytorch_model.bin").write_bytes(b"PK\3\4")


def _core_ml(top: Path) -> None:
    package = top / "model.mlpackage"
    items = {"1": {"path": "com.apple.CoreML/model.mlmodel"}, "2": {"path": "com.apple.CoreML/weights"}}
    json_file(package / "Manifest.json", {"fileFormatVersion": "1.0.0", "itemInfoEntries": items})
    json_file(package / "Data/com.apple.CoreML/model.mlmodel", 0)
    json_file(package / "Data/com.apple.CoreML/weights/weight.bin", 0)


def _saved_model(top: Path) -> None:
    (top / "variables").mkdir(parents=True)
    (top / "saved_model.pb").write_bytes(b"\x08\x01")
    for file in ("variables.index", "variables.data-00000-of-00001"):
        (top / "variables" / file).write_bytes(b"x")


def _openvino(top: Path) -> None:
    top.mkdir(parents=True, exist_ok=True)
    layer = '<layer id="0" type="Const" version="opset1"><data offset="16" size="48"/></layer>'
    (top / "model.xml").write_text(
        f'<?xml version="1.0"?><net name="m" version="11"><layers>{layer}</layers></net>'
    )
    (top / "model.bin").write_bytes(bytes(64))
    (top / "pom.xml").write_text("<project/>")


def _ollama(top: Path) -> None:
    layers = []
    kinds = {
        "model": b"GGUF",
        "template": b"{{ .System }} {{ .Prompt }}",
        "params": b"{}",
        "license": b"MIT",
        "projector": b"GGUF2",
    }
    (top / "blobs").mkdir(parents=True)
    for kind, data in (*kinds.items(), ("config", b'{"model_format":"gguf"}')):
        digest = sha256(data).hexdigest()
        (top / f"blobs/sha256-{digest}").write_bytes(data)
        media = (
            f"application/vnd.ollama.image.{kind}"
            if kind in kinds
            else "application/vnd.docker.container.image.v1+json"
        )
        layers.append({"mediaType": media, "digest": f"sha256:{digest}", "size": len(data)})
    manifest = {"schemaVersion": 2, "config": layers[-1], "layers": layers[:-1]}
    json_file(top / "manifests/registry.ollama.ai/library/chat/latest", manifest)


def _hub_cache(top: Path) -> None:
    """Files are links into blobs."""
    snapshot = top / "models--acme--chat/snapshots" / ("a" * 40)
    sharded_llm(snapshot)
    blobs = top / "models--acme--chat/blobs"
    blobs.mkdir()
    for number, file in enumerate(sorted(snapshot.iterdir())):
        file.rename(blobs / f"{number:064x}")
        file.symlink_to(f"../../blobs/{number:064x}")
    (top / "models--acme--chat/refs").mkdir()
    (top / "models--acme--chat/refs/main").write_text("a" * 40)


def _numbered_by_another(top: Path) -> None:
    """Numbered shards without any index, and data in numbered files that is no model."""
    for number in (1, 2):
        tensors(top / f"model-{number:05}-of-00002.safetensors", {f"w{number}": (2,)})
    for number in range(3):
        tensors(top / f"data/train-{number:05}-of-00003.parquet", {"x": (1,)})


HONEST: dict[str, Callable[[Path], None]] = {
    each.__name__.strip("_"): each
    for each in (
        *(sharded_llm, _padded_llm, _lora, _diffusers, _sentence_transformers, _ggufs, _lmstudio, _onnx),
        *(_onnx_community, _whisper, _vit, _mlx, _gptq, _custom_code, _bert_twice, _core_ml, _saved_model),
        *(_openvino, _ollama, _hub_cache, _numbered_by_another),
    )
}
