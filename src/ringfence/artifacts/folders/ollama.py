"""Whether an Ollama store's manifests and blobs agree, and what the templates among the blobs would do.

    manifests/<host>/<namespace>/<model>/<tag>     a JSON document that names layers
    blobs/sha256-<hex>

Source: ollama manifest/manifest.go, server/model.go, template/template.go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ringfence.artifacts.budget import Budget
from ringfence.artifacts.folders.folder import Folder, said
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.templates import judge_template
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.digests import parse_sha256
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["judge"]

_MANIFEST: Final = pattern(r"(.*/)?manifests(?:-v2)?/[^/]+/[^/]+/[^/]+/[^/]+")
_LAYERS: Final = "application/vnd.ollama.image."
_KNOWN: Final = frozenset(
    _LAYERS + kind
    for kind in (
        *("model", "projector", "adapter", "template", "prompt", "system", "params", "messages", "license"),
        *("embed", "tensor", "json"),
    )
) | {"application/vnd.docker.container.image.v1+json"}
_AGAIN: Final = "pull the model again"
_Found = Iterator[tuple[str, Spotted]]


def judge(folder: Folder, *, budget: Budget) -> _Found:
    """What is wrong with every manifest of every store in the folder.

    Raises:
        Malformed: it takes longer than the budget allows.
    """
    judged: set[str] = set()  # one template serves many models
    for name in sorted(folder.names):
        if (found := _MANIFEST.fullmatch(name)) and (manifest := _manifest(folder, name)):
            yield from _manifest_judged(folder, found[1] or "", name, manifest, judged=judged, budget=budget)


def _manifest(folder: Folder, name: str) -> dict[str, Json] | None:
    """The document; None for what is no manifest of this kind, as files of other programs are."""
    data = folder.read(name, LIMITS.store_record_bytes)
    try:
        found = parse(data) if data else None
    except BadJson:
        return None
    return found if isinstance(found, dict) and "layers" in found else None


def _manifest_judged(
    folder: Folder,
    root: str,
    name: str,
    manifest: Mapping[str, Json],
    *,
    judged: set[str],
    budget: Budget,
) -> _Found:
    layers = manifest["layers"]
    for layer in [manifest.get("config"), *(layers if isinstance(layers, list) else [])][
        : LIMITS.model_files
    ]:
        if not isinstance(layer, dict):
            continue
        digest = layer.get("digest")
        sha256 = parse_sha256(digest) if isinstance(digest, str) else None
        kind = layer.get("mediaType")
        if sha256 is None:
            advice = "do not use it: what stands there may lead to any file"
            yield name, said("manifest-differs", Severity.HIGH, f"a layer called {digest}", advice=advice)
            continue
        if not isinstance(kind, str) or kind not in _KNOWN:
            advice = "find out which program wrote it"
            yield name, said("manifest-unknown-layer", Severity.LOW, str(kind), advice=advice)
        blob = f"{root}blobs/sha256-{sha256}"
        yield from ((name, each) for each in _size(folder, blob, layer.get("size")))
        if kind == _LAYERS + "template" and blob not in judged:
            judged.add(blob)
            yield from _template(folder, blob, budget)


def _size(folder: Folder, blob: str, stated: Json) -> Iterator[Spotted]:
    lies = folder.names.get(blob)
    if lies is None:
        yield said("shard-missing", Severity.MEDIUM, f"{blob} is not there", advice=_AGAIN)
    elif isinstance(stated, int) and stated != lies:
        evidence = f"{blob} should have {stated} bytes and has {lies}"
        yield said("manifest-differs", Severity.MEDIUM, evidence, advice=_AGAIN)


def _template(folder: Folder, blob: str, budget: Budget) -> _Found:
    data = folder.read(blob, LIMITS.template_chars)
    for each in judge_template(data.decode("utf-8", "replace"), budget=budget) if data else ():
        yield blob, replace(each, at=None)
