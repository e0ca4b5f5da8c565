"""Whether an adapter's configuration says what its weights are, and which model it is for.

Source: peft, tuners/lora/config.py and utils/save_and_load.py.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ringfence.artifacts.folders.folder import Directory, Shape, said
from ringfence.artifacts.readme import read_card
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["judge"]

_CONFIG: Final = "adapter_config.json"
_LORA: Final = pattern(r"(.+)\.lora_(A|B|embedding_A|embedding_B|magnitude_vector)(?:\.[\w-]+)?(?:\.weight)?")
_OF_EMBEDDINGS: Final = (
    "embed_tokens",
    "lm_head",
    "wte",
    "word_embeddings",
    "embed_in",
    "embed_out",
    "shared",
)
_WORD: Final = pattern(r"[^\W\d_]{3,}")
_Tensors = Mapping[str, tuple[str, Shape]]
_ADVICE: Final = "find out whether these files belong together; take them from one publisher"


def judge(directory: Directory) -> Iterator[tuple[str, Spotted]]:
    """What an adapter's configuration says otherwise than its weights and its card."""
    config = directory.json(_CONFIG)
    if not config:
        return
    whys = [*_base(directory, config)]
    tensors = directory.safetensors.get("adapter_model.safetensors")
    if tensors and config.get("peft_type") == "LORA":
        whys += [*_ranks(config, tensors), *_modules(config, tensors)]
    for why in whys[: LIMITS.evidence_items]:
        yield directory.named(_CONFIG), said("adapter-differs", Severity.LOW, why, advice=_ADVICE)


def _base(directory: Directory, config: dict[str, Json]) -> Iterator[str]:
    """The card names other models only."""
    base = config.get("base_model_name_or_path")
    readme = next((file for file in sorted(directory.files) if file.casefold() == "readme.md"), None)
    if readme is None or not isinstance(base, str) or base.count("/") != 1 or base.startswith((".", "/")):
        return
    text = directory.text(readme, max_bytes=LIMITS.readme_bytes)
    stated = read_card((text or "").encode("utf-8", "replace")).base_models
    if stated and not any(_related(base, each) for each in stated):
        yield f"it is for {base}, and its card says {', '.join(stated[:3])}"


def _related(one: str, other: str) -> bool:
    """Whether one name holds the other, or they share a word: copies and quantised bases are renamed."""
    names = [each.rpartition("/")[2].casefold() for each in (one, other)]
    a, b = (re.sub(r"[-_.]", "", each) for each in names)
    return a in b or b in a or not set(_WORD.findall(names[0])).isdisjoint(_WORD.findall(names[1]))


def _ranks(config: dict[str, Json], tensors: _Tensors) -> Iterator[str]:
    rank = config.get("r")
    if not isinstance(rank, int) or config.get("rank_pattern"):
        return
    for name, (_, shape) in tensors.items():
        found = _LORA.fullmatch(name)
        side = {"A": 0, "B": 1}.get(found[2]) if found else None
        if side is not None and len(shape) > 1 and shape[side] != rank:
            yield f"its rank is {rank}, and that of {name} is {shape[side]}"


def _modules(config: dict[str, Json], tensors: _Tensors) -> Iterator[str]:
    """Modules that the weights change and the configuration does not name."""
    targets, saved = config.get("target_modules"), config.get("modules_to_save") or []
    if config.get("bias", "none") != "none" or config.get("target_parameters"):
        return
    if not isinstance(targets, list) or not isinstance(saved, list):
        return  # a regular expression, or all
    changed = frozenset(each for each in (*targets, *saved) if isinstance(each, str))
    replaced = frozenset((*(each for each in saved if isinstance(each, str)), *_OF_EMBEDDINGS))
    for name in tensors:
        found = _LORA.fullmatch(name)
        if not _names(changed if found else replaced, found[1] if found else name):
            yield f"{name} changes a module that it does not name"


def _names(named: frozenset[str], module: str) -> bool:
    """Whether one of the names is a part of the module's path, or its end."""
    if len(module) > LIMITS.name_chars:
        return False
    parts = module.split(".")
    return not named.isdisjoint((*parts, *(".".join(parts[at:]) for at in range(len(parts)))))
