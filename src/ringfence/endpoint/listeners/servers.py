"""The servers that are recognised, and by what. One explicit table; a server's most telling signs come first.

Ports only say what to ask first. Several servers imitate Ollama's `/api/tags` and OpenAI's `/v1/models`, so
each sign has a rank: 3 nobody else says that, 2 a name that others would hardly give themselves, 1 a common
format. Source: the servers' own code and documentation, September 2026.
"""

from collections.abc import Callable

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.endpoint.listeners.answer import Answer

__all__ = ["ANYWHERE", "FRONT", "MODELS", "SERVERS", "Server", "Sign", "listed_models"]

FRONT = "/"
MODELS = "/v1/models"
ANYWHERE = "*"
"""The path of a sign that any answer may carry."""


@dataclass(frozen=True, slots=True)
class Sign:
    """An answer that gives a server away."""

    path: str
    says: str  # what is seen there, for people
    seen_in: Callable[[Answer], bool]
    rank: int = 3


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `runtimes` are the names of processes that confirm it, `libraries` prefixes of theirs."""

    name: str
    ports: tuple[int, ...]
    signs: tuple[Sign, ...]
    runtimes: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()  # in any answer's body, lower case: worth asking for the signs
    models: str = MODELS  # where it lists what it serves
    scripted: bool = False  # an interpreter runs it, so a program called python is no contradiction


def _text(*needles: str) -> Callable[[Answer], bool]:
    wanted = [needle.lower().encode() for needle in needles]
    return lambda answer: answer.ok and all(needle in answer.body.lower() for needle in wanted)


def _key(*path: str, equals: Json = None) -> Callable[[Answer], bool]:
    def seen(answer: Answer) -> bool:
        value: Json = answer.document
        for key in path:
            if not isinstance(value, dict) or key not in value:
                return False
            value = value[key]
        return answer.ok and (equals is None or value == equals)

    return seen


def _owner(name: str) -> Sign:
    def seen(answer: Answer) -> bool:
        return any(item.get("owned_by") == name for item in _items(answer.document, "data"))

    return Sign(MODELS, f"models owned by {name}", seen, 2)


def _ollama_tags(answer: Answer) -> bool:
    items = _items(answer.document, "models")
    return bool(items) and all("digest" in item and "name" in item for item in items)


def _lists_models_by_base_http(answer: Answer) -> bool:
    return answer.server.startswith("BaseHTTP/") and bool(_items(answer.document, "data"))


def _foundry_list(answer: Answer) -> bool:
    items = _items(answer.document, "models")
    return answer.ok and bool(items) and all("providerType" in item or "modelType" in item for item in items)


SERVERS = (
    Server(
        "ollama",
        (11434,),
        (
            Sign(FRONT, '"Ollama is running"', lambda a: a.ok and a.body.strip() == b"Ollama is running", 2),
            Sign("/api/tags", "models with digests", _ollama_tags, 1),
        ),
        runtimes=("ollama",),
        models="/api/tags",
    ),
    Server(
        "lm-studio",
        (1234,),
        (Sign("/lmstudio-greeting", '"lmstudio": true', _key("lmstudio", equals=True)),),
        runtimes=("lm-studio",),
        hints=("unexpected endpoint or method",),
    ),
    Server(
        "llama.cpp",
        (8080,),
        (
            Sign(ANYWHERE, "Server: llama.cpp", lambda a: a.server == "llama.cpp", 2),
            Sign("/props", "model_path and generation settings", _key("default_generation_settings")),
            _owner("llamacpp"),
        ),
        runtimes=("llama.cpp", "llamafile"),
        libraries=("libllama", "llama-addon.node"),
        hints=("llama.cpp", "llamafile"),
    ),
    Server(
        "vllm",
        (8000,),
        (_owner("vllm"), Sign("/metrics", "vllm: metrics", _text("vllm:"))),
        runtimes=("vllm",),
        libraries=("vllm",),
        scripted=True,
    ),
    Server(
        "sglang",
        (30000,),
        (Sign("/server_info", "mem_fraction_static", _key("mem_fraction_static")), _owner("sglang")),
        runtimes=("sglang",),
        scripted=True,
    ),
    Server(
        "tgi",
        (3000, 8080),
        (Sign("/info", "max_batch_total_tokens", _key("max_batch_total_tokens")),),
        runtimes=("tgi",),
        hints=("text-generation-inference", "text generation inference"),
    ),
    Server(
        "koboldcpp",
        (5001,),
        (
            Sign("/api/extra/version", '"result": "KoboldCpp"', _key("result", equals="KoboldCpp")),
            _owner("koboldcpp"),
        ),
        runtimes=("koboldcpp",),
        libraries=("koboldcpp_",),
        hints=("koboldcpp", "koboldai", "kobold lite"),
        scripted=True,
    ),
    Server(
        "jan",
        (1337,),
        (Sign("/openapi.json", "Jan API Server Endpoints", _text("jan api server endpoints")),),
        runtimes=("jan",),
        hints=("jan api",),
    ),
    Server("gpt4all", (4891,), (_owner("humanity"),), runtimes=("gpt4all",), libraries=("libllmodel",)),
    Server(
        "localai",
        (8080,),
        (Sign("/metrics", "localai_ metrics", _text("localai_")),),
        runtimes=("localai",),
        hints=("localai",),
    ),
    Server(
        "text-generation-webui",
        (5000, 7860),
        (Sign("/openapi.json", "text-generation-webui", _text("text-generation-webui")),),
        runtimes=("text-generation-webui",),
        scripted=True,
    ),
    Server(
        "tabbyapi",
        (5000,),
        (Sign("/.well-known/serviceinfo", "TabbyAPI", _text("tabbyapi")),),
        runtimes=("tabbyapi",),
        libraries=("exllamav2_ext", "exllamav3_ext"),
        hints=("tabbyapi",),
        scripted=True,
    ),
    Server(
        "aphrodite",
        (2242,),
        (Sign("/.well-known/serviceinfo", "Aphrodite", _text("aphrodite")), _owner("pygmalionai")),
        runtimes=("aphrodite",),
        scripted=True,
    ),
    Server(
        "triton",
        (8000,),
        (Sign("/v2", '"name": "triton"', _key("name", equals="triton")),),
        runtimes=("triton",),
        models="/v2",
    ),
    Server(
        "nim", (8000,), (Sign("/v1/metadata", "modelInfo", _key("modelInfo")),), runtimes=("triton", "vllm")
    ),
    Server("mlc", (8000,), (_owner("MLC-LLM"),), runtimes=("mlc",), libraries=("libmlc_llm",), scripted=True),
    Server(
        "mlx_lm",
        (8080,),
        (Sign(MODELS, "models from Python's own HTTP server", _lists_models_by_base_http, 1),),
        runtimes=("mlx_lm",),
        libraries=("libmlx",),
        scripted=True,
    ),
    Server(
        "docker-model-runner",
        (12434,),
        (Sign(FRONT, '"Docker Model Runner is running"', _text("docker model runner is running")),),
        runtimes=("docker-model-runner",),
    ),
    Server(
        "foundry-local",
        (5272,),
        (Sign("/foundry/list", "a catalogue of models", _foundry_list),),
        runtimes=("foundry-local",),
    ),
    Server(
        "comfyui",
        (8188,),
        (Sign("/system_stats", "comfyui_version", _key("system", "comfyui_version")),),
        runtimes=("comfyui",),
        hints=("comfyui",),
        models="/system_stats",
        scripted=True,
    ),
    Server(
        "open-webui",
        (3000, 8080),
        (Sign("/api/config", '"name": "Open WebUI"', lambda a: _key("name")(a) and _text("open webui")(a)),),
        runtimes=("open-webui",),
        hints=("open webui",),
        models="/api/config",
        scripted=True,
    ),
    Server(
        "litellm",
        (4000,),
        (Sign("/health/readiness", "litellm_version", _key("litellm_version")),),
        runtimes=("litellm",),
        hints=("litellm",),
        scripted=True,
    ),
    Server(
        "anythingllm",
        (3001,),
        (Sign("/api/setup-complete", "the set-up's state", _key("results", "LLMProvider"), 2),),
        runtimes=("anythingllm",),
        hints=("anythingllm",),
        models="/api/setup-complete",
        scripted=True,
    ),
    Server(
        "openclaw",
        (18789,),
        (Sign(FRONT, 'the title "OpenClaw Control"', _text("<title>openclaw control")),),
        runtimes=("openclaw",),
        models=FRONT,
        scripted=True,
    ),
    Server(
        "lemonade",
        (13305, 8000),
        (Sign("/api/v1/health", "model_loaded", _key("model_loaded"), 2),),
        runtimes=("lemonade",),
        hints=("lemonade",),
        models="/api/v1/models",
        scripted=True,
    ),
)


def listed_models(answer: Answer) -> tuple[str, ...] | None:
    """Names of the models that the answer lists, raw; None when it is no list of models."""
    document = answer.document
    if not answer.ok or not isinstance(document, dict):
        return None
    for key in ("data", "models"):
        if isinstance(document.get(key), list):
            items = _items(document, key)
            names = [item.get("id") or item.get("name") or item.get("model") for item in items]
            return tuple(name for name in names if isinstance(name, str))
    named = document.get("model_id") or document.get("model_path")
    return (named,) if isinstance(named, str) else None


def _items(document: Json, key: str) -> list[dict[str, Json]]:
    items = document.get(key) if isinstance(document, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
