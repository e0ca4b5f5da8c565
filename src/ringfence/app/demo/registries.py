"""Stores that keep blobs by digest and name them in manifests: Ollama, Docker Model Runner, RamaLama.

Sources: ollama manifest/ and types/model/config.go; docker/model-runner pkg/distribution/internal/store;
ramalama model_store/.
"""

import json

from ringfence.app.demo.entries import Entries, Entry, Hollow, Link, as_json, sha256

__all__ = ["docker_models", "ollama", "ramalama"]

_OLLAMA_LAYER = "application/vnd.ollama.image"
_LIBRARY = "manifests/registry.ollama.ai/library"


def ollama(
    *, model: bytes, template: bytes, license_text: bytes, params: bytes, unfinished: bytes
) -> Entries:
    """`tiny:latest`, the cloud model `gpt-oss:120b-cloud`, and a pull that was broken off."""
    layers = {"model": model, "template": template, "license": license_text, "params": params}
    config = {
        "model_format": "gguf",
        "model_family": "llama",
        "model_families": ["llama"],
        "model_type": "32.2K",
        "file_type": "F16",
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(data)}" for data in layers.values()]},
    }
    cloud = {
        "model_format": "",
        "model_family": "gptoss",
        "model_families": ["gptoss"],
        "model_type": "116.8B",
        "file_type": "MXFP4",
        "remote_host": "https://ollama.com:443",
        "remote_model": "gpt-oss:120b",
        "capabilities": ["completion", "tools", "thinking"],
        "context_length": 131072,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    here, there = (json.dumps(each, separators=(",", ":")).encode() for each in (config, cloud))
    partial = f"blobs/sha256-{sha256(unfinished)}-partial"
    half = {"N": 0, "Offset": 0, "Size": len(unfinished), "Completed": len(unfinished) // 2}
    return {
        f"{_LIBRARY}/tiny/latest": _ollama_manifest(here, layers),
        f"{_LIBRARY}/gpt-oss/120b-cloud": _ollama_manifest(there, {}),
        **{f"blobs/sha256-{sha256(data)}": data for data in (here, there, *layers.values())},
        partial: Hollow(head=unfinished[: len(unfinished) // 2], size_bytes=len(unfinished)),
        f"{partial}-0": json.dumps(half).encode(),
    }


def _ollama_manifest(config: bytes, layers: dict[str, bytes]) -> bytes:
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": _descriptor("application/vnd.docker.container.image.v1+json", config),
        "layers": [_descriptor(f"{_OLLAMA_LAYER}.{role}", data) for role, data in layers.items()],
    }
    return json.dumps(manifest, separators=(",", ":")).encode()


def docker_models(*, tag: str, model: bytes, license_text: bytes) -> Entries:
    """Docker Model Runner with one model."""
    config = as_json(
        {
            "config": {
                "format": "gguf",
                "quantization": "Q4_0",
                "parameters": "9.7K",
                "architecture": "llama",
            },
            "descriptor": {"created": "2025-10-09T08:53:20Z"},
            "rootfs": {"type": "rootfs", "diff_ids": [f"sha256:{sha256(model)}"]},
        }
    )
    manifest = as_json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.docker.ai.model.config.v0.1+json", config),
            "layers": [
                _descriptor("application/vnd.docker.ai.gguf.v3", model),
                _descriptor("application/vnd.docker.ai.license", license_text),
            ],
        }
    )
    blobs = (model, license_text, config)
    index = {
        "id": f"sha256:{sha256(manifest)}",
        "tags": [tag],
        "files": [f"sha256:{sha256(blob)}" for blob in blobs],
    }
    return {
        "layout.json": as_json({"version": "1.0.0"}),
        "models.json": as_json({"models": [index]}),
        f"manifests/sha256/{sha256(manifest)}": manifest,
        **{f"blobs/sha256/{sha256(blob)}": blob for blob in blobs},
    }


def ramalama(*, name: str, model: bytes, template: bytes) -> Entries:
    """RamaLama with one model that it pulled from Ollama's registry."""
    base = f"store/ollama/library/{name}"
    snapshot = f"sha256-{sha256(model + template)}"
    files = ((name, "gguf", model), ("chat_template", "chat_template", template))
    ref = {
        "files": [
            {"hash": f"sha256:{sha256(data)}", "name": file, "type": kind} for file, kind, data in files
        ],
        "hash": snapshot,
        "path": f"/home/demo/.local/share/ramalama/{base}/refs/latest.json",
        "version": "v1.0.1",
    }
    entries: dict[str, Entry] = {f"{base}/refs/latest.json": as_json(ref)}
    for file, _, data in files:
        entries[f"{base}/blobs/sha256-{sha256(data)}"] = data
        entries[f"{base}/snapshots/{snapshot}/{file}"] = Link(target=f"../../blobs/sha256-{sha256(data)}")
    return entries


def _descriptor(media_type: str, data: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256(data)}", "size": len(data)}
