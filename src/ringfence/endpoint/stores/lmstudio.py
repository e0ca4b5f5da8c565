"""LM Studio: `models/<publisher>/<model>/`, a folder a model, GGUF or MLX.

The folder moves with `downloadsFolder` in settings.json; LM Studio's own home moves with the path in
`~/.lmstudio-home-pointer`. `lms import -l` puts links to files elsewhere into the folder.

Source: lmstudio.ai/docs/app/basics/import-model and the lms client; before 0.3 the home was
~/.cache/lm-studio.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home
from ringfence.endpoint.opening import read_small
from ringfence.endpoint.stores.moved import moved_by_json, moved_to
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree
from ringfence.endpoint.stores.weights import models_by_folder

__all__ = ["STORE"]

_POINTER_BYTES = 4096


def _locate(home: Home) -> Iterator[Path | Skipped]:
    bases = [home.path / ".lmstudio", home.path / ".cache/lm-studio"]
    for pointed in _pointed_to(home):
        if isinstance(pointed, Skipped):
            yield pointed
        else:
            bases.insert(0, pointed)
    for settings in (*(base / "settings.json" for base in bases), home.config("LM Studio") / "settings.json"):
        yield from moved_by_json(home, settings, "downloadsFolder")
    for base in bases:
        yield base / "models"
        yield base / ".internal/bundled-models"


def _pointed_to(home: Home) -> Iterator[Path | Skipped]:
    pointer = home.path / ".lmstudio-home-pointer"
    data = read_small(pointer, max_bytes=_POINTER_BYTES)
    if isinstance(data, Skipped):
        yield data
    elif data and (text := data.decode(errors="replace").strip()):
        yield moved_to(home, text, said_in=pointer)


def _read(tree: Tree) -> Iterator[StoredModel]:
    for publisher in tree.folders(tree.root):
        for model in tree.folders(publisher.real):
            yield from models_by_folder(tree, model, store=STORE.name, name=f"{publisher.name}/{model.name}")


STORE = Store(name="lmstudio", title="LM Studio", locate=_locate, read=_read)
