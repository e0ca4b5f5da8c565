"""ComfyUI: `models/<kind>/…`, a file a model called kind/file, and what extra_model_paths.yaml adds.

The desktop application keeps the same document as extra_models_config.yaml. It names folders of its owner's
choice, which become roots of their own.

Source: comfyanonymous/ComfyUI folder_paths.py, utils/extra_config.py; Comfy-Org/desktop; comfy-cli (~/comfy).
"""

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from ringfence.core.bounded_json import Json
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home
from ringfence.endpoint.settings import read_yaml
from ringfence.endpoint.stores.moved import moved_to
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree
from ringfence.endpoint.stores.weights import ALL_WEIGHTS, models_by_file

__all__ = ["STORE"]

_INSTALLED = ("ComfyUI", "comfy/ComfyUI", "Documents/ComfyUI", "Documents/comfy/ComfyUI")
_NO_FOLDERS = ("base_path", "is_default", "custom_nodes", "configs")


def _locate(home: Home) -> Iterator[Path | Skipped]:
    for installed in _INSTALLED:
        folder = home.path / installed
        yield folder / "models"
        yield from _extra(home, folder / "extra_model_paths.yaml")
    yield from _extra(home, home.config("ComfyUI") / "extra_models_config.yaml")


def _extra(home: Home, settings: Path) -> Iterator[Path | Skipped]:
    found = read_yaml(settings)
    if isinstance(found, Skipped):
        yield found
    for section in found.values() if isinstance(found, dict) else ():
        if isinstance(section, dict):
            yield from _folders(home, settings, section)


def _folders(home: Home, settings: Path, section: dict[str, Json]) -> Iterator[Path | Skipped]:
    written = section.get("base_path")
    base = _folder(home, settings, settings.parent, written if isinstance(written, str) else "")
    if isinstance(base, Skipped):
        yield base
        return
    kinds = [each for kind, each in section.items() if kind not in _NO_FOLDERS and isinstance(each, str)]
    for line in "\n".join(kinds or ["models"]).splitlines():
        if line.strip():
            yield _folder(home, settings, base, line.strip())


def _folder(home: Home, settings: Path, base: Path, text: str) -> Path | Skipped:
    if text.startswith(("/", "~")) or PureWindowsPath(text).is_absolute():
        return moved_to(home, text, said_in=settings)
    return base / text.replace("\\", "/")


def _read(tree: Tree) -> Iterator[StoredModel]:
    kind = "" if tree.root.name == "models" else f"{tree.root.name}/"
    files = ((kind + name, entry) for name, entry in tree.files_below(tree.root))
    yield from models_by_file(tree, files, store=STORE.name, suffixes=ALL_WEIGHTS)


STORE = Store(name="comfyui", title="ComfyUI", locate=_locate, read=_read, reads_all_below=True)
