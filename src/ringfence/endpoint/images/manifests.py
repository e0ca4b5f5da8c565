"""Which layers an image has, in order, and what its configuration says.

Source: OCI image-spec 1.1 (layout, index, manifest, config); what `docker save` writes (manifest.json). Both
may stand in one archive; whoever loads it takes one of them, so both count.
"""

import hashlib
import re
from collections.abc import Iterator

from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.endpoint.images.blobs import Blobs

__all__ = ["Layer", "Manifest", "digest_of", "manifests"]

_DIGEST = re.compile(r"(sha256|sha512):([0-9a-f]{64,128})")
_BLOCK_BYTES = 1 << 20
_NESTED = 4  # indexes within indexes


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer, in the order in which they are laid over one another."""

    name: str  # its digest, or its name in the archive
    reader: Reader
    media_type: str
    diff_id: str | None  # the digest that its tar file has when inflated, as the configuration says


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image of a layout: for one platform."""

    name: str  # harmless to print
    layers: tuple[Layer, ...]
    says: tuple[str, ...]  # environment, commands and history, a line each


def manifests(blobs: Blobs) -> Iterator[Manifest | Finding | Skipped]:
    """The images, each once, with what does not have the digest that it should have."""
    seen: set[tuple[str, ...]] = set()
    count = 0
    for item in (*_of_layout(blobs), *_of_saved(blobs)):
        if isinstance(item, Manifest):
            layers = tuple(layer.diff_id or layer.name for layer in item.layers)
            if layers in seen:
                continue
            seen.add(layers)
            count += 1
            if count > LIMITS.image_manifests:
                yield _skipped("index.json", f"more than {LIMITS.image_manifests} images")
                return
        yield item
    if not count:
        yield _skipped("index.json", "no image that can be read")


def digest_of(reader: Reader, algorithm: str = "sha256") -> str:
    """The digest of the whole, with its algorithm."""
    digest = hashlib.new(algorithm)
    for at in range(0, reader.size_bytes, _BLOCK_BYTES):
        digest.update(reader.at(at, min(_BLOCK_BYTES, reader.size_bytes - at)))
    return f"{algorithm}:{digest.hexdigest()}"


def _of_layout(blobs: Blobs) -> Iterator[Manifest | Finding | Skipped]:
    index = blobs.get("index.json")
    if index is None:
        return
    waiting = [(each, 0) for each in reversed(_entries(_json(index), "manifests"))]
    left = 4 * LIMITS.image_manifests
    while waiting and left:
        left -= 1
        descriptor, depth = waiting.pop()
        digest = _text(descriptor.get("digest"))
        found, problem = _blob(blobs, descriptor)
        if problem:
            yield problem
        if found is None:
            continue
        document = _json(found)
        nested = _entries(document, "manifests")
        if nested and depth < _NESTED:
            waiting += [(each, depth + 1) for each in reversed(nested)]
        else:
            yield from _manifest(blobs, document, digest)
    if waiting:
        yield _skipped("index.json", "too many images")


def _manifest(blobs: Blobs, document: Json, name: str) -> Iterator[Manifest | Finding | Skipped]:
    body = document if isinstance(document, dict) else {}
    layers: list[Layer] = []
    config = body.get("config")
    reader, problem = _blob(blobs, config) if isinstance(config, dict) else (None, None)
    if problem:
        yield problem
    said = _json(reader) if reader else None
    diff_ids = _diff_ids(said)
    entries = _entries(document, "layers")
    for number, descriptor in enumerate(entries[: LIMITS.image_layers]):
        digest = _text(descriptor.get("digest"))
        found, problem = _blob(blobs, descriptor)
        if problem:
            yield problem
        if found is not None:
            known = diff_ids[number] if number < len(diff_ids) and len(diff_ids) == len(entries) else None
            media = _text(descriptor.get("mediaType"))
            layers.append(Layer(name=digest, reader=found, media_type=media, diff_id=known))
    if len(entries) > LIMITS.image_layers:
        yield _skipped(name, f"more than {LIMITS.image_layers} layers")
    if not entries:
        yield _skipped(name, "no manifest with layers")
    yield Manifest(name=printable(name), layers=tuple(layers), says=tuple(_says(said)))


def _of_saved(blobs: Blobs) -> Iterator[Manifest | Finding | Skipped]:
    manifest = blobs.get("manifest.json")
    document = _json(manifest) if manifest else None
    for entry in document if isinstance(document, list) else []:
        body = entry if isinstance(entry, dict) else {}
        config = blobs.get(_text(body.get("Config")))
        said = _json(config) if config else None
        diff_ids = _diff_ids(said)
        names = body.get("Layers")
        listed = [_text(each) for each in names] if isinstance(names, list) else []
        layers: list[Layer] = []
        for number, name in enumerate(listed[: LIMITS.image_layers]):
            reader = blobs.get(name)
            if reader is None:
                yield _skipped(name, "a layer that is not there")
                continue
            known = diff_ids[number] if len(diff_ids) == len(listed) else None
            layers.append(Layer(name=name, reader=reader, media_type="", diff_id=known))
        if len(listed) > LIMITS.image_layers:
            yield _skipped("manifest.json", f"more than {LIMITS.image_layers} layers")
        tags = body.get("RepoTags")
        tag = _text(tags[0]) if isinstance(tags, list) and tags else "manifest.json"
        yield Manifest(name=printable(tag), layers=tuple(layers), says=tuple(_says(said)))


def _blob(blobs: Blobs, descriptor: dict[str, Json]) -> tuple[Reader | None, Finding | Skipped | None]:
    """The blob that a descriptor names, and what is wrong with it."""
    digest = _text(descriptor.get("digest"))
    known = _DIGEST.fullmatch(digest)
    reader = blobs.get(_path_of(digest)) if known else None
    if known is None or reader is None:
        return None, _skipped(digest, "a blob that is not there")
    actual = digest_of(reader, known[1])
    if actual == digest:
        return reader, None
    return reader, finding(
        "image-digest-mismatch",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject=digest,
        evidence=(f"is {actual}",),
        advice="do not use the image: its bytes are not those that its manifest names",
    )


def _path_of(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/", 1)


def _diff_ids(config: Json) -> list[str]:
    rootfs = config.get("rootfs") if isinstance(config, dict) else None
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    return [_text(each) for each in found] if isinstance(found, list) else []


def _says(config: Json) -> Iterator[str]:
    """Lines of the configuration in which a model may be named."""
    if not isinstance(config, dict):
        return
    run = config.get("config")
    for key in ("Env", "Entrypoint", "Cmd"):
        value = run.get(key) if isinstance(run, dict) else None
        words = [_text(each).replace("\n", " ") for each in value] if isinstance(value, list) else []
        yield from words if key == "Env" else filter(None, (" ".join(words),))
    history = config.get("history")
    for step in history if isinstance(history, list) else []:
        if isinstance(step, dict):
            yield _text(step.get("created_by")).replace("\n", " ")


def _entries(document: Json, key: str) -> list[dict[str, Json]]:
    found = document.get(key) if isinstance(document, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _json(reader: Reader) -> Json:
    """The document; None where it is none, which has no layers and is said so."""
    try:
        return parse(reader.at(0, min(reader.size_bytes, LIMITS.json_bytes + 1)))
    except (BadJson, Malformed):
        return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _skipped(subject: str, reason: str) -> Skipped:
    return Skipped(kind="image", subject=printable(subject) or "index.json", reason=reason)
