"""The in-toto statement that is signed: every file of a model, or every shard of every file, with its digest.

The names in it are compared with those on disk and never opened. Whatever two readers could understand
differently is refused: a name twice, a path that is not plain, shards that do not tile their file, a digest
of another length or kind than the statement itself announces.
Source: OpenSSF Model Signing, predicate `https://model_signing/signature/v1.0`; in-toto Statement v1.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from ringfence.artifacts.signing.refused import BadSignature
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = [
    "GIT_PATHS",
    "SINGLE_FILE",
    "DigestName",
    "Manifest",
    "SignedPiece",
    "left_out",
    "read_statement",
    "write_statement",
]

GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
SINGLE_FILE = "."  # what the one file of a model that is no folder is called

_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://model_signing/signature/v1.0"
_PREDICATE_BEFORE_1_0 = "https://model_signing/Digests/v0.1"
_HEX = re.compile(r"[0-9a-f]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

_T = TypeVar("_T")


class DigestName(StrEnum):
    """The digests that statements may use."""

    SHA256 = "sha256"
    BLAKE2B = "blake2b"
    BLAKE3 = "blake3"

    @property
    def digits(self) -> int:
        """Hexadecimal digits of one digest."""
        return 128 if self is DigestName.BLAKE2B else 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPiece:
    """A run of one file's bytes, from `start` to before `end` (None: the file's end, wherever it is)."""

    start: int
    end: int | None
    digest: str  # lowercase hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a model consisted of when it was signed."""

    name: str  # what the signer's folder or file was called; says nothing
    digest_name: DigestName
    shard_bytes: int | None  # None: each file is one piece
    allow_symlinks: bool
    ignore_paths: tuple[str, ...]  # relative, with /; the signer left out what lies there
    files: Mapping[str, tuple[SignedPiece, ...]]  # relative name with / → its pieces in order


def left_out(name: str, ignore_paths: Collection[str]) -> bool:
    """Whether `name` is one of the paths or lies below one. Quick where they are a set."""
    while name:
        if name in ignore_paths:
            return True
        name = name.rpartition("/")[0]
    return False


def read_statement(payload: bytes) -> Manifest:
    """The manifest in a payload whose signature holds.

    Raises:
        BadSignature: it is not what this version signs, contradicts itself, or can be read in two ways.
    """
    try:
        statement = _is(dict, parse(payload, max_bytes=LIMITS.signature_bytes))
    except BadJson as error:
        raise BadSignature(f"what was signed is no statement: {error}") from error
    if statement.get("_type") != _STATEMENT:
        raise BadSignature("what was signed is no in-toto statement of version 1")
    kind = statement.get("predicateType")
    if kind == _PREDICATE_BEFORE_1_0:
        raise BadSignature("it was made before version 1.0 of the format: ask for a new one")
    if kind != _PREDICATE:
        raise BadSignature("what was signed says nothing about a model's files")
    predicate = _is(dict, statement.get("predicate"))
    how = _is(dict, predicate.get("serialization"))
    digest_name, shard_bytes = _digest_name(how), _shard_bytes(how)
    resources = _is(list, predicate.get("resources"))
    if not 0 < len(resources) <= LIMITS.signed_pieces:
        raise BadSignature(f"it lists {len(resources)} files")
    listed = [_resource(_is(dict, each), digest_name, shard_bytes) for each in resources]
    name = _checked_subject(statement, listed)
    return Manifest(
        name=name,
        digest_name=digest_name,
        shard_bytes=shard_bytes,
        allow_symlinks=_is(bool, how.get("allow_symlinks")),
        ignore_paths=tuple(_ignored(how)),
        files=_files(listed, shard_bytes),
    )


def write_statement(manifest: Manifest) -> bytes:
    """The statement as it is signed; the same manifest is the same bytes.

    Raises:
        BadSignature: a name cannot be written so that every reader reads it as it is.
    """
    for name in manifest.files:
        _check_name(name)
        if manifest.shard_bytes is not None and ":" in name:
            raise BadSignature("a name with a colon cannot be signed in shards")
    _check_unlike(manifest.files)
    pieces = [
        (name, piece)
        for name in sorted(manifest.files, key=lambda each: each.split("/"))
        for piece in manifest.files[name]
    ]
    how: dict[str, object] = {
        "method": "files" if manifest.shard_bytes is None else "shards",
        "hash_type": manifest.digest_name.value,
        "allow_symlinks": manifest.allow_symlinks,
        "ignore_paths": list(manifest.ignore_paths),
    }
    if manifest.shard_bytes is not None:
        how["shard_size"] = manifest.shard_bytes
    whole = {
        "_type": _STATEMENT,
        "subject": [
            {
                "name": manifest.name,
                "digest": {"sha256": _subject_digest(piece.digest for _, piece in pieces)},
            }
        ],
        "predicateType": _PREDICATE,
        "predicate": {
            "serialization": how,
            "resources": [
                {
                    "name": name if manifest.shard_bytes is None else f"{name}:{piece.start}:{piece.end}",
                    "algorithm": _algorithm(manifest.digest_name, manifest.shard_bytes),
                    "digest": piece.digest,
                }
                for name, piece in pieces
            ],
        },
    }
    return json.dumps(whole, indent=2).encode()


