"""Where a store's model came from, as host and path. A store's records are claims, and so is this.

What a store does not say is unknown: LM Studio and Jan keep what people put there in the same folders.
"""

from ringfence.core.models import Model

__all__ = ["source_of"]

_HUB, _OLLAMA, _DOCKER = "huggingface.co", "registry.ollama.ai", "docker.io"
_HUB_STORES = frozenset({"huggingface", "llamacpp", "mlx"})  # names with a slash are the hub's own
_SAME_HOST = {"hf.co": _HUB, "www.huggingface.co": _HUB, "index.docker.io": _DOCKER}
_SCHEMES = {"huggingface": _HUB, "hf": _HUB, "ollama": _OLLAMA, "modelscope": "modelscope.cn"}
_HUB_DEPTH = 2  # organization and repository; what follows is a file


def source_of(model: Model) -> str | None:
    """Host and path without a version; None when the store does not say."""
    match model.store:
        case store if store in _HUB_STORES:
            return f"{_HUB}/{model.name}" if model.name.count("/") == 1 else None
        case "ollama":
            return _registered(model.name, _OLLAMA)
        case "docker-model-runner":
            return _registered(model.name, _DOCKER)
        case "ramalama":
            return _of_address(model.name)
        case _:
            return None


def _registered(name: str, host: str) -> str:
    """The long form of a registry's name: `llama3:8b` is `registry.ollama.ai/library/llama3`."""
    parts = name.split("/")
    parts[-1] = parts[-1].partition("@")[0].partition(":")[0]
    if len(parts) > 1 and (len(parts) > _HUB_DEPTH or "." in parts[0] or ":" in parts[0]):
        return "/".join((_SAME_HOST.get(parts[0], parts[0]), *parts[1:]))
    return "/".join((host, *(parts if len(parts) > 1 else ("library", *parts))))


def _of_address(name: str) -> str | None:
    scheme, separator, path = name.partition("://")
    if not separator or scheme == "file":
        return None
    if scheme in ("huggingface", "hf", "modelscope"):
        return "/".join((_SCHEMES[scheme], *path.split("/")[:_HUB_DEPTH])).partition(":")[0]
    return _registered(path, _SCHEMES.get(scheme, _DOCKER))
