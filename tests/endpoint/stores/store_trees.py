"""Trees as the tools write them, and what a test asks of them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from ringfence.core.digests import Sha256
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.stores import StoreRoot, read_root, stored_models
from ringfence.endpoint.stores.store import Store, StoredModel

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLLAMA_TYPE = "application/vnd.ollama.image."


def sha256(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).hexdigest())


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()


def write(path: Path, data: bytes | str = b"GGUF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def home(
    path: Path,
    system: System = System.LINUX,
    environment: Mapping[str, str] | None = None,
    *,
    elsewhere: bool = False,
) -> Home:
    return Home(path=path, system=system, environment=environment or {}, elsewhere=elsewhere)


def found(*homes: Home) -> list[StoredModel | Skipped]:
    return list(stored_models(homes, system=False))


def names(*homes: Home) -> list[str]:
    """Store and name of each model; a test that uses this asks where a store lies, not what is in it."""
    return [
        f"skipped: {each.reason}" if isinstance(each, Skipped) else f"{each.store} {each.name}"
        for each in found(*homes)
    ]


def read(store: Store, root: Path) -> list[StoredModel | Skipped]:
    return list(read_root(StoreRoot(store=store, path=root)))


def hub_blob(repository: Path, data: bytes, *, large: bool) -> Path:
    return write(repository / "blobs" / (sha256(data) if large else git_sha1(data)), data)


def hub_snapshot(hub: Path, folder: str, files: Mapping[str, bytes], *, commit: str = COMMIT) -> Path:
    """A cached snapshot as huggingface_hub writes it; weights count as large files."""
    repository = hub / folder
    snapshot = repository / "snapshots" / commit
    for name, data in files.items():
        blob = hub_blob(repository, data, large=name.endswith((".safetensors", ".gguf")))
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path("../" * (2 + name.count("/")), "blobs", blob.name))
    write(repository / "refs/main", commit)
    return snapshot


def ollama_blob(root: Path, data: bytes) -> str:
    write(root / "blobs" / f"sha256-{sha256(data)}", data)
    return f"sha256:{sha256(data)}"


def ollama_manifest(root: Path, config: object, layers: Mapping[str, bytes]) -> bytes:
    """Writes the blobs and returns the manifest."""
    described = [
        {"mediaType": OLLAMA_TYPE + role, "digest": ollama_blob(root, data), "size": len(data)}
        for role, data in layers.items()
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": ollama_blob(root, json.dumps(config).encode()),
        },
        "layers": described,
    }
    return json.dumps(manifest).encode()


def ollama_model(root: Path, path: str, *, config: object = None, **layers: bytes) -> Path:
    """A model at `path` below manifests/, e.g. registry.ollama.ai/library/tiny/latest."""
    manifest = ollama_manifest(root, config or {"model_format": "gguf"}, layers or {"model": b"GGUF"})
    return write(root / "manifests" / path, manifest)


def docker_model(root: Path, *tags: str, layers: Mapping[str, bytes]) -> str:
    """A model in Docker's store, index included; returns its manifest's digest."""

    def blob(data: bytes) -> str:
        write(root / "blobs/sha256" / sha256(data), data)
        return f"sha256:{sha256(data)}"

    described = [{"mediaType": kind, "digest": blob(data)} for kind, data in layers.items()]
    config = {"mediaType": "application/vnd.docker.ai.model.config.v0.1+json", "digest": blob(b"{}")}
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": described}).encode()
    digest = sha256(manifest)
    write(root / "manifests/sha256" / digest, manifest)
    entry = {
        "id": f"sha256:{digest}",
        "tags": list(tags),
        "files": [layer["digest"] for layer in (*described, config)],
    }
    write(root / "models.json", json.dumps({"models": [entry]}))
    write(root / "layout.json", '{"version":"1.0.0"}')
    return digest


def ramalama_model(root: Path, path: str, files: list[dict[str, str]], *, tag: str = "latest") -> Path:
    reference = {"files": files, "hash": "sha256-" + "a" * 64, "path": "/old", "version": "v1.0.1"}
    return write(root / "store" / path / "refs" / f"{tag}.json", json.dumps(reference))
