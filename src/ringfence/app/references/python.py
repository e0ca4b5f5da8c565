"""Names of models in Python: in the calls that load them, by way of names that stand for one text.

The syntax tree is looked at, nothing is run.
"""

import ast
import json
from collections.abc import Iterator

from ringfence.app.references.lines import in_line
from ringfence.app.references.names import Named, hub, ollama
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["cells_of", "in_python"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """Where a call has the model's name."""

    keywords: tuple[str, ...]
    position: int | None = 0
    kind: str = "hugging-face"
    bare: bool = False  # a name without an organisation is one of the hub's too


_PRETRAINED = (
    "pretrained_model_name_or_path",
    "pretrained_model_link_or_path",
    "repo_id",
    "model_id",
    "model_name",
)
_CALLS = {
    "from_pretrained": _Call(keywords=_PRETRAINED, bare=True),
    "hf_hub_download": _Call(keywords=("repo_id",)),
    "snapshot_download": _Call(keywords=("repo_id",)),
    "hf_hub_url": _Call(keywords=("repo_id",)),
    "pipeline": _Call(keywords=("model",), position=1, bare=True),
    "SentenceTransformer": _Call(keywords=("model_name_or_path",), bare=True),
    "CrossEncoder": _Call(keywords=("model_name", "model_name_or_path"), bare=True),
    "WhisperModel": _Call(keywords=("model_size_or_path",)),
    "LLM": _Call(keywords=("model",)),
    "HuggingFaceEmbeddings": _Call(keywords=("model_name",), position=None),
    "from_model_id": _Call(keywords=("model_id",)),
    "push_to_hub": _Call(keywords=(), position=None),
    "hub.load": _Call(keywords=("repo_or_dir",), kind="torch-hub"),
    "ollama.pull": _Call(keywords=("model",), kind="ollama"),
    "ollama.chat": _Call(keywords=("model",), kind="ollama"),
    "ollama.generate": _Call(keywords=("model",), kind="ollama"),
    "ollama.embeddings": _Call(keywords=("model",), kind="ollama"),
    "ChatOllama": _Call(keywords=("model",), position=None, kind="ollama"),
    "OllamaLLM": _Call(keywords=("model",), position=None, kind="ollama"),
}


def in_python(text: str) -> list[tuple[int, Named]] | None:
    """Line and name of each model; None where the text is no Python that can be read."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes = list(ast.walk(tree))
    constants = _constants(nodes)
    found: list[tuple[int, Named]] = []
    for node in nodes:
        if isinstance(node, ast.Call):
            found += ((node.lineno, named) for named in _named(node, constants))
    loose = _loose_texts(nodes)
    found += ((node.lineno, named) for node in loose for named in _in_text(str(node.value)))
    return sorted(dict.fromkeys(found), key=lambda each: (each[0], each[1].kind, each[1].name))


def cells_of(notebook: bytes) -> str | None:
    """The code of a Jupyter notebook, one cell behind the other; None where it is none."""
    try:
        cells = json.loads(notebook).get("cells", [])
        parts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    lines = "\n".join(parts).splitlines()
    return "\n".join("" if line.lstrip()[:1] in ("!", "%") else line for line in lines)


def _constants(nodes: list[ast.AST]) -> dict[str, str]:
    """Names that stand for one text, wherever they are set; of those set twice nothing is known."""
    found: dict[str, str | None] = {}
    for node in nodes:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        for target in targets:
            name = _name_of(target)
            if name:
                text = value.value if isinstance(value, ast.Constant) else None
                known = name in found and found[name] != text
                found[name] = text if isinstance(text, str) and not known else None
    return {name: text for name, text in found.items() if text is not None}


def _named(call: ast.Call, constants: dict[str, str]) -> Iterator[Named]:
    how = _how(call.func)
    if how is None:
        return
    keywords = {each.arg: each.value for each in call.keywords if each.arg}
    value = next((keywords[each] for each in how.keywords if each in keywords), None)
    if value is None and how.position is not None and len(call.args) > how.position:
        value = call.args[how.position]
    text = _text(value, constants)
    if text is None:
        return
    revision = _text(keywords.get("revision"), constants)
    match how.kind:
        case "ollama":
            named = ollama(text)
        case "torch-hub":
            repository, _, version = text.partition(":")
            found = hub(repository) if _text(keywords.get("source"), constants) != "local" else None
            named = Named(kind="torch-hub", name=repository, revision=version or None) if found else None
        case _:
            named = hub(text, revision, bare=how.bare)
    if named:
        yield named


def _how(function: ast.expr) -> _Call | None:
    name = _name_of(function)
    if isinstance(function, ast.Attribute):
        owner = _name_of(function.value)
        return _CALLS.get(f"{owner}.{name}") or _CALLS.get(name)
    return _CALLS.get(name)


def _name_of(node: ast.expr) -> str:
    """The last part of a name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr | None, constants: dict[str, str]) -> str | None:
    """The text that an expression surely is, or is unless somebody says otherwise."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name | ast.Attribute):
        return constants.get(_name_of(node))
    if isinstance(node, ast.Call) and _name_of(node.func) in ("getenv", "get") and len(node.args) == 2:
        return _text(node.args[1], constants)  # os.environ.get("MODEL", "org/name")
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _text(node.values[-1], constants)
    return None


def _loose_texts(nodes: list[ast.AST]) -> Iterator[ast.Constant]:
    """Texts that are neither documentation nor long."""
    documentation = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documentation:
            continue
        if len(node.value) <= LIMITS.name_chars and "\n" not in node.value:
            yield node


def _in_text(text: str) -> Iterator[Named]:
    """Addresses and commands, which mean the same wherever they stand."""
    if "/resolve/" in text or text.startswith(("hf://", "hf_hub:", "hf-hub:", "models:/")) or " -hf" in text:
        if text.startswith(("hf_hub:", "hf-hub:")):
            named = hub(text)
            if named:
                yield named
            return
        yield from in_line(text)
