"""What a model store is to ringfence: where it can lie, and which models its own records name.

A store's records are claims. Digests in names and manifests are passed on as claimed, and checked later.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.digests import GitBlobSha1, Sha256
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.tree import Tree

__all__ = ["Store", "StoredFile", "StoredModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that a store's record names. It need not exist."""

    path: Path  # where the bytes lie: the blob, not the link
    name: str  # within the model, e.g. model-00001-of-00002.safetensors, README.md, or an Ollama layer's role
    sha256_claimed: Sha256 | None = None
    git_sha1_claimed: GitBlobSha1 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A model that a store's record names."""

    store: str  # the store's name
    name: str  # org/name, name:tag …
    revision: str | None  # commit, tag or digest, as the store keeps it
    location: Path  # what a person would look at: the snapshot folder, the manifest
    files: tuple[StoredFile, ...]
    remote: bool = False  # a cloud model: nothing lies here


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One kind of store. Neither function raises for what lies on disk.

    `locate` names every root where the store could lie for a home, whether or not anything lies there; a
    setting that cannot be followed is `Skipped`. `read` yields the models below one existing root; what it
    has to leave out it tells the tree.
    """

    name: str  # as in models[].store, e.g. huggingface
    title: str  # for people, e.g. "Hugging Face cache"
    locate: Callable[[Home], Iterable[Path | Skipped]]
    read: Callable[[Tree], Iterator[StoredModel]]
    reads_all_below: bool = False  # so that a root within another one adds nothing
    system_roots: tuple[Path, ...] = ()  # roots outside of homes, on a running Linux machine
