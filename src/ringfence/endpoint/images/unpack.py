"""Takes models, what rides with them and what may name models out of an image, into folders of our own.

Only plain files and links among them are written, under names that cannot lead out of the folder. What the
last layer shows lies in one folder, what earlier ones brought and later ones took away in another.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path, PurePosixPath

from ringfence.artifacts.archive_paths import parts_of
from ringfence.artifacts.examine import KNOWN_SUFFIXES, identify
from ringfence.artifacts.licenses import wants_text
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tar_headers import starts_tar
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.images.blobs import image_blobs, inflated
from ringfence.endpoint.images.layers import Entry, Stack
from ringfence.endpoint.images.manifests import Layer, Manifest, digest_of, manifests

__all__ = ["Image", "unpacked"]

_BLOCK_BYTES = 1 << 20
_NAMES_MODELS = frozenset(
    {".py", ".sh", ".yml", ".yaml", ".toml", ".ini", ".cfg", ".conf", ".env", ".service", ".js", ".ipynb"}
)
_NOT_THE_PROJECTS = frozenset(
    {"site-packages", "dist-packages", "node_modules", "usr", "lib", "etc", "proc", "sys", "var", ".git"}
)
_BESIDE = (".json", ".jinja", ".txt", ".model", ".py", ".yaml", ".yml")
_RECORDS = ("models--", "manifests", "blobs")  # folders of stores, whose records say what their blobs are


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What was taken out of an image."""

    files: Path
    deleted: Path  # below a folder for each layer
    configurations: Path
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


@dataclass(slots=True)
class _Out:
    """What is being taken out."""

    findings: dict[str, Finding] = field(default_factory=dict)  # by fingerprint
    skipped: list[Skipped] = field(default_factory=list)
    left_bytes: int = LIMITS.image_bytes
    digests: set[str] = field(default_factory=set)  # of what was written
    oddities: Counter[str] = field(default_factory=Counter)


