"""Names of models in shell scripts, build files, Modelfiles, compose files and configurations, line by line.

Every pattern is linear: what repeats is bounded, and nothing that repeats begins with what it ends with.
"""

import re
from collections.abc import Iterator

from ringfence.app.references.names import HUB_NAME, Named, hub, is_repository, ollama, url
from ringfence.core.limits import LIMITS

__all__ = ["in_line", "in_lines"]

_REVISION = re.compile(r"--revision[ =]\"?'?([\w./-]{1,100})")
_SHA256 = re.compile(r"(?i)(?:sha256[:=, \"']{1,4}|)\b([0-9a-f]{64})\b")
_QUOTE = r"[\"']?"
_END = r"(?=$|[\s\"',;}\]])"
_IS = r"[\"']?(?:\s|=|,){1,9}[\"']?"  # between an option and its value, in a shell or in a list of JSON
_WEIGHTS = tuple(
    f".{each}"
    for each in (
        *("gguf", "ggml", "safetensors", "onnx", "pt", "pth", "ckpt", "bin", "pkl", "joblib", "h5", "keras"),
        *("tflite", "llamafile", "nemo"),
    )
)

_HUB_ADDRESS = re.compile(
    rf"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/({HUB_NAME})"
    r"(?:/(?:resolve|raw|blob|tree)/([\w.-]{1,100}))?"
)
_NO_MODEL = frozenset(
    {"datasets", "spaces", "docs", "blog", "papers", "settings", "api", "learn", "collections"}
)
_HUB_SCHEME = re.compile(rf"\bhf://({HUB_NAME})(?:@([\w.-]{{1,100}}))?|(?<![\w.:/-])hf:({HUB_NAME})")
_DOWNLOAD = re.compile(
    rf"\b(?:huggingface-cli|hf)\s{{1,9}}download\s{{1,9}}(?:--?[\w-]{{1,40}}\s{{1,9}}){{0,3}}{_QUOTE}({HUB_NAME})"
)
_OLLAMA = re.compile(r"\bollama\s{1,9}(?:run|pull|push|show)\s{1,9}([^\s;&|)]{1,200})")
_LLAMA_CPP = re.compile(rf"(?:\s|[\"'\[,])(?:-hfr?|--hf-repo){_IS}({HUB_NAME})")
_OPTION = re.compile(
    rf"--(?:model|model-id|model_id|model-name|model_name_or_path|embedding-model|speculative-model"
    rf"|repo-id|hf-model){_IS}({HUB_NAME}){_END}"
)
_SERVE = re.compile(rf"\bvllm{_IS}serve{_IS}({HUB_NAME}){_END}")
_SETTING = re.compile(
    r"(?i)(?:^|[\s\"'{,;-])(?:[a-z0-9]{1,30}[_.-]){0,4}(?:model|model_?id|model_?name|model_?path|model_?repo"
    rf"|repo_?id|model_name_or_path|hf_repo|checkpoint)[\"']?\s{{0,9}}[:=]\s{{0,9}}{_QUOTE}({HUB_NAME}){_END}"
)
_MLFLOW = re.compile(
    r"\bmodels:/([A-Za-z0-9][\w. -]{0,95}?)(?:/([\w.-]{1,60})|@([\w.-]{1,60}))(?=$|[\s\"',;)\]])"
)
_FETCH = re.compile(r"(?:\b(?:curl|wget|aria2c|axel)\b|^\s{0,20}ADD\b|\b(?:url|href|source)\b)")
_ADDRESS = re.compile(r"https?://[^\s\"'<>|;)]+")
_FROM = re.compile(r"(?i)^\s{0,20}FROM\s{1,9}(\S{1,200})\s{0,20}$")
_SCRIPT_CALL = re.compile(  # transformers.js and the like
    r"(?:\bpipeline\(\s{0,9}[\"'][\w-]{1,60}[\"']\s{0,9},\s{0,9}|\bfrom_pretrained\(\s{0,9})"
    rf"[\"'`]({HUB_NAME})[\"'`]"
)


def in_lines(text: str, *, is_modelfile: bool) -> Iterator[tuple[int, Named]]:
    """Each line's names, with the line's number."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip()[:1] == "#" or line.lstrip()[:2] == "//":
            continue
        for named in dict.fromkeys(in_line(line[: LIMITS.reference_line_chars], is_modelfile=is_modelfile)):
            yield number, named


def in_line(line: str, *, is_modelfile: bool = False) -> Iterator[Named]:
    """The models that one line names."""
    if is_modelfile and (found := _FROM.match(line)):
        named = None if found[1].startswith((".", "/", "~")) else ollama(found[1])
        if named:
            yield named
        return
    for look in (_addresses, _hub_words, _ollama_words, _mlflow, _files):
        yield from look(line)


def _addresses(line: str) -> Iterator[Named]:
    for found in _HUB_ADDRESS.finditer(line):
        if found[1].partition("/")[0] in _NO_MODEL:
            continue
        if "ollama" in line and not found[0].startswith("http"):
            continue  # `ollama run hf.co/…`
        yield Named(kind="hugging-face", name=found[1].removesuffix(".git"), revision=found[2])


def _hub_words(line: str) -> Iterator[Named]:
    stated = _REVISION.search(line)
    revision = stated[1] if stated else None
    for found in _HUB_SCHEME.finditer(line):
        named = hub(found[1] or found[3], found[2] or revision)
        if named:
            yield named
    for pattern in (_DOWNLOAD, _LLAMA_CPP, _OPTION, _SERVE, _SETTING, _SCRIPT_CALL):
        for found in pattern.finditer(line):
            if is_repository(found[1]):
                yield _hub_or_ollama(found[1], revision)


def _hub_or_ollama(name: str, revision: str | None) -> Named:
    """What programs that talk to many services write: ollama/llama3 is a model of Ollama's."""
    first, _, last = name.partition("/")
    if first.lower() in ("ollama", "ollama_chat"):
        return Named(kind="ollama", name=last)
    return Named(kind="hugging-face", name=name, revision=revision)


def _ollama_words(line: str) -> Iterator[Named]:
    for found in _OLLAMA.finditer(line):
        if not found[1].startswith(("-", "$", "<", "{")) and (named := ollama(found[1])):
            yield named


def _mlflow(line: str) -> Iterator[Named]:
    for found in _MLFLOW.finditer(line):
        yield Named(kind="mlflow", name=found[1], revision=found[2] or found[3])


def _files(line: str) -> Iterator[Named]:
    if not _FETCH.search(line):
        return
    digest = _SHA256.search(line)
    for found in _ADDRESS.finditer(line):
        path = found[0].partition("?")[0].partition("#")[0]
        if path.lower().endswith(_WEIGHTS) and not _HUB_ADDRESS.match(found[0]):
            yield url(found[0], checked=f"sha256:{digest[1].lower()}" if digest else None)
