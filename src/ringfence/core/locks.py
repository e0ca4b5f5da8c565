"""`models.lock`: which models belong to a project or an image, file by file, and which ones its code names.

    {"schema": "ringfence.models.lock/1", "date": "2026-01-02T03:04:05Z", "use": "production",
     "models": [{"name": "acme/chat", "revision": "4f1c…", "explanation": "lock", "at": "models/chat",
                 "verdict": "clean", "license": "Apache-2.0", "license_source": "README.md license",
                 "files": [{"path": "model.gguf", "sha256": "9a0b…", "size_bytes": 40810042}]}],
     "references": [{"file": "app.py", "line": 3, "kind": "hugging-face", "name": "acme/chat",
                     "revision": null}]}

Only schema, models, and a model's name, explanation and files with path and sha256 have to be there. A
document with anything else in it is refused, because it was written for rules that this version does
not know.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.digests import Sha256, parse_sha256
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.core.verdicts import Verdict

__all__ = [
    "SCHEMA",
    "BadLock",
    "Lock",
    "LockedFile",
    "LockedModel",
    "Reason",
    "Reference",
    "Use",
    "parse_lock",
    "written",
]

SCHEMA = "ringfence.models.lock/1"

_Member = TypeVar("_Member", bound=StrEnum)


class BadLock(ValueError):
    """Not a models.lock of this version. The message never quotes the document."""


class Reason(StrEnum):
    """Why a model may lie here."""

    LOCK = "lock"  # a project depends on it
    APPROVAL = "approval"  # somebody allowed it
    PULL = "pull"  # it came through a way that keeps records


class Use(StrEnum):
    """What models are to be used for; each asks more of a license than the one before."""

    EXPERIMENT = "experiment"
    INTERNAL = "internal"
    PRODUCTION = "production"
    DISTRIBUTION = "distribution"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """One file of a model. `path` is its name within the model."""

    path: str
    sha256: Sha256
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedModel:
    """One model of a document. Names are as the document writes them, clipped."""

    name: str
    revision: str | None
    explanation: Reason
    by: str | None = None
    at: str | None = None  # where it lies below what was locked, with /
    verdict: Verdict | None = None
    license: str | None = None  # the one that counts, as an SPDX expression
    license_source: str | None = None
    files: tuple[LockedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One place in code or configuration that names a model."""

    file: str  # below what was locked, with /
    line: int  # from 1
    kind: str  # where the name leads: hugging-face, ollama, mlflow, torch-hub, url
    name: str
    revision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One document."""

    models: tuple[LockedModel, ...]
    references: tuple[Reference, ...] = ()
    date: str | None = None  # RFC 3339
    use: Use | None = None


def parse_lock(data: bytes) -> Lock:
    """The document that `data` is.

    Raises:
        BadLock: it is no such document, or has keys that this version does not know.
    """
    try:
        document = parse(data)
    except BadJson as error:
        raise BadLock(str(error)) from error
    top = _object(
        document, "the document", required={"schema", "models"}, optional={"date", "use", "references"}
    )
    if top["schema"] != SCHEMA:
        raise BadLock("another schema")
    references = _list(top.get("references", []), "references", LIMITS.references)
    return Lock(
        models=tuple(_model(entry) for entry in _list(top["models"], "models", LIMITS.store_models)),
        references=tuple(map(_reference, references)),
        date=_optional_text(top.get("date"), "date"),
        use=_optional_member(Use, top.get("use"), "a use"),
    )


def written(lock: Lock) -> str:
    """The document as text: a file or a reference to a line, so that versions of it compare well."""
    head: dict[str, Json] = {"schema": SCHEMA, "date": lock.date, "use": lock.use}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items() if value is not None]
    models = ",\n".join(_written_model(model) for model in lock.models)
    references = ",\n".join(
        json.dumps(
            {
                "file": each.file,
                "line": each.line,
                "kind": each.kind,
                "name": each.name,
                "revision": each.revision,
            }
        )
        for each in lock.references
    )
    lines.append(f'"models": [\n{models}\n]' if models else '"models": []')
    lines.append(f'"references": [\n{references}\n]' if references else '"references": []')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _written_model(model: LockedModel) -> str:
    body: Mapping[str, Json] = {
        "name": model.name,
        "revision": model.revision,
        "explanation": model.explanation,
        "by": model.by,
        "at": model.at,
        "verdict": model.verdict,
        "license": model.license,
        "license_source": model.license_source,
    }
    kept = {key: value for key, value in body.items() if value is not None or key == "revision"}
    files = ",\n".join(
        " "
        + json.dumps(
            {"path": file.path, "sha256": file.sha256}
            | ({} if file.size_bytes is None else {"size_bytes": file.size_bytes})
        )
        for file in model.files
    )
    return json.dumps(kept)[:-1] + f', "files": [\n{files}\n]}}'


def _model(entry: Json) -> LockedModel:
    record = _object(
        entry,
        "a model",
        required={"name", "explanation", "files"},
        optional={"revision", "by", "at", "verdict", "license", "license_source"},
    )
    reason = _member(Reason, record["explanation"], "explanation", "an explanation")
    files = _list(record["files"], "files", LIMITS.model_files)
    return LockedModel(
        name=_text(record["name"], "name"),
        revision=_optional_text(record.get("revision"), "revision"),
        explanation=reason,
        by=_optional_text(record.get("by"), "by"),
        at=_optional_path(record.get("at"), "at"),
        verdict=_optional_member(Verdict, record.get("verdict"), "a verdict"),
        license=_optional_path(record.get("license"), "license"),
        license_source=_optional_path(record.get("license_source"), "license_source"),
        files=tuple(map(_file, files)),
    )


def _file(entry: Json) -> LockedFile:
    file = _object(entry, "a file", required={"path", "sha256"}, optional={"size_bytes"})
    path = _path(file["path"], "path")
    digest = parse_sha256(_text(file["sha256"], "sha256"))
    if digest is None:
        raise BadLock("a sha256 that is none")
    return LockedFile(
        path=path, sha256=digest, size_bytes=_optional_count(file.get("size_bytes"), "size_bytes")
    )


def _reference(entry: Json) -> Reference:
    found = _object(entry, "a reference", required={"file", "line", "kind", "name"}, optional={"revision"})
    line = _optional_count(found["line"], "line")
    return Reference(
        file=_path(found["file"], "file"),
        line=line or 0,
        kind=_text(found["kind"], "kind"),
        name=_path(found["name"], "name"),
        revision=_optional_text(found.get("revision"), "revision"),
    )


def _object(
    value: Json, what: str, *, required: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadLock(f"{what} is not an object")
    if missing := required - value.keys():
        raise BadLock(f"{what} has no {min(missing)}")
    if value.keys() - required - optional:
        raise BadLock(f"{what} has a key that this version does not know")
    return value


def _list(value: Json, what: str, at_most: int) -> list[Json]:
    if not isinstance(value, list):
        raise BadLock(f"{what} is not a list")
    if len(value) > at_most:
        raise BadLock(f"{what} has more than {at_most} entries")
    return value


def _text(value: Json, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadLock(f"{what} is not a text")
    return clip(value, chars=LIMITS.name_chars)


def _path(value: Json, what: str) -> str:
    """A text that is compared whole, and so never clipped."""
    if not isinstance(value, str) or not value:
        raise BadLock(f"{what} is not a text")
    if len(value) > LIMITS.path_chars:
        raise BadLock(f"{what} has more than {LIMITS.path_chars} characters")
    return value


def _optional_text(value: Json, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _optional_path(value: Json, what: str) -> str | None:
    return None if value is None else _path(value, what)


def _optional_count(value: Json, what: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadLock(f"{what} is no count")
    return value


def _member(kind: type[_Member], value: Json, what: str, a_what: str) -> _Member:
    text = _text(value, what)
    if text not in set(kind):
        raise BadLock(f"{a_what} that does not exist")
    return kind(text)


def _optional_member(kind: type[_Member], value: Json, a_what: str) -> _Member | None:
    return None if value is None else _member(kind, value, a_what, a_what)