def _digest_name(how: dict[str, Json]) -> DigestName:
    try:
        return DigestName(_is(str, how.get("hash_type")))
    except ValueError as error:
        raise BadSignature("it uses a digest that is not accepted") from error


def _shard_bytes(how: dict[str, Json]) -> int | None:
    match how.get("method"):
        case "files":
            return None
        case "shards":
            size = how.get("shard_size")
            # protobuf keeps every number as a float, and some writers show it
            if isinstance(size, float) and size.is_integer():
                size = int(size)
            if isinstance(size, int) and not isinstance(size, bool) and size > 0:
                return size
            raise BadSignature("it does not say how large a shard is")
        case _:
            raise BadSignature("it splits files in a way that is not known")


def _algorithm(digest_name: DigestName, shard_bytes: int | None) -> str:
    return digest_name.value if shard_bytes is None else f"{digest_name.value}-sharded-{shard_bytes}"


_Listed = tuple[str, SignedPiece]


def _resource(each: dict[str, Json], digest_name: DigestName, shard_bytes: int | None) -> _Listed:
    name, digest = _is(str, each.get("name")), _is(str, each.get("digest"))
    if each.get("algorithm") != _algorithm(digest_name, shard_bytes):
        raise BadSignature("a file's digest is of another kind than the statement announces")
    if len(digest) != digest_name.digits or not _HEX.fullmatch(digest):
        raise BadSignature("a file's digest is no digest")
    if shard_bytes is None:
        start, end = 0, None
    else:
        name, start, end = _shard(name)
    _check_name(name)
    return name, SignedPiece(start=start, end=end, digest=digest)


def _shard(name: str) -> tuple[str, int, int]:
    path, *numbers = name.rsplit(":", 2)
    if len(numbers) != 2 or not all(_NUMBER.fullmatch(each) for each in numbers):
        raise BadSignature("a shard does not say which bytes it is")
    return path, int(numbers[0]), int(numbers[1])


def _files(listed: list[_Listed], shard_bytes: int | None) -> dict[str, tuple[SignedPiece, ...]]:
    pieces: dict[str, list[SignedPiece]] = {}
    for name, piece in listed:
        pieces.setdefault(name, []).append(piece)
    for each in pieces.values():
        if shard_bytes is None:
            if len(each) != 1:
                raise BadSignature("it lists a file twice")
        else:
            each.sort(key=lambda piece: piece.start)
            _check_tiled(each, shard_bytes)
    if SINGLE_FILE in pieces and len(pieces) > 1:
        raise BadSignature("it lists a single file and others beside it")
    _check_unlike(pieces)
    return {name: tuple(each) for name, each in pieces.items()}


def _check_tiled(pieces: list[SignedPiece], shard_bytes: int) -> None:
    """Shards must follow each other without gap or overlap, all of full size but the last."""
    at = 0
    for piece in pieces:
        length = (piece.end or 0) - piece.start
        if piece.start != at or at % shard_bytes or not 0 < length <= shard_bytes:
            raise BadSignature("a file's shards do not make up one file")
        at += length


def _check_name(name: str) -> None:
    parts = name.split("/")
    if name != SINGLE_FILE and any(part in ("", ".", "..") for part in parts):
        raise BadSignature("it lists a path that is not plain: absolute, or with empty or dotted parts")
    if "\0" in name or len(name) > LIMITS.path_chars:
        raise BadSignature("it lists a path that no file can have")
    if not name.isascii() and any("\ud800" <= each <= "\udfff" for each in name):
        raise BadSignature("a name is not UTF-8")


def _check_unlike(names: Iterable[str]) -> None:
    """Some file systems take two spellings of one accented letter for the same name, and others do not."""
    seen: set[str] = set()
    for name in names:
        composed = name if name.isascii() else unicodedata.normalize("NFC", name)
        if composed in seen:
            raise BadSignature("two names differ only in how their letters are composed")
        seen.add(composed)


def _ignored(how: dict[str, Json]) -> Iterator[str]:
    """The signed paths that can lie within a model. Others leave nothing out, as in the reference."""
    for each in _is(list, how.get("ignore_paths") or []):
        path = _is(str, each)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts:
            raise BadSignature("it leaves everything out")
        if not path.startswith("/") and ".." not in parts:
            yield "/".join(parts)


def _checked_subject(statement: dict[str, Json], listed: list[_Listed]) -> str:
    """The model's name, if the statement's own digest over all digests is right."""
    subjects = _is(list, statement.get("subject"))
    if len(subjects) != 1:
        raise BadSignature(f"it has {len(subjects)} subjects where there must be one")
    subject = _is(dict, subjects[0])
    claimed = _is(dict, subject.get("digest")).get("sha256")
    if claimed != _subject_digest(piece.digest for _, piece in listed):
        raise BadSignature("its digest over all files is not that of the files it lists")
    return _is(str, subject.get("name"))


def _subject_digest(digests: Iterable[str]) -> str:
    whole = hashlib.sha256()
    for each in digests:
        whole.update(bytes.fromhex(each))
    return whole.hexdigest()


def _is(kind: type[_T], value: object) -> _T:
    if not isinstance(value, kind):
        raise BadSignature("what was signed is no statement: a part is missing or of the wrong type")
    return value
