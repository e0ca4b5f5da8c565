"""MLX: its models lie in the Hugging Face cache, in LM Studio, or where Apple's Swift library puts them.

The Swift library keeps `models/<org>/<name>/` below ~/Documents/huggingface or the caches, with the
metadata that local_dir.py reads. `quantization` tells a model converted for MLX wherever it lies.

Source: huggingface/swift-transformers HubApi, ml-explore/mlx-swift-lm, ml-explore/mlx-lm utils.py.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.settings import read_json
from ringfence.endpoint.stores.local_dir import METADATA_FOLDER, downloaded_model
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree
from ringfence.endpoint.stores.weights import models_by_folder

__all__ = ["STORE", "Quantization", "quantization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How MLX stored the weights."""

    bits: int
    group_size: int  # weights that share a scale


def quantization(config: Path) -> Quantization | None:
    """What the config.json at `config` says of MLX's quantization; None when there is none."""
    found = read_json(config)
    section = found.get("quantization") if isinstance(found, dict) else None
    if not isinstance(section, dict):
        return None
    bits, group_size = section.get("bits"), section.get("group_size")
    if isinstance(bits, int) and isinstance(group_size, int):
        return Quantization(bits=bits, group_size=group_size)
    return None


def _locate(home: Home) -> Iterator[Path | Skipped]:
    yield home.path / "Documents/huggingface/models"
    if home.system is System.MACOS:
        yield home.cache("models")


def _read(tree: Tree) -> Iterator[StoredModel]:
    for organization in tree.folders(tree.root):
        for model in tree.folders(organization.real):
            name = f"{organization.name}/{model.name}"
            if found := downloaded_model(tree, model.real, store=STORE.name, name=name):
                yield found
            elif not tree.folders((model.real / METADATA_FOLDER).parent):
                yield from models_by_folder(tree, model, store=STORE.name, name=name)


STORE = Store(name="mlx", title="MLX (Swift)", locate=_locate, read=_read)
