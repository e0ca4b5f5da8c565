"""What lies beside the weights and belongs to them: configuration, tokenizer, model card, license."""

import os
from itertools import islice
from pathlib import Path

from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.limits import LIMITS
from ringfence.endpoint.opening import read_small

__all__ = ["companions", "is_model_folder"]

_DESCRIBING_KEYS = ("architectures", "model_type", "quantization", "quantization_config")
_NAMES = frozenset(
    {
        "NOTICE",
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
    }
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
    """The regular files of well-known names in a model folder, weights left out; links are not followed.

    Of a folder with more than `limits.model_files` entries only the first are looked at.
    """
    from ringfence.artifacts.licenses import wants_text

    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in islice(entries, LIMITS.model_files)
                if (entry.name in _NAMES or wants_text(entry.name)) and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return ()
    return tuple(folder / name for name in sorted(names))
