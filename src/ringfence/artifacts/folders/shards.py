"""Whether a model in several files is whole: its index against its shards, and numbered files for gaps.

Source: transformers, modeling_utils.py (index files); llama.cpp, gguf-split (names of splits).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import count as count_from
from typing import Final

from ringfence.artifacts.folders.folder import Directory, escapes, said
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.facts import FactName
from ringfence.core.findings import Severity
from ringfence.core.patterns import pattern

__all__ = ["judge"]

_INDEX: Final = pattern(r".+\.(?:safetensors|bin)\.index\.json", re.ASCII)
_NUMBERED: Final = pattern(r"(.+)-(\d{5})-of-(\d{5,6})(\.(?:safetensors|bin|gguf|pth?|ckpt))", re.ASCII)
_IMPLAUSIBLE: Final = 16  # times what lies there: sizes are counted before quantising as well
_AGAIN: Final = "get the folder from its publisher again"
_Found = Iterator[tuple[str, Spotted]]


def judge(directory: Directory) -> _Found:
    """What is wrong between the files of one directory."""
    indexed: set[str] = set()
    for index in sorted(filter(_INDEX.fullmatch, directory.files)):
        weights = directory.json(index).get("weight_map")
        if isinstance(weights, dict):
            indexed.update(each for each in weights.values() if isinstance(each, str))
            yield from _index(directory, index, weights)
    yield from _numbered(directory, indexed)


def _index(directory: Directory, index: str, weights: Mapping[str, Json]) -> _Found:
    name = directory.named(index)
    files = {each for each in weights.values() if isinstance(each, str)}
    if not files or not all(isinstance(each, str) for each in weights.values()):
        yield name, said("index-differs", Severity.MEDIUM, "it names no files", advice=_AGAIN)
        return
    elsewhere = {file: escaping for file in sorted(files) if (escaping := escapes(file))}
    yield from ((name, escaping) for escaping in elsewhere.values())
    here = {file for file in files if directory.size_bytes(file) is not None}
    if not here:
        return  # of a variant that was not downloaded, or from before the model was quantised
    for file in sorted(files - here - elsewhere.keys()):
        yield name, said("shard-missing", Severity.MEDIUM, f"{file} is not there", advice=_AGAIN)
    yield from _total_size(directory, index, sorted(here), whole=here == files)
    yield from _contents(directory, name, weights, here)


def _total_size(directory: Directory, index: str, here: list[str], *, whole: bool) -> _Found:
    metadata = directory.json(index).get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    if total is None or not whole:
        return
    lies = sum(directory.size_bytes(file) or 0 for file in here)
    if (
        not isinstance(total, int | float)
        or total < 0
        or not lies <= _IMPLAUSIBLE * (total + 65_536) <= _IMPLAUSIBLE**2 * (lies + 65_536)
    ):
        why = f"it says {total} bytes in all, and there are {lies}"
        yield directory.named(index), said("index-differs", Severity.LOW, why, advice=_AGAIN)


def _contents(directory: Directory, name: str, weights: Mapping[str, Json], here: set[str]) -> _Found:
    """Each tensor must be in the file that the index names, and in no other."""
    tensors = {file: directory.safetensors[file] for file in here if file in directory.safetensors}
    lies_in: dict[str, str] = {}
    for file in sorted(tensors):
        for tensor in tensors[file]:
            other = lies_in.setdefault(tensor, file)
            if other != file:
                evidence = f"{tensor} is in {other} and in {file}"
                advice = "do not load it: loaders disagree on which of the two counts"
                yield name, said("index-differs", Severity.HIGH, evidence, advice=advice)
    for tensor, stated in weights.items():
        if stated in tensors and tensor not in tensors[str(stated)]:
            where = f", but in {lies_in[tensor]}" if tensor in lies_in else ""
            evidence = f"{tensor} is not in {stated}{where}"
            yield name, said("index-differs", Severity.MEDIUM, evidence, advice=_AGAIN)
    for tensor in sorted(lies_in.keys() - weights.keys()):
        evidence = f"{tensor} in {lies_in[tensor]} is not in the index"
        advice = "find out who put it there: some loaders take it, others do not"
        yield name, said("index-differs", Severity.LOW, evidence, advice=advice)


def _numbered(directory: Directory, indexed: set[str]) -> _Found:
    """Files called -00001-of-00003: gaps, and one that an index of the others leaves out."""
    sets: dict[tuple[str, str, str], dict[int, str]] = {}
    for file in directory.files:
        if found := _NUMBERED.fullmatch(file):
            stem, number, count, suffix = found.groups()
            sets.setdefault((stem, count, suffix), {})[int(number)] = file
    for (_, count, suffix), files in sorted(sets.items()):
        first = directory.named(files[min(files)])
        start = 0 if 0 in files else 1
        missing = int(count) - sum(start <= number < start + int(count) for number in files)
        known = indexed & set(files.values())
        if missing > 0 and not known:
            number = next(n for n in count_from(start) if n not in files)
            evidence = f"{missing} of {int(count)} are not there, the first is number {number}"
            yield first, said("shard-missing", Severity.MEDIUM, evidence, advice=_AGAIN)
        for file in sorted(set(files.values()) - known) if known else ():
            advice = "find out who put it there: no loader that goes by the index reads it"
            yield (
                directory.named(file),
                said("index-differs", Severity.LOW, f"{file} is not in the index", advice=advice),
            )
        if suffix == ".gguf":
            yield from _splits(directory, files, int(count))


def _splits(directory: Directory, files: dict[int, str], count: int) -> _Found:
    for file in files.values():
        said_count = directory.folder.facts(directory.named(file)).get(FactName.SHARDS)
        if isinstance(said_count, int) and said_count != count:
            yield (
                directory.named(file),
                said("index-differs", Severity.MEDIUM, f"its header says {said_count} files", advice=_AGAIN),
            )
