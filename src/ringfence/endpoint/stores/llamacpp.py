"""llama.cpp: a flat folder of `org_repo_file.gguf` with entity tags; by now a Hugging Face cache.

`manifest=org=repo=tag.json` files tell where the underscores in a name belong; without one a model is
called like its file. `$LLAMA_CACHE` names either kind of folder.

Source: ggml-org/llama.cpp common/{common,download,hf-cache}.cpp.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ringfence.endpoint.home import Home, System
from ringfence.endpoint.stores.digest_names import sha256_of
from ringfence.endpoint.stores.huggingface import cached_models
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Entry, Tree
from ringfence.endpoint.stores.weights import models_by_file

__all__ = ["STORE"]


def _locate(home: Home) -> Iterator[Path]:
    if folder := home.variable("LLAMA_CACHE"):
        yield folder
    yield home.data("llama.cpp") if home.system is System.WINDOWS else home.cache("llama.cpp")


def _read(tree: Tree) -> Iterator[StoredModel]:
    yield from cached_models(tree, store=STORE.name)
    files = tree.files(tree.root)
    repositories = _repositories(files)
    for model in models_by_file(
        tree, ((each.name, each) for each in files), store=STORE.name, suffixes=(".gguf",)
    ):
        name = next((name for prefix, name in repositories if model.name.startswith(prefix)), model.name)
        yield replace(model, name=name, files=tuple(_claimed(tree, file) for file in model.files))


def _repositories(files: list[Entry]) -> list[tuple[str, str]]:
    """What the manifests say: the start of a file's name, and the repository it stands for. Longest first."""
    found = []
    for each in files:
        kind, *parts = each.name.removesuffix(".json").split("=")
        if kind == "manifest" and len(parts) == 3 and each.name.endswith(".json"):
            organization, repository, _tag = parts
            found.append((f"{organization}_{repository}_", f"{organization}/{repository}"))
    return sorted(set(found), key=lambda pair: -len(pair[0]))


def _claimed(tree: Tree, file: StoredFile) -> StoredFile:
    """With the entity tag as a claim, where it is a SHA-256, as hubs give it for large files."""
    tag = tree.record(tree.root / f"{file.name}.etag") or b""
    return replace(file, sha256_claimed=sha256_of(tag.decode("ascii", errors="replace")))


STORE = Store(name="llamacpp", title="llama.cpp cache", locate=_locate, read=_read)
