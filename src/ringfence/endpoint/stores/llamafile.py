"""llamafile: programs with weights inside, run from wherever they were put; these are the usual folders.

Such a file is recognised by its content wherever it lies (`MZqFpD`, then a ZIP), so this store only gives
it a name.

Source: mozilla-ai/llamafile README.md; ~/.llamafile holds unpacked helpers, and models for some front ends.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.endpoint.home import Home
from ringfence.endpoint.stores.store import Store, StoredModel
from ringfence.endpoint.stores.tree import Tree
from ringfence.endpoint.stores.weights import models_by_file

__all__ = ["STORE"]


def _locate(home: Home) -> Iterator[Path]:
    for folder in (".llamafile", "llamafile", "llamafiles"):
        yield home.path / folder


def _read(tree: Tree) -> Iterator[StoredModel]:
    suffixes = (".llamafile", ".llamafile.exe", ".gguf")
    yield from models_by_file(tree, tree.files_below(tree.root), store=STORE.name, suffixes=suffixes)


STORE = Store(name="llamafile", title="llamafile", locate=_locate, read=_read, reads_all_below=True)
