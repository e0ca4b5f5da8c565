"""Which loose files are one model: the shards of one set, or the weights of one model folder.

Pure: it looks at names and at what was examined, never at the disk.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ringfence.app.scan.seen import SeenFile
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import FactName

__all__ = ["Group", "group"]

_SHARD = re.compile(r"(?P<base>.+?)[-.]\d{5}-of-(?P<total>\d{5})(?P<suffix>\.[A-Za-z0-9]+)")
_HASH_NAME = re.compile(r"(?:sha256[-:])?[0-9a-f]{40,64}")
_ALONE = frozenset({"gguf", "llamafile", "ggml"})  # complete in one file: a folder of them is no single model


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files that lie about and belong together."""

    name: str
    location: Path
    files: tuple[SeenFile, ...]
    is_folder: bool = False  # the folder at `location`, and what else belongs to it


def group(files: Iterable[SeenFile], *, is_model_folder: Callable[[Path], bool]) -> Iterator[Group]:
    """The models that `files` make up, each file in exactly one; `is_model_folder` is asked once a folder."""
    folders: dict[str, bool] = {}
    sets: defaultdict[tuple[str, str], list[SeenFile]] = defaultdict(list)
    for file in sorted(files, key=lambda each: each.found.path):
        folder, name = os.path.split(file.found.path)
        if folder not in folders:
            folders[folder] = is_model_folder(Path(folder))
        shard = _SHARD.fullmatch(name)
        if folders[folder] and file.examined.format not in _ALONE:
            sets[folder, ""].append(file)
        elif shard:
            sets[folder, f"{shard['base']}{shard['suffix']} of {shard['total']}"].append(file)
        else:
            sets[folder, name].append(file)
    for (folder, key), members in sets.items():
        yield _group(folder, key, tuple(members))


def _group(folder: str, key: str, files: tuple[SeenFile, ...]) -> Group:
    if not key:
        whole = Path(folder)
        return Group(name=whole.name, location=whole, files=files, is_folder=True)
    first = files[0].found.path
    shard = _SHARD.fullmatch(first.name)
    name = shard["base"] + shard["suffix"] if shard else first.name
    stated = files[0].examined.facts.get(FactName.NAME)
    if _HASH_NAME.fullmatch(name) and isinstance(stated, str):
        name = stated
    return Group(name=name, location=first, files=files)
