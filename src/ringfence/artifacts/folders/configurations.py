"""Whether the configuration of a transformers model says what its weights and its tokenizer are.

Only what no honest folder gets wrong is compared: embeddings are padded, layers are left out for speed, types
are changed when weights are saved.

Source: transformers, configuration_utils.py, generation/configuration_utils.py.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.folders.folder import Directory, Shape, said
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Severity
from ringfence.core.patterns import pattern

__all__ = ["judge"]

_EMBEDDING: Final = pattern(
    r"(?:(?:model|transformer|bert|roberta)\.)?(?:embed_tokens|wte|embeddings\.word_embeddings)\.weight"
)
_LAYER: Final = pattern(r"(?:(?:model|transformer|bert|roberta)\.)?(?:layers|h|encoder\.layer)\.(\d{1,5})\.")
_FLOATS: Final = frozenset(("F64", "F32", "F16", "BF16"))
_OTHER_WIDTHS: Final = ("embedding_size", "word_embed_proj_dim", "text_config", "hidden_sizes")
_TOKENS: Final = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
_ADVICE: Final = "find out whether these files belong together; take them from one publisher"
_SHARD_NAME: Final = pattern(
    r"(?:model|pytorch_model|diffusion_pytorch_model)(?:-\d{5}-of-\d{5})?\.safetensors"
)


def judge(directory: Directory) -> Iterator[tuple[str, Spotted]]:
    """What the configuration says otherwise than the files beside it."""
    config = directory.json("config.json")
    if "model_type" not in config and "architectures" not in config:
        return
    for why in (*_weights(directory, config), *_layers(directory, config)):
        yield directory.named("config.json"), said("config-differs", Severity.LOW, why, advice=_ADVICE)
    for file, why in _tokens(directory, config):
        yield directory.named(file), said("token-out-of-range", Severity.LOW, why, advice=_ADVICE)


def _tensors(directory: Directory) -> dict[str, tuple[str, Shape]]:
    return {
        name: tensor
        for file, tensors in directory.safetensors.items()
        if _SHARD_NAME.fullmatch(file)
        for name, tensor in tensors.items()
    }


def _weights(directory: Directory, config: dict[str, Json]) -> Iterator[str]:
    """The table of words: as wide as the model, and at least as long as the vocabulary."""
    if any(key in config for key in _OTHER_WIDTHS):
        return
    width, words = _number(config, "hidden_size", "n_embd", "d_model"), _number(config, "vocab_size")
    for name, (dtype, shape) in _tensors(directory).items():
        if not _EMBEDDING.fullmatch(name) or dtype not in _FLOATS or len(shape) != 2:
            continue
        if width is not None and shape[1] != width:
            yield f"its hidden size is {width}, and {name} is {shape[1]} wide"
        if words is not None and shape[0] < words:
            yield f"it has {words} words, and {name} has {shape[0]}"


def _layers(directory: Directory, config: dict[str, Json]) -> Iterator[str]:
    """Fewer layers in the weights than the model is said to have: those would be made up."""
    layers = _number(config, "num_hidden_layers", "n_layer", "num_layers")
    found = {int(n[1]) for name in _tensors(directory) if (n := _LAYER.match(name))}
    whole = not any(file.endswith(".safetensors.index.json") for file in directory.files) or all(
        directory.size_bytes(file) is not None for file in _indexed(directory)
    )
    if layers is not None and found and whole and len(found) < layers:
        yield f"it has {layers} layers, and the weights have {len(found)}"


def _indexed(directory: Directory) -> Iterator[str]:
    for index in directory.ending(".safetensors.index.json"):
        weights = directory.json(index).get("weight_map")
        if isinstance(weights, dict):
            yield from (each for each in set(map(str, weights.values())))


def _tokens(directory: Directory, config: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """Special tokens that the model has no word for."""
    words = _number(config, "vocab_size")
    if words is None or words < 1:
        return
    for file in ("config.json", "generation_config.json"):
        stated = directory.json(file)
        for key in _TOKENS:
            value = stated.get(key)
            for token in value if isinstance(value, list) else [value]:
                if isinstance(token, int) and token >= words:
                    yield file, f"{key} is {token}, and there are {words} words"
    model = directory.json("tokenizer.json").get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, list):
        highest = len(vocabulary) - 1
    elif isinstance(vocabulary, dict):
        highest = max((each for each in vocabulary.values() if isinstance(each, int)), default=-1)
    else:
        return
    if highest >= words:
        yield "tokenizer.json", f"it has token {highest}, and config.json {words} words"


def _number(config: dict[str, Json], *keys: str) -> int | None:
    for key in keys:
        value = config.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
