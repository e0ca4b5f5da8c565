"""Which words are names of models, and which only look like it."""

import re

from ringfence.core.dataclass import dataclass
from ringfence.core.locks import Reference

__all__ = ["HUB_NAME", "Named", "hub", "is_pinned", "is_repository", "ollama", "url"]

HUB_NAME = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"  # org/name

_REPOSITORY = re.compile(HUB_NAME)
_BARE = re.compile(r"[A-Za-z][\w.-]{1,95}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_OLLAMA = re.compile(r"(?:[\w.-]{1,80}/){0,3}[\w.-]{1,80}(?::[\w.-]{1,80})?")
_FILE = re.compile(
    r"(?i)\.(?:bin|ckpt|conf|csv|engine|ggml|gguf|h5|hdf5|ini|ipynb|joblib|js|json|jsonl|keras|mlmodel|msgpack|npy"
    r"|npz|onnx|pb|pkl|pickle|pt|pth|py|safetensors|sh|tar|tflite|toml|ts|txt|xml|yaml|yml|zip|gz|md)"
)
# First parts of paths on somebody's disk, and of names that services have rather than the hub.
_FOLDERS = frozenset(
    [
        "app",
        "artifacts",
        "assets",
        "build",
        "cache",
        "checkpoint",
        "checkpoints",
        "config",
        "configs",
        "content",
        "data",
        "dataset",
        "datasets",
        "dist",
        "home",
        "kaggle",
        "lib",
        "local",
        "logs",
        "mnt",
        "model",
        "models",
        "opt",
        "out",
        "output",
        "outputs",
        "path",
        "results",
        "root",
        "runs",
        "saved_models",
        "src",
        "test",
        "tests",
        "tmp",
        "usr",
        "var",
        "weights",
        "workspace",
        "your-org",
        "your-username",
        "username",
        "org",
        "user",
    ]
)
_SERVICES = frozenset(
    [
        "ai21",
        "anthropic",
        "azure",
        "bedrock",
        "cerebras",
        "cohere",
        "databricks",
        "deepinfra",
        "fireworks_ai",
        "gemini",
        "groq",
        "openrouter",
        "perplexity",
        "replicate",
        "sagemaker",
        "together_ai",
        "vertex_ai",
        "watsonx",
        "xai",
        "bedrock_converse",
        "azure_ai",
    ]
)
_OPENAI_SERVICE = re.compile(
    r"(?i)openai/(?:gpt-(?!oss|2|j|neo)|o\d|chatgpt|text-embedding|dall-e|tts|davinci)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A model as some text names it."""

    kind: str
    name: str
    revision: str | None = None


def is_repository(text: str) -> bool:
    """Whether the text is org/name as hubs have it, and no path or name of a service."""
    if not _REPOSITORY.fullmatch(text):
        return False
    first, _, last = text.partition("/")
    if first.lower() in _FOLDERS | _SERVICES or _OPENAI_SERVICE.match(text):
        return False
    return not _FILE.fullmatch(last[last.rfind(".") :] if "." in last else "")


def hub(text: str, revision: str | None = None, *, bare: bool = False) -> Named | None:
    """A repository of Hugging Face; `bare`: names without an organisation count, as loaders take them."""
    text = text.removeprefix("hf://").removeprefix("hf_hub:").removeprefix("hf-hub:")
    text, at, pinned = text.partition("@")
    if is_repository(text) or (bare and _BARE.fullmatch(text) and not _FILE.search(text)):
        return Named(kind="hugging-face", name=text, revision=pinned if at else revision)
    return None


def ollama(text: str) -> Named | None:
    """A model of Ollama's registry, or of the hub that it takes it from; the tag is its revision."""
    text = text.strip("\"'").removeprefix("https://")
    if not _OLLAMA.fullmatch(text):
        return None
    name, _, tag = text.partition(":")
    for registry in ("hf.co/", "huggingface.co/"):
        if name.startswith(registry):
            return hub(name.removeprefix(registry))
    return Named(kind="ollama", name=name, revision=tag or None)


def url(address: str, *, checked: str | None) -> Named:
    """A file behind an address; `checked` is the digest that it is compared with, if it is."""
    return Named(kind="url", name=address, revision=checked)


def is_pinned(reference: Reference) -> bool:
    """Whether the reference leads to the same bytes tomorrow."""
    revision = reference.revision or ""
    match reference.kind:
        case "hugging-face" | "torch-hub":
            return bool(_COMMIT.fullmatch(revision))
        case "mlflow":
            return bool(_NUMBER.fullmatch(revision))
        case "url":
            return revision.startswith("sha256:")
        case _:
            return False
