"""What lies beside the weights and belongs to them: configuration, tokenizer, model card, license."""

from pathlib import Path

from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.limits import LIMITS
from ringfence.endpoint.opening import read_small

__all__ = ["companions", "is_model_folder"]

_DESCRIBING_KEYS = ("architectures", "model_type", "quantization", "quantization_config")
_NAMES = (
    "LICENSE",
    "LICENSE.md",
    "LICENSE.txt",
    "NOTICE",
    "README.md",
    "USE_POLICY.md",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "config.json",
    "generation_config.json",
    "merges.txt",
    "model.safetensors.index.json",
    "preprocessor_config.json",
    "processor_config.json",
    "pytorch_model.bin.index.json",
    "quantize_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)


def is_model_folder(folder: Path) -> bool:
    """Whether a `config.json` there describes a model, so that the weights beside it belong together."""
    data = read_small(folder / "config.json", max_bytes=LIMITS.config_bytes)
    if not isinstance(data, bytes):
        return False
    try:
        config = parse(data)
    except BadJson:
        return False
    return isinstance(config, dict) and any(key in config for key in _DESCRIBING_KEYS)


def companions(folder: Path) -> tuple[Path, ...]:
    """The files of well-known names in a model folder, weights left out."""
    return tuple(path for path in (folder / name for name in _NAMES) if path.is_file())
