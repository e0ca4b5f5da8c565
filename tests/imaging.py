"""Container images made by hand: OCI layouts and what `docker save` writes."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from archiving import tar_of
from ringfence.endpoint.images import Image, unpacked

__all__ = ["WEIGHTS", "Blob", "as_tar", "layer", "oci_layout", "saved_image", "taken"]

WEIGHTS = b"GGUF\x03\0\0\0" + bytes(16)


class Blob:
    """Bytes under their digest."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.hex = hashlib.sha256(data).hexdigest()
        self.digest = f"sha256:{self.hex}"

    def descriptor(self, media: str) -> dict[str, object]:
        """As manifests name it."""
        return {"mediaType": media, "digest": self.digest, "size": len(self.data)}


def layer(*files: tuple[str, bytes]) -> bytes:
    """A layer of those files."""
    return tar_of(*files)


def _config(layers: tuple[bytes, ...], env: tuple[str, ...]) -> Blob:
    diff_ids = [Blob(each).digest for each in layers]
    body = {"config": {"Env": list(env)}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    return Blob(json.dumps(body).encode())


def oci_layout(folder: Path, *layers: bytes, env: tuple[str, ...] = (), compressed: bool = True) -> Path:
    """An OCI layout folder of one image."""
    blobs = [Blob(gzip.compress(each, mtime=0) if compressed else each) for each in layers]
    config = _config(layers, env)
    media = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if compressed else "")
    manifest = Blob(
        json.dumps(
            {
                "schemaVersion": 2,
                "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
                "layers": [each.descriptor(media) for each in blobs],
            }
        ).encode()
    )
    index = {
        "schemaVersion": 2,
        "manifests": [manifest.descriptor("application/vnd.oci.image.manifest.v1+json")],
    }
    store = folder / "blobs" / "sha256"
    store.mkdir(parents=True)
    for each in (*blobs, config, manifest):
        (store / each.hex).write_bytes(each.data)
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def saved_image(path: Path, *layers: bytes, env: tuple[str, ...] = (), compressed: bool = False) -> Path:
    """What `docker save` wrote before version 25: a tar file of layers and manifest.json."""
    config = _config(layers, env)
    names = [f"{Blob(each).hex}/layer.tar" for each in layers]
    manifest = [{"Config": f"{config.hex}.json", "RepoTags": ["acme/app:1"], "Layers": names}]
    whole = tar_of(
        *zip(names, layers, strict=True),
        (f"{config.hex}.json", config.data),
        ("manifest.json", json.dumps(manifest).encode()),
    )
    path.write_bytes(gzip.compress(whole, mtime=0) if compressed else whole)
    return path


def as_tar(folder: Path, path: Path) -> Path:
    """The layout as one archive, as `skopeo copy … oci-archive:` writes it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.add(each, each.relative_to(folder).as_posix())
    path.write_bytes(file.getvalue())
    return path


def taken(path: Path, tmp_path: Path) -> Image:
    """The image at `path`, unpacked."""
    folder = tmp_path / "out"
    folder.mkdir()
    image = unpacked(path, folder)
    assert image is not None
    return image
