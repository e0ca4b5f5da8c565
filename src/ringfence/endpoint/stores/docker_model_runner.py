"""Docker Model Runner: models.json lists tags and manifests, whose layers lie in `blobs/sha256/<hex>`.

Each tag is a model, called as users write it: the default registry is left out.

Source: docker/model-runner pkg/distribution/internal/store, pkg/distribution/types; the `docker model` client
mounts the volume docker-model-runner-models on Linux.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.bounded_json import Json
from ringfence.core.digests import Sha256
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.digest_names import sha256_of
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Tree

__all__ = ["STORE"]

_TYPE_PREFIXES = ("application/vnd.docker.ai.", "application/vnd.cncf.model.")
_FILE_PATH = "org.cncf.model.filepath"


def _locate(home: Home) -> Iterator[Path]:
    if folder := home.variable("MODELS_PATH"):
        yield folder
    yield home.path / ".docker/models"


def _read(tree: Tree) -> Iterator[StoredModel]:
    for blob in tree.files(tree.root / "blobs/sha256"):
        if blob.name.endswith(".incomplete"):
            tree.skip(blob.path, "a download that has not finished")
    index = tree.json(tree.root / "models.json")
    models = index.get("models") if index else None
    for entry in models if isinstance(models, list) else ():
        digest = sha256_of(entry.get("id")) if isinstance(entry, dict) else None
        if isinstance(entry, dict) and digest:
            yield from _models(tree, entry, digest)
        else:
            tree.skip(tree.root / "models.json", "names a model by something that is no digest")


def _models(tree: Tree, entry: dict[str, Json], digest: Sha256) -> Iterator[StoredModel]:
    path = tree.root / "manifests/sha256" / digest
    manifest = tree.json(path)
    files = _files(tree, manifest) if manifest else _unnamed_files(tree, entry)
    tags = entry.get("tags")
    names = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    for name in names or [digest[:12]]:
        yield StoredModel(
            store=STORE.name,
            name=clip(_as_written(name), chars=LIMITS.name_chars),
            revision=digest,
            location=path,
            files=files,
        )


def _as_written(tag: str) -> str:
    return tag.removeprefix("index.").removeprefix("docker.io/").removeprefix("library/")


def _files(tree: Tree, manifest: dict[str, Json]) -> tuple[StoredFile, ...]:
    layers = manifest.get("layers")
    described = [each for each in layers if isinstance(each, dict)] if isinstance(layers, list) else []
    named = [(_role(each), each.get("digest")) for each in described]
    if isinstance(config := manifest.get("config"), dict):
        named.insert(0, ("config", config.get("digest")))
    return tuple(file for role, digest in named if (file := _file(tree, role, digest)))


def _unnamed_files(tree: Tree, entry: dict[str, Json]) -> tuple[StoredFile, ...]:
    """What the index alone tells when there is no manifest: digests."""
    digests = entry.get("files")
    return tuple(
        file
        for digest in (digests if isinstance(digests, list) else ())
        if (file := _file(tree, str(digest), digest))
    )


def _file(tree: Tree, role: str, claim: Json) -> StoredFile | None:
    digest = sha256_of(claim)
    if digest is None:
        tree.skip(tree.root / "models.json", "names a layer by something that is no SHA-256")
        return None
    path = tree.place(tree.root / "blobs/sha256" / digest)
    return (
        None
        if path is None
        else StoredFile(path=path, name=clip(role, chars=LIMITS.name_chars), sha256_claimed=digest)
    )


def _role(layer: dict[str, Json]) -> str:
    """The file's own path where the layer tells it, or what its media type makes it: gguf, license …"""
    annotations = layer.get("annotations")
    path = annotations.get(_FILE_PATH) if isinstance(annotations, dict) else None
    if isinstance(path, str) and path:
        return path
    kind = str(layer.get("mediaType"))
    for prefix in _TYPE_PREFIXES:
        if kind.startswith(prefix):
            return kind.removeprefix(prefix).partition(".")[0]
    return kind


STORE = Store(
    name="docker-model-runner",
    title="Docker Model Runner",
    locate=_locate,
    read=_read,
    system_roots=(Path("/var/lib/docker/volumes/docker-model-runner-models/_data"),),
)
