"""Signs a model: lists its files, hashes them, and has the statement about them signed."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress
from ringfence.app.signing.own_files import name_within, shown, within
from ringfence.app.signing.signers import Signer
from ringfence.artifacts.signing import (
    GIT_PATHS,
    BadSignature,
    DigestName,
    Manifest,
    SignedPiece,
    left_out,
    read_bundle,
    write_statement,
)
from ringfence.core.actions import ModelSign
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError, UnreadableScope, UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.model_tree import ModelTree, list_model
from ringfence.endpoint.opening import read_small, refusal
from ringfence.endpoint.pieces import NoDigest, Piece, hash_pieces
from ringfence.gate.door import Door
from ringfence.gate.refused import Refused

__all__ = ["SignRequest", "Signed", "sign", "signature_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """What is to be signed."""

    path: Path
    output: Path | None = None  # None: where `signature_path` says
    allow_symlinks: bool = False
    ignore_paths: tuple[Path, ...] = ()
    shard_bytes: int | None = None  # None: each file has one digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature that was written."""

    signature: Path
    files: int
    size_bytes: int


def signature_path(path: Path) -> Path:
    """Where the signature of the model at `path` lies when nobody says otherwise."""
    return path / "model.sig" if path.is_dir() else path.with_name(f"{path.name}.sig")


def sign(request: SignRequest, signer: Signer, here: Here, progress: Progress) -> Signed:
    """Writes the signature. A file that is not regular, changes or cannot be read stops everything.

    Raises:
        UnreadableScope: a part of the model cannot be signed.
        UsageError: the signature cannot be written where it should be.
        ActionRefused: the policy does not let this signer sign it.
    """
    output = request.output or signature_path(request.path)
    _check_replaceable(output)
    ignored, tree = _listed(request, output)
    files = _hashed(tree, request.shard_bytes, here, progress)
    manifest = Manifest(
        name=tree.root.name,
        digest_name=DigestName.SHA256,
        shard_bytes=request.shard_bytes,
        allow_symlinks=request.allow_symlinks,
        ignore_paths=ignored,
        files=files,
    )
    try:
        statement = write_statement(manifest)
    except BadSignature as error:
        raise UnreadableScope(
            f"{shown(request.path)}: it cannot be signed: {error.reason}", hint="rename that file"
        ) from error
    _sign(statement, tree, output, signer, here.door())
    return Signed(
        signature=output,
        files=len(files),
        size_bytes=sum(tree.files[name].size_bytes for name in files),
    )


def _sign(statement: bytes, tree: ModelTree, output: Path, signer: Signer, door: Door) -> None:
    """Decided and recorded, signed, written, and that recorded too."""
    action = ModelSign(name=tree.root.name, path=str(tree.root), signer=signer.name)
    receipt = door.pass_(action)
    if isinstance(receipt, Refused):
        raise receipt.error()
    try:
        _save(signer.sign(statement, receipt=receipt, seals=door.seals), output)
    except RingfenceError as error:
        door.failed(receipt, error.what)
        raise
    door.done(receipt, {"signature": str(output)})


def _listed(request: SignRequest, output: Path) -> tuple[tuple[str, ...], ModelTree]:
    """What is left out, and the files that are left."""
    root = request.path.resolve()
    own = name_within(root, output)
    ignored = (
        *((own,) if own and request.path.is_dir() else ()),
        *within(root, request.ignore_paths),
        *(GIT_PATHS if request.path.is_dir() else ()),
    )
    tree = list_model(
        request.path,
        allow_symlinks=request.allow_symlinks,
        passing=lambda name: left_out(name, ignored),
    )
    for name, why in tree.refused.items():
        raise UnreadableScope(
            f"{clip(printable(name), chars=LIMITS.name_chars)}: {why}",
            hint="allow links within the model with --allow-symlinks, or leave it out with --ignore-path",
        )
    return tuple(dict.fromkeys(ignored)), tree


def _hashed(
    tree: ModelTree, shard_bytes: int | None, here: Here, progress: Progress
) -> dict[str, tuple[SignedPiece, ...]]:
    pieces: list[tuple[str, Piece]] = []
    for name, file in tree.files.items():
        step = shard_bytes or max(1, file.size_bytes)
        # an empty file has no shards, and one empty piece
        starts = range(0, file.size_bytes, step) or ((0,) if shard_bytes is None else ())
        pieces += ((name, Piece(file, at, min(at + step, file.size_bytes))) for at in starts)
    if not 0 < len(pieces) <= LIMITS.signed_pieces:
        raise UnreadableScope(
            f"{shown(tree.root)}: {len(pieces)} pieces to sign",
            hint=f"there must be one, and at most {LIMITS.signed_pieces}: look at the path and --shard-size",
        )
    total = sum(piece.end - piece.start for _, piece in pieces)
    digests = hash_pieces(
        [piece for _, piece in pieces],
        threads=here.cores,
        on_progress=lambda done: progress.hashing(done_bytes=done, total_bytes=total),
    )
    files: dict[str, list[SignedPiece]] = {}
    for (name, piece), digest in zip(pieces, digests, strict=True):
        if isinstance(digest, NoDigest):
            raise UnreadableScope(
                f"{clip(printable(name), chars=LIMITS.name_chars)}: {digest.reason}",
                hint="sign the model when all of its files can be read and nobody writes to them",
            )
        end = None if shard_bytes is None else piece.end
        files.setdefault(name, []).append(SignedPiece(start=piece.start, end=end, digest=digest))
    return {name: tuple(each) for name, each in files.items()}


def _check_replaceable(output: Path) -> None:
    """An older signature may be replaced, and nothing else."""
    if not os.path.lexists(output):
        return
    data = read_small(output, max_bytes=LIMITS.signature_bytes)
    try:
        if isinstance(data, bytes):
            read_bundle(data)
            return
    except BadSignature:
        pass
    raise UsageError(
        f"{shown(output)}: there is something that is no signature",
        hint="name another file with -o, or remove that one first",
    )


def _save(data: bytes, output: Path) -> None:
    """All of it or nothing, in place of a link rather than through it."""
    temporary: str | None = None
    try:
        fd, temporary = tempfile.mkstemp(prefix=".ringfence-", dir=output.parent)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            os.fchmod(fd, 0o644)
        Path(temporary).replace(output)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        raise UsageError(
            f"{shown(output)}: {refusal(error).reason}",
            hint="name a file with -o, in a folder that exists and that you may write to",
        ) from error
