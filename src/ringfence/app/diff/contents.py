"""What changed within one file, told by what the file is."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ringfence.app.diff.comparison import TextChange, TextKind, ValueChange, VocabularyChange
from ringfence.app.diff.documents import keys_of, templates_in, value_changes
from ringfence.app.diff.texts import text_change
from ringfence.app.diff.vocabularies import Vocabulary, of_lists, of_tokenizer, of_words, vocabulary_change
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.gguf_file import gguf_content
from ringfence.artifacts.tensors.safetensors_file import metadata_of
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.opening import opened, read_small

__all__ = ["changes_within", "wide_budget"]

_TEMPLATES = (".jinja", ".jinja2", ".j2", ".tmpl")
_CODE = (".py", ".pyi", ".pth", ".sh", ".bash", ".ps1", ".bat", ".cmd", ".js", ".mjs", ".ts", ".lua", ".rb")
_CONFIGURATIONS = (".yaml", ".yml", ".toml", ".ini", ".cfg", ".xml")
_TEXTS = (".md", ".txt", ".rst", "")
_REQUIREMENTS = ("requirements.txt", "dockerfile", "makefile", "modelfile")
_WORDS = ("vocab.json", "vocab.txt")
_WEIGHT_MAP = "weight_map."  # which shard holds a tensor, which the tensors themselves tell
_Change = TextChange | ValueChange | VocabularyChange
_Told = tuple[dict[str, str], Vocabulary | None]


def changes_within(name: str, old: Path | None, new: Path | None, format_: str | None) -> Iterator[_Change]:
    """What is different in the file, which is a header's, a document's or a text's business. None: no file.

    Raises:
        Malformed: it is broken, or over a limit.
        NotOpened: it cannot be read.
    """
    path = PurePosixPath(name.lower())
    if format_ in ("gguf", "safetensors"):
        tell = _gguf if format_ == "gguf" else _safetensors
        yield from _of_documents(name, *(tell(side) if side else None for side in (old, new)))
    elif path.suffix == ".json" or path.name == "vocab.txt":
        yield from _of_json(name, path, old, new)
    elif (kind := _kind(path)) is not None:
        yield from _of_texts(name, kind, _read(old), _read(new))


def wide_budget(size_bytes: int) -> Budget:
    """For reading a file of that size a few times."""
    return Budget(
        read_bytes=4 * size_bytes + LIMITS.judged_bytes, inflated_bytes=LIMITS.judged_total_inflated_bytes
    )


def _kind(path: PurePosixPath) -> TextKind | None:
    if path.suffix in _TEMPLATES:
        return TextKind.TEMPLATE
    if path.suffix in _CODE or path.name in _REQUIREMENTS:
        return TextKind.CODE
    if path.name == "readme.md":
        return TextKind.CARD
    if path.suffix in _CONFIGURATIONS:
        return TextKind.CONFIGURATION
    return TextKind.OTHER if path.suffix in _TEXTS else None


def _of_json(name: str, path: PurePosixPath, old: Path | None, new: Path | None) -> Iterator[_Change]:
    data = _read(old), _read(new)
    try:
        told = [None if each is None else _document(path.name, each) for each in data]
    except BadJson:
        yield from _of_texts(name, TextKind.CONFIGURATION, *data)
        return
    yield from _of_documents(name, *told)


def _document(name: str, data: bytes) -> _Told:
    if name == "vocab.txt":
        lines: list[Json] = list(data.decode("utf-8", "surrogateescape").split("\n"))
        return {}, of_words(lines)
    document = parse(data, max_bytes=LIMITS.configuration_json_bytes)
    if name in _WORDS:
        return {}, of_words(document)
    words, rest = of_tokenizer(document) if "tokenizer" in name else (None, document)
    return {key: each for key, each in keys_of(rest).items() if not key.startswith(_WEIGHT_MAP)}, words


def _gguf(path: Path) -> _Told:
    with opened(path) as fd:
        found = gguf_content(Reader.of_fd(fd))
    lists: Mapping[str, list[str]] = found.lists
    shown = {key: ", ".join(each) for key, each in lists.items() if not key.startswith("tokenizer.ggml.")}
    return found.keys | shown, of_lists(lists)


def _safetensors(path: Path) -> _Told:
    with opened(path) as fd:
        return metadata_of(Reader.of_fd(fd)), None


def _of_documents(name: str, old: _Told | None, new: _Told | None) -> Iterator[_Change]:
    before, after = (None if side is None else side[0] for side in (old, new))
    yield from templates_in(name, before, after)
    words = vocabulary_change(name, old[1] if old else None, new[1] if new else None)
    if words and old and new:
        yield words
    if old and new:
        yield from value_changes(name, before, after)
    elif after is not None:
        yield from (each for each in value_changes(name, {}, after) if "auto_map" in each.key)


def _of_texts(name: str, kind: TextKind, old: bytes | None, new: bytes | None) -> Iterator[TextChange]:
    texts = [None if each is None else each.decode("utf-8", "surrogateescape") for each in (old, new)]
    if any(text and "\0" in text for text in texts):
        return  # no text, whatever it is called
    change = text_change(name, kind, *texts)
    if change:
        yield change


def _read(path: Path | None) -> bytes | None:
    """The whole file.

    Raises:
        Malformed: larger than documents are read, or not readable.
    """
    found = read_small(path, max_bytes=LIMITS.configuration_json_bytes) if path else None
    if isinstance(found, Skipped):
        raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail=found.reason)
    return found
