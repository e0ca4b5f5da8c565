"""RamaLama: `store/<source>/<path>/refs/<tag>.json` names files in `blobs/<hash>` beside it.

A file's hash is that of its bytes only for weights from content-addressed sources; elsewhere it is made
from an address, and so is no claim. The store moves with `store` in ramalama.conf.

Source: containers/ramalama ramalama/config.py, model_store/{store,global_store,reffile}.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ringfence.core.bounded_json import Json
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.home import Home
from ringfence.endpoint.settings import read_toml
from ringfence.endpoint.stores.digest_names import sha256_of
from ringfence.endpoint.stores.moved import moved_to
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Entry, Tree

__all__ = ["STORE"]

_BLOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HASHED_BY_CONTENT = ("ollama", "huggingface", "modelscope")
_WEIGHTS = ("gguf", "safetensor", "mmproj")


def _locate(home: Home) -> Iterator[Path | Skipped]:
    if folder := home.variable("RAMALAMA_STORE"):
        yield folder
    yield from _moved(home)
    yield home.xdg("XDG_DATA_HOME", ".local/share") / "ramalama"


def _moved(home: Home) -> Iterator[Path | Skipped]:
    config = home.variable("RAMALAMA_CONFIG")
    settings = config or home.xdg("XDG_CONFIG_HOME", ".config") / "ramalama/ramalama.conf"
    found = read_toml(settings)
    if isinstance(found, Skipped):
        yield found
        return
    section = found.get("ramalama") if isinstance(found, dict) else None
    text = section.get("store") if isinstance(section, dict) else None
    if isinstance(text, str) and text:
        yield moved_to(home, text, said_in=settings)


def _read(tree: Tree) -> Iterator[StoredModel]:
    for name, entry in tree.files_below(tree.root / "store"):
        *path, folder, file = name.split("/")
        if folder == "blobs" and file.endswith(".partial"):
            tree.skip(entry.path, "a download that has not finished")
        if folder != "refs" or len(path) < 2:
            continue
        if not file.endswith(".json"):
            tree.skip(entry.path, "a reference in RamaLama's older form")
        elif model := _model(tree, entry, path):
            yield model


def _model(tree: Tree, entry: Entry, path: list[str]) -> StoredModel | None:
    reference = tree.json(entry.path)
    if reference is None:
        return None
    if not isinstance(files := reference.get("files"), list):
        tree.skip(entry.path, "not a reference of RamaLama")
        return None
    source, *rest = path
    separator = ":///" if source == "file" else "://"
    revision = reference.get("hash")
    return StoredModel(
        store=STORE.name,
        name=clip(
            f"{source}{separator}{'/'.join(rest)}:{entry.name.removesuffix('.json')}", chars=LIMITS.name_chars
        ),
        revision=clip(revision, chars=LIMITS.name_chars) if isinstance(revision, str) else None,
        location=entry.path,
        files=tuple(
            file
            for each in files
            if isinstance(each, dict)
            and (file := _file(tree, entry.path, each, by_content=source in _HASHED_BY_CONTENT))
        ),
    )


def _file(tree: Tree, reference: Path, file: dict[str, Json], *, by_content: bool) -> StoredFile | None:
    blob = str(file.get("hash")).replace(":", "-")
    if not _BLOB.fullmatch(blob):
        tree.skip(reference, "names a file by something that is no hash")
        return None
    path = tree.place(reference.parent.parent / "blobs" / blob)
    weights = by_content and file.get("type") in _WEIGHTS
    return (
        None
        if path is None
        else StoredFile(
            path=path,
            name=clip(str(file.get("name")), chars=LIMITS.name_chars),
            sha256_claimed=sha256_of(blob) if weights else None,
        )
    )


STORE = Store(
    name="ramalama",
    title="RamaLama",
    locate=_locate,
    read=_read,
    system_roots=(Path("/var/lib/ramalama"),),
)
