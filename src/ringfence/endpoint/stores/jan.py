"""Jan: `<data>/{llamacpp,mlx}/models/<id>/model.yml`, whose `model_path` may lie anywhere by design.

A relative path counts from the data folder; an absolute one, as imports of local files write it, is
followed like a link: out of the store only to what belongs to the store's owner. The folder moves with
`data_folder` in settings.json.

Source: janhq/jan src-tauri/src/core/app/{commands,paths}.rs, extensions/llamacpp-extension.
"""

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from ringfence.core.bounded_json import Json
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.digest_names import sha256_of
from ringfence.endpoint.stores.moved import moved_by_json
from ringfence.endpoint.stores.store import Store, StoredFile, StoredModel
from ringfence.endpoint.stores.tree import Tree

__all__ = ["STORE"]

_RECORD = "model.yml"


def _locate(home: Home) -> Iterator[Path | Skipped]:
    if folder := home.variable("JAN_DATA_FOLDER"):
        yield folder
    if folder := home.variable("JAN_DATA_ROOT"):
        yield folder / "Jan/data"
    for application in ("Jan", "jan.ai.app"):
        yield from moved_by_json(home, home.roaming_data(application) / "settings.json", "data_folder")
    yield home.roaming_data("Jan") / "data"


def _read(tree: Tree) -> Iterator[StoredModel]:
    for engine in ("llamacpp", "mlx"):
        for name, entry in tree.files_below(tree.root / engine / "models"):
            if entry.name == _RECORD and (
                model := _model(tree, entry.path, name.removesuffix(f"/{_RECORD}"))
            ):
                yield model


def _model(tree: Tree, path: Path, name: str) -> StoredModel | None:
    record = tree.yaml(path)
    if record is None:
        return None
    files = tuple(
        file for role in ("model", "mmproj") if (file := _file(tree, path, record, role)) is not None
    )
    return StoredModel(
        store=STORE.name,
        name=clip(name, chars=LIMITS.name_chars),
        revision=None,
        location=path,
        files=files,
    )


def _file(tree: Tree, record_path: Path, record: dict[str, Json], role: str) -> StoredFile | None:
    text = record.get(f"{role}_path")
    if not isinstance(text, str) or not text:
        return None
    if PureWindowsPath(text).drive:
        tree.skip(record_path, "names a file on a Windows drive, which cannot be reached from here")
        return None
    path = tree.place(tree.root / text.replace("\\", "/"))
    return (
        None
        if path is None
        else StoredFile(
            path=path,
            name=clip(path.name, chars=LIMITS.name_chars),
            sha256_claimed=sha256_of(record.get(f"{role}_sha256")),
        )
    )


STORE = Store(name="jan", title="Jan", locate=_locate, read=_read)
