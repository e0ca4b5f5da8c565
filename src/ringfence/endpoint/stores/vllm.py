"""vLLM keeps models in the Hugging Face cache; what it streams from object storage lies in its own.

Source: vllm-project/vllm vllm/envs.py (VLLM_CACHE_ROOT, VLLM_ASSETS_CACHE),
transformers_utils/runai_utils.py.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree
from ringfence.endpoint.stores.weights import models_by_file

__all__ = ["STORE"]


def _locate(home: Home) -> Iterator[Path]:
    for name in ("VLLM_CACHE_ROOT", "VLLM_ASSETS_CACHE"):
        if folder := home.variable(name):
            yield folder
    yield home.unix_cache("vllm")


def _read(tree: Tree) -> Iterator[StoredModel]:
    # Not .bin and .pt: compiled graphs, which this cache mostly holds, are called so too.
    yield from models_by_file(
        tree, tree.files_below(tree.root), store=STORE.name, suffixes=(".safetensors", ".gguf")
    )


STORE = Store(name="vllm", title="vLLM cache", locate=_locate, read=_read, reads_all_below=True)
