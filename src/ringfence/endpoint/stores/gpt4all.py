"""GPT4All: one flat folder, a file a model. `.rmodel` files are cloud models and hold keys: never opened.

The folder moves with `modelPath` in GPT4All.ini, which Qt keeps below ~/.config, on macOS too.

Source: nomic-ai/gpt4all gpt4all-chat/src/{mysettings,modellist}.cpp; the Python package uses
~/.cache/gpt4all.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.opening import read_small
from ringfence.endpoint.stores.moved import moved_to
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree
from ringfence.endpoint.stores.weights import models_by_file

__all__ = ["STORE"]

_REMOTE = ".rmodel"


def _locate(home: Home) -> Iterator[Path | Skipped]:
    config = home.config("") if home.system is System.WINDOWS else home.path / ".config"
    yield from _moved(home, config / "nomic.ai/GPT4All.ini")
    yield home.data("nomic.ai") / "GPT4All"
    yield home.path / ".cache/gpt4all"


def _moved(home: Home, settings: Path) -> Iterator[Path | Skipped]:
    data = read_small(settings, max_bytes=LIMITS.config_bytes)
    if isinstance(data, Skipped):
        yield data
        return
    for line in (data or b"").decode(errors="replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() in ("modelPath", "modelPaths"):
            yield moved_to(home, value.strip().strip('"').replace("\\\\", "\\"), said_in=settings)


def _read(tree: Tree) -> Iterator[StoredModel]:
    files = []
    for each in tree.files(tree.root):
        if each.name.startswith("incomplete-"):
            tree.skip(each.path, "a download that has not finished")
        elif each.name.endswith(_REMOTE):
            yield StoredModel(
                store=STORE.name,
                name=clip(each.name.removesuffix(_REMOTE), chars=LIMITS.name_chars),
                revision=None,
                location=each.path,
                files=(),
                remote=True,
            )
        else:
            files.append((each.name, each))
    yield from models_by_file(tree, files, store=STORE.name, suffixes=(".gguf", ".bin"))


STORE = Store(name="gpt4all", title="GPT4All", locate=_locate, read=_read)