def unpacked(path: Path, folder: Path) -> Image | None:
    """The image at `path`, taken out into `folder`, which is empty; None when there is no image."""
    out = _Out()
    files, deleted, configurations = (folder / name for name in ("files", "deleted", "configurations"))
    try:
        with image_blobs(path) as blobs:
            if blobs is None:
                return None
            for each in (files, deleted, configurations):
                each.mkdir()
            found = []
            for item in manifests(blobs):
                match item:
                    case Manifest():
                        found.append(item)
                    case Finding():
                        out.findings[item.fingerprint] = item
                    case Skipped():
                        out.skipped.append(item)
            for number, manifest in enumerate(found, 1):
                within = f"image-{number}" if len(found) > 1 else ""
                _take(manifest, files / within, deleted / within, out)
                text = "".join(f"{line}\n" for line in manifest.says)
                name = f"{within or 'image'}-configuration.env"
                (configurations / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    except Malformed as stop:
        out.skipped.append(_skipped(str(path), stop.problem.detail))
        for each in (files, deleted, configurations):
            each.mkdir(exist_ok=True)
    return Image(
        files=files,
        deleted=deleted,
        configurations=configurations,
        findings=tuple(out.findings.values()),
        skipped=tuple(dict.fromkeys(out.skipped)),
    )


def _take(manifest: Manifest, files: Path, deleted: Path, out: _Out) -> None:
    stack = Stack()
    laid = [_laid(stack, out, number, layer) for number, layer in enumerate(manifest.layers, 1)]
    raw = [entry for entry in laid if entry]
    files.mkdir(exist_ok=True)
    deleted.mkdir(exist_ok=True)
    for entry in (*_wanted(stack.files.values()), *raw):
        _write(entry, files / entry.path, out)
    for entry in stack.files.values():
        if entry.content is None:
            _link(entry, stack.files, files)
    for entry in _wanted(stack.deleted):
        if entry.content is not None and digest_of(entry.content) not in out.digests:
            target = deleted / f"layer-{entry.layer}" / entry.path
            again = 1
            while os.path.lexists(target):
                again += 1
                target = deleted / f"layer-{entry.layer}-{again}" / entry.path
            _write(entry, target, out)


def _laid(stack: Stack, out: _Out, number: int, layer: Layer) -> Entry | None:
    """Lays one layer over the others. The file itself where it is no tar file."""
    if "in-toto" in layer.media_type:
        return None  # a statement about the image
    tar, problem = inflated(layer.reader)
    if problem:
        out.skipped.append(_skipped(layer.name, problem.detail))
    elif layer.diff_id:
        _check(layer, tar, out)
    if not starts_tar(tar) and any(tar.head):
        # Weights as they are, as registries keep them for programs that run models.
        name = layer.name.replace(":", "-").replace("/", "-")[: LIMITS.name_chars // 2]
        return Entry(path=name, layer=number, content=tar)
    try:
        for odd in stack.lay(tar):
            _note(odd, layer, out)
    except Malformed as stop:
        out.skipped.append(_skipped(layer.name, stop.problem.detail))
    return None


def _check(layer: Layer, tar: Reader, out: _Out) -> None:
    """Whether the layer inflates to what the configuration says."""
    algorithm = (layer.diff_id or "").partition(":")[0]
    if algorithm not in ("sha256", "sha512"):
        return
    actual = digest_of(tar, algorithm)
    if actual != layer.diff_id:
        made = finding(
            "image-digest-mismatch",
            severity=Severity.HIGH,
            confidence=Confidence.CERTAIN,
            subject=layer.name,
            evidence=(f"inflates to {actual}", f"the configuration says {layer.diff_id}"),
            advice="do not use the image: its bytes are not those that its manifest names",
        )
        out.findings[made.fingerprint] = made


def _note(odd: str, layer: Layer, out: _Out) -> None:
    """Keeps the first of what is odd about a layer."""
    out.oddities[layer.name] += 1
    if out.oddities[layer.name] > LIMITS.evidence_items:
        return
    made = finding(
        "image-odd-layer",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject=layer.name,
        evidence=(odd,),
        advice="do not use the image: programs that unpack it disagree on what is in it",
    )
    out.findings[made.fingerprint] = made


def _wanted(entries: Iterable[Entry]) -> list[Entry]:
    """Models, the files beside them, and what may name models."""
    found = [each for each in entries if each.content is not None]
    models = {id(each) for each in found if _is_model(each)}
    folders = {each.path.rpartition("/")[0] for each in found if id(each) in models}
    return [each for each in found if id(each) in models or _rides_along(each, folders) or _may_name(each)]


def _is_model(entry: Entry) -> bool:
    suffix = PurePosixPath(entry.path).suffix.lower()
    reader = entry.content
    assert reader is not None
    if not reader.size_bytes:
        return False
    if suffix in KNOWN_SUFFIXES:
        return True
    return reader.size_bytes >= LIMITS.image_sniffed_bytes and identify(reader, suffix=suffix) is not None


def _rides_along(entry: Entry, folders: set[str]) -> bool:
    assert entry.content is not None
    if entry.content.size_bytes > LIMITS.image_beside_bytes:
        return False
    folder, _, name = entry.path.rpartition("/")
    if any(part.startswith(_RECORDS) for part in folder.split("/")):
        return True
    return folder in folders and (name.lower().endswith(_BESIDE) or wants_text(name))


def _may_name(entry: Entry) -> bool:
    assert entry.content is not None
    parts = entry.path.split("/")
    if entry.content.size_bytes > LIMITS.script_bytes or _NOT_THE_PROJECTS & set(parts[:-1]):
        return False
    name = parts[-1].lower()
    return PurePosixPath(name).suffix in _NAMES_MODELS or name.startswith(("modelfile", ".env"))


def _write(entry: Entry, path: Path, out: _Out) -> None:
    reader = entry.content
    assert reader is not None
    out.left_bytes -= reader.size_bytes
    if out.left_bytes < 0:
        reason = f"more than {LIMITS.image_bytes} bytes of models in one image"
        out.skipped.append(_skipped("layers", reason))
        return
    digest = hashlib.sha256()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for block in _blocks(reader):
                file.write(block)
                digest.update(block)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        out.skipped.append(_skipped(entry.path, reason))
    except Malformed as stop:
        out.skipped.append(_skipped(entry.path, stop.problem.detail))
    else:
        out.digests.add(f"sha256:{digest.hexdigest()}")


def _blocks(reader: Reader) -> Iterator[bytes]:
    for at in range(0, reader.size_bytes, _BLOCK_BYTES):
        yield reader.at(at, min(_BLOCK_BYTES, reader.size_bytes - at))


def _link(entry: Entry, files: dict[str, Entry], root: Path) -> None:
    """Makes a symbolic link, if it leads to a file that was taken out."""
    path, seen = entry, 0
    while path.content is None and seen < LIMITS.image_links:
        seen += 1
        base = [] if path.link.startswith("/") else path.path.split("/")[:-1]
        for part in parts_of(path.link):
            if part == "..":
                del base[-1:]
            else:
                base.append(part)
        found = files.get("/".join(base))
        if found is None:
            return
        path = found
    target, here = root / path.path, root / entry.path
    if path.content is None or not target.is_file() or os.path.lexists(here):
        return
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        here.symlink_to(os.path.relpath(target, here.parent))
    except OSError:
        return  # the file itself was taken out and is looked at


def _skipped(subject: str, reason: str) -> Skipped:
    return Skipped(kind="image", subject=clip(printable(subject), chars=LIMITS.name_chars), reason=reason)
