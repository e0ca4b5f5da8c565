"""Whether what a folder's descriptions name is there: components, modules, code, variables.

Source: diffusers, pipelines/pipeline_loading_utils.py; sentence-transformers, SentenceTransformer.py;
transformers, dynamic_module_utils.py; Core ML Tools, ModelPackage; TensorFlow, saved_model/constants.h;
CPython, importlib/_bootstrap_external.py (pyc headers).
"""

import re
from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.folders.folder import Directory, escapes, said
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.findings import Severity
from ringfence.core.patterns import pattern

__all__ = ["judge"]

_AGAIN: Final = "get the folder from its publisher again, or find out where the rest is"
_CODE: Final = pattern(r"([^\W\d]\w*)\.[^\W\d]\w*")
_VARIABLES: Final = pattern(r"variables\.data-(\d{5})-of-(\d{5})", re.ASCII)
_BYTECODE: Final = pattern(r"([^.]+)(?:\.[\w-]+(?:\.opt-\d)?)?\.pyc")
_WITHOUT_FILES: Final = (".Normalize", ".Asym", ".Router")
_PYC_HEADER_BYTES: Final = 16
_Found = Iterator[tuple[str, Spotted]]


def judge(directory: Directory) -> _Found:
    """What is named and not there, or lies elsewhere."""
    for file, path in _named(directory):
        if escaping := escapes(path):
            yield directory.named(file), escaping
        elif not _is_there(directory, path):
            yield directory.named(file), said("file-missing", Severity.LOW, f"no {path}", advice=_AGAIN)
    yield from _bytecode(directory)


def _named(directory: Directory) -> Iterator[tuple[str, str]]:
    """(the file that says so, what it names relative to its directory)"""
    for part, what in directory.json("model_index.json").items():
        if _is_component(part, what):
            yield "model_index.json", part
    yield from (("modules.json", path) for path in _modules(directory))
    for file in ("config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json"):
        references = directory.json(file).get("auto_map")
        for path in sorted(set(_code(references))):
            yield file, path
    if directory.path.endswith(".mlpackage/"):
        items = directory.json("Manifest.json").get("itemInfoEntries")
        for item in items.values() if isinstance(items, dict) else ():
            where = item.get("path") if isinstance(item, dict) else None
            if isinstance(where, str):
                yield "Manifest.json", where if where.startswith(("/", "~", "\\")) else f"Data/{where}"
    yield from _variables(directory)


def _is_component(part: str, what: Json) -> bool:
    match what:
        case [str(), str()]:
            return not part.startswith("_")
    return False


def _modules(directory: Directory) -> Iterator[str]:
    for module in directory.json_list("modules.json"):
        path = module.get("path") if isinstance(module, dict) else None
        if not isinstance(module, dict) or not isinstance(path, str) or not path:
            continue
        # Modules without any setting have no file, and hubs keep no empty folders.
        if escapes(path) or not str(module.get("type")).endswith(_WITHOUT_FILES):
            yield path


def _code(references: Json) -> Iterator[str]:
    """Files of this folder; what names another repository is judged with the configuration."""
    for value in references.values() if isinstance(references, dict) else ():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and (found := _CODE.fullmatch(each)):
                yield f"{found[1]}.py"


def _variables(directory: Directory) -> Iterator[tuple[str, str]]:
    if "variables.index" not in directory.files:
        return
    pieces = [found for file in directory.files if (found := _VARIABLES.fullmatch(file))]
    count = max((int(found[2]) for found in pieces), default=1)
    there = {int(found[1]) for found in pieces}
    missing = next((number for number in range(count) if number not in there), None)
    if missing is not None:
        yield "variables.index", f"variables.data-{missing:05}-of-{count:05}"


def _is_there(directory: Directory, path: str) -> bool:
    if directory.size_bytes(path) is not None:
        return True
    return directory.holds(path)


def _bytecode(directory: Directory) -> _Found:
    """Bytecode whose header says another size than its source has: made from something else."""
    cache = directory.path.endswith("__pycache__/")
    for file in directory.ending(".pyc"):
        found = _BYTECODE.fullmatch(file)
        source = directory.path.removesuffix("__pycache__/") if cache else directory.path
        size = directory.folder.names.get(f"{source}{found[1]}.py") if found else None
        header = directory.head(file, _PYC_HEADER_BYTES)
        if size is None or len(header) < _PYC_HEADER_BYTES or int.from_bytes(header[4:8], "little"):
            continue
        stated = int.from_bytes(header[12:16], "little")
        if stated != size & 0xFFFF_FFFF:
            evidence = f"made from {stated} bytes of source, and there are {size}"
            advice = "delete the bytecode: it is not what the source beside it says"
            yield directory.named(file), said("bytecode-differs", Severity.LOW, evidence, advice=advice)
