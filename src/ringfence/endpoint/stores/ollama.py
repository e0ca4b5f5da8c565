"""Ollama: `manifests[-v2]/<host>/<namespace>/<model>/<tag>` name layers, which lie in `blobs/sha256-<hex>`.

A model is called as users write it: host and namespace are left out where they are
`registry.ollama.ai/library`. Its revision is the manifest's SHA-256, which Ollama's API gives as the
model's digest. A config with a `remote_host` is a cloud model. Of all layers only the config is read here;
licenses, templates and parameters are files of the model.

Source: ollama manifest/{manifest,paths}.go, types/model/{name,config}.go, envconfig/config.go.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.digest_names import sha256_of
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Tree

__all__ = ["STORE"]

_LIST = "application/vnd.ollama.manifest.list.v2+json"
_LAYER = "application/vnd.ollama.image."
_DOCKER_VOLUMES = Path("/var/lib/docker/volumes")


def _locate(home: Home) -> Iterator[Path]:
    if folder := home.variable("OLLAMA_MODELS"):
        yield folder
    yield home.path / ".ollama/models"
    yield home.path / ".var/app/com.jeffser.Alpaca/data/.ollama/models"


def _read(tree: Tree) -> Iterator[StoredModel]:
    for blob in tree.files(tree.root / "blobs"):
        if "-partial" in blob.name:
            tree.skip(blob.path, "a download that has not finished")
    seen = set()
    for manifests in ("manifests-v2", "manifests"):  # the newer one counts where both know a model
        for name, manifest in _manifests(tree, tree.root / manifests):
            if name not in seen and (model := _model(tree, name, manifest)):
                seen.add(name)
                yield model


def _manifests(tree: Tree, root: Path) -> Iterator[tuple[str, Path]]:
    for host in tree.folders(root):
        for namespace in tree.folders(host.real):
            for model in tree.folders(namespace.real):
                for tag in tree.files(model.real):
                    yield _shortest(host.name, namespace.name, model.name, tag.name), tag.path


def _shortest(host: str, namespace: str, model: str, tag: str) -> str:
    if host.lower() != "registry.ollama.ai":
        return f"{host}/{namespace}/{model}:{tag}"
    return f"{model}:{tag}" if namespace.lower() == "library" else f"{namespace}/{model}:{tag}"


def _model(tree: Tree, name: str, path: Path) -> StoredModel | None:
    data = tree.record(path)
    if data is None:
        return None
    try:
        manifest = parse(data)
    except BadJson:
        manifest = None
    if not isinstance(manifest, dict) or not (layers := _layers(tree, manifest)):
        tree.skip(path, "not a manifest of Ollama")
        return None
    files = tuple(file for layer in layers if (file := _file(tree, layer, path)))
    return StoredModel(
        store=STORE.name,
        name=clip(name, chars=LIMITS.name_chars),
        revision=hashlib.sha256(data).hexdigest(),
        location=path,
        files=files,
        remote=any(file.name == "config" and _is_remote(tree, file.path) for file in files),
    )


def _layers(tree: Tree, manifest: dict[str, Json]) -> list[dict[str, Json]]:
    """Config and layers, those of all runners when the manifest is a list; no digest twice in one role."""
    children = [manifest]
    if manifest.get("mediaType") == _LIST:
        listed = manifest.get("manifests")
        children = (
            [_resolved(tree, each) for each in listed if isinstance(each, dict)]
            if isinstance(listed, list)
            else []
        )
    found: dict[str, dict[str, Json]] = {}
    for child in children:
        layers = child.get("layers")
        for layer in (child.get("config"), *(layers if isinstance(layers, list) else ())):
            if isinstance(layer, dict):
                found.setdefault(f"{layer.get('digest')} {layer.get('name')} {layer.get('mediaType')}", layer)
    return list(found.values())


def _resolved(tree: Tree, child: dict[str, Json]) -> dict[str, Json]:
    """A list's entry itself, or the manifest that it refers to by digest."""
    digest = sha256_of(child.get("digest"))
    if digest is None or "layers" in child:
        return child
    return tree.json(_blob(tree, digest)) or {}


def _file(tree: Tree, layer: dict[str, Json], manifest: Path) -> StoredFile | None:
    digest = sha256_of(layer.get("digest"))
    if digest is None:
        tree.skip(manifest, "names a layer by something that is no digest")
        return None
    path = tree.place(_blob(tree, digest))
    return None if path is None else StoredFile(path=path, name=_role(layer), sha256_claimed=digest)


def _role(layer: dict[str, Json]) -> str:
    """The layer's own name (tensors have one), or what its media type makes it: model, license …"""
    if isinstance(name := layer.get("name"), str) and name:
        return clip(name, chars=LIMITS.name_chars)
    kind = str(layer.get("mediaType"))
    return clip(kind.removeprefix(_LAYER), chars=LIMITS.name_chars) if kind.startswith(_LAYER) else "config"


def _is_remote(tree: Tree, config: Path) -> bool:
    return bool((tree.json(config) or {}).get("remote_host"))


def _blob(tree: Tree, digest: str) -> Path:
    return tree.root / "blobs" / f"sha256-{digest}"


STORE = Store(
    name="ollama",
    title="Ollama",
    locate=_locate,
    read=_read,
    system_roots=(
        Path("/usr/share/ollama/.ollama/models"),
        Path("/var/lib/ollama"),
        Path("/var/lib/ollama/.ollama/models"),
        Path("/var/snap/ollama/common/models"),
        _DOCKER_VOLUMES / "ollama/_data/models",
    ),
)
