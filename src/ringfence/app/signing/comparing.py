"""What was signed against what is there: files changed, missing, added, or left out of the signature."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress
from ringfence.artifacts.signing import DigestName, Manifest
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.model_tree import ModelTree
from ringfence.endpoint.pieces import Hasher, NoDigest, Piece, hash_pieces

__all__ = ["Compared", "compare"]

_ADVICE = {
    "signature-file-changed": "do not use it: get the file again from whoever signed the model",
    "signature-file-missing": "get the whole model again: what is there may behave differently without it",
    "signature-file-unsigned": "remove it, or leave it out with --ignore-path if it is your own",
    "signature-file-link": "allow links within the model's own store with --allow-symlinks, or copy the file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is wrong, and what could not be examined."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


def compare(
    manifest: Manifest,
    tree: ModelTree,
    *,
    ignore_unsigned_files: bool,
    own: str | None,
    here: Here,
    progress: Progress,
) -> Compared:
    """Hashes every signed file and tells of every other. `own` is the signature's name in the model."""
    hashed = _hashed(manifest, tree, here, progress)
    skipped = tuple(
        Skipped(kind="file", subject=_shown(name), reason=digest.reason)
        for name, digest in hashed.items()
        if isinstance(digest, NoDigest)
    )
    unsigned = _unsigned(manifest, tree)
    aside = [name for name in tree.passed if name != own]
    aside += [
        name
        for name, file in tree.files.items()
        if name not in manifest.files and _has_no_shard(manifest, file.size_bytes)
    ]
    if ignore_unsigned_files:
        aside += unsigned
        unsigned = {}
    findings = (
        *_capped("signature-file-changed", {k: v for k, v in hashed.items() if isinstance(v, tuple)}),
        *_capped("signature-file-link", {k: (v,) for k, v in tree.refused.items() if k in manifest.files}),
        *_capped(
            "signature-file-missing",
            {k: () for k in manifest.files if k not in tree.files and k not in tree.refused},
        ),
        *_capped("signature-file-unsigned", unsigned),
        *_aside(sorted(aside), tree),
    )
    return Compared(findings=findings, skipped=skipped)


def _unsigned(manifest: Manifest, tree: ModelTree) -> dict[str, tuple[str, ...]]:
    files: dict[str, tuple[str, ...]] = {
        name: ()
        for name, file in tree.files.items()
        if name not in manifest.files and not _has_no_shard(manifest, file.size_bytes)
    }
    return files | {name: (why,) for name, why in tree.refused.items() if name not in manifest.files}


def _has_no_shard(manifest: Manifest, size_bytes: int) -> bool:
    """An empty file cannot be signed in shards: the format has no place for it."""
    return manifest.shard_bytes is not None and size_bytes == 0


def _hashed(
    manifest: Manifest, tree: ModelTree, here: Here, progress: Progress
) -> dict[str, tuple[str, ...] | NoDigest]:
    """Those signed files that are not as they were, with evidence, and those that could not be read."""
    wrong: dict[str, tuple[str, ...] | NoDigest] = {}
    pieces: list[tuple[str, str, Piece]] = []
    for name in sorted(manifest.files.keys() & tree.files.keys()):
        file, signed = tree.files[name], manifest.files[name]
        end = signed[-1].end
        if end is not None and end != file.size_bytes:
            wrong[name] = (f"signed {end} bytes", f"is {file.size_bytes} bytes")
            continue
        for each in signed:
            piece = Piece(file, each.start, file.size_bytes if each.end is None else each.end)
            pieces.append((name, each.digest, piece))
    hasher = _hasher(manifest.digest_name)
    if isinstance(hasher, NoDigest):
        return wrong | {name: hasher for name, _, _ in pieces}
    total = sum(piece.end - piece.start for _, _, piece in pieces)
    digests = hash_pieces(
        [piece for _, _, piece in pieces],
        hasher=hasher,
        threads=here.cores,
        on_progress=lambda done: progress.hashing(done_bytes=done, total_bytes=total),
    )
    for (name, signed_digest, _), digest in zip(pieces, digests, strict=True):
        if isinstance(digest, NoDigest):
            wrong.setdefault(name, digest)
        elif digest != signed_digest:
            kind = manifest.digest_name
            wrong[name] = (f"signed {kind}:{signed_digest}", f"is {kind}:{digest}")
    return wrong


def _hasher(name: DigestName) -> Callable[[], Hasher] | NoDigest:
    match name:
        case DigestName.SHA256:
            return hashlib.sha256
        case DigestName.BLAKE2B:
            return hashlib.blake2b
        case DigestName.BLAKE3:
            try:
                from blake3 import blake3
            except ImportError:
                return NoDigest("its digest needs the package blake3: install it beside ringfence")
            return blake3


def _capped(check: str, about: dict[str, tuple[str, ...]]) -> Iterator[Finding]:
    names = sorted(about)
    shown = names[: LIMITS.signed_findings]
    for name in shown:
        yield _finding(check, name, about[name])
    if len(names) > len(shown):
        yield _finding(check, "more files", (f"and {len(names) - len(shown)} more files",))


def _finding(check: str, subject: str, evidence: tuple[str, ...]) -> Finding:
    return finding(
        check,
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject=subject,
        evidence=evidence,
        advice=_ADVICE[check],
    )


def _aside(names: list[str], tree: ModelTree) -> Iterable[Finding]:
    if not names:
        return
    rest = len(names) - (LIMITS.evidence_items - 1)
    more = (f"and {rest} more",) if rest > 1 else ()
    yield finding(
        "signature-leaves-out",
        severity=Severity.INFO,
        confidence=Confidence.CERTAIN,
        subject=tree.root.name,
        evidence=(*names[: LIMITS.evidence_items - 1], *more) if more else tuple(names),
        advice="the signature says nothing about these: do not rely on them",
    )


def _shown(name: str) -> str:
    return clip(printable(name), chars=LIMITS.name_chars)
