"""The table of programs that run, convert or front models, and by which names each is recognised."""

from ringfence.core.dataclass import dataclass
from ringfence.core.machine import RuntimeKind

__all__ = ["PRODUCTS", "Product"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product. Names are lower case; applications' without version and suffix, hyphens for blanks."""

    name: str
    kind: RuntimeKind
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    applications: tuple[
        str, ...
    ] = ()  # .desktop, .AppImage and .app files, folders of programs, snaps, flatpaks
    executables: tuple[str, ...] = ()  # those that come as a program of their own
    checkout: tuple[str, ...] = ()  # files that prove a working copy of its source, e.g. comfyui_version.py


def _runtime(name: str, **names: tuple[str, ...]) -> Product:
    return Product(name=name, kind=RuntimeKind.RUNTIME, **names)


def _converter(name: str, **names: tuple[str, ...]) -> Product:
    return Product(name=name, kind=RuntimeKind.CONVERTER, **names)


def _front_end(name: str, **names: tuple[str, ...]) -> Product:
    return Product(name=name, kind=RuntimeKind.FRONT_END, **names)


def _library(name: str, **names: tuple[str, ...]) -> Product:
    return Product(name=name, kind=RuntimeKind.LIBRARY, **names)


def _pip_only(kind: RuntimeKind, *names: str) -> tuple[Product, ...]:
    return tuple(Product(name=name, kind=kind, pip=(name,)) for name in names)


_RUNTIMES = (
    _runtime("ollama", debian=("ollama",), applications=("ollama",), executables=("ollama", "ollama.exe")),
    _runtime(
        "llama.cpp",
        debian=("llama.cpp", "llama.cpp-tools"),
        applications=("llama.cpp", "llama-cpp"),
        executables=("llama", "llama-server", "llama-cli", "llama-run", "llama-server.exe", "llama-cli.exe"),
        checkout=("convert_hf_to_gguf.py", "ggml/CMakeLists.txt"),
    ),
    _runtime("llamafile", executables=("llamafile", "llamafile.exe")),
    _runtime(
        "lm-studio",
        applications=("lm-studio", "lmstudio"),
        executables=("lms", "lms.exe", "llmster"),
    ),
    _runtime("jan", applications=("jan", "jan.ai", "ai.jan.jan"), executables=("jan-cli",)),
    _runtime("gpt4all", pip=("gpt4all",), npm=("gpt4all",), applications=("gpt4all", "io.gpt4all.gpt4all")),
    _runtime(
        "koboldcpp",
        applications=("koboldcpp",),
        executables=("koboldcpp", "koboldcpp-linux-x64", "koboldcpp.exe"),
        checkout=("koboldcpp.py",),
    ),
    _runtime("localai", applications=("localai",), executables=("local-ai", "localai")),
    _runtime(
        "lemonade", pip=("lemonade-sdk",), executables=("lemonade-server",), debian=("lemonade-server",)
    ),
    _runtime("ramalama", pip=("ramalama",), debian=("ramalama",)),
    _runtime(
        "foundry-local", pip=("foundry-local-sdk",), npm=("foundry-local-sdk",), executables=("foundry",)
    ),
    _runtime("nexa", pip=("nexaai",), executables=("nexa",)),
    _runtime("cortex", applications=("cortexcpp",), executables=("cortex", "cortexso")),
    _runtime(
        "text-generation-inference",
        pip=("text-generation-server",),
        executables=("text-generation-launcher",),
    ),
    _runtime("triton", pip=("tritonserver",), executables=("tritonserver",)),
    _runtime("tabbyapi", pip=("tabbyapi",), checkout=("common/tabby_config.py",)),
    _runtime("whisper.cpp", executables=("whisper-cli", "whisper-server"), debian=("whisper.cpp",)),
    _runtime("comfyui", pip=("comfyui",), applications=("comfyui",), checkout=("comfyui_version.py",)),
    _runtime("node-llama-cpp", npm=("node-llama-cpp",)),
    *_pip_only(
        RuntimeKind.RUNTIME,
        *(
            "vllm",
            "sglang",
            "mlx-lm",
            "mlx-vlm",
            "llama-cpp-python",
            "ctransformers",
            "exllamav2",
            "exllamav3",
        ),
        *("onnxruntime-genai", "openvino-genai", "aphrodite-engine", "lmdeploy", "mlc-llm", "xinference"),
        *("bentoml", "openllm", "faster-whisper", "airllm", "petals"),
    ),
    _runtime("tensorrt-llm", pip=("tensorrt-llm",)),
)
_CONVERTERS = (
    *_pip_only(
        RuntimeKind.CONVERTER,
        *(
            "gguf",
            "optimum",
            "optimum-intel",
            "optimum-onnx",
            "tf2onnx",
            "onnxmltools",
            "skl2onnx",
            "coremltools",
        ),
        *(
            "autoawq",
            "auto-gptq",
            "gptqmodel",
            "llmcompressor",
            "nncf",
            "ai-edge-torch",
            "mergekit",
            "unsloth",
        ),
        *("peft", "axolotl", "trl"),
    ),
    _converter("llama.cpp-converters", executables=("llama-quantize", "convert_hf_to_gguf.py")),
)
_FRONT_ENDS = (
    _front_end("open-webui", pip=("open-webui",), npm=("open-webui",), applications=("open-webui",)),
    _front_end("anythingllm", applications=("anythingllm", "anythingllmdesktop", "anythingllm-desktop")),
    _front_end("librechat", checkout=("librechat.example.yaml",)),
    _front_end("chatbox", applications=("chatbox", "xyz.chatboxapp.app")),
    _front_end("msty", applications=("msty", "mstystudio", "msty-studio")),
    _front_end("cherry-studio", applications=("cherry-studio", "cherrystudio")),
    _front_end("alpaca", applications=("com.jeffser.alpaca",)),
    _front_end("text-generation-webui", checkout=("modules/text_generation.py",)),
    _front_end("sillytavern", npm=("sillytavern",), checkout=("public/scripts/power-user.js",)),
    _front_end("stable-diffusion-webui", checkout=("modules/sd_models.py",)),
    _front_end("invokeai", pip=("invokeai",)),
    _front_end("litellm", pip=("litellm",)),
    _front_end("langflow", pip=("langflow",)),
    _front_end("lobe-chat", applications=("lobehub", "lobechat")),
)
_LIBRARIES = (
    *_pip_only(
        RuntimeKind.LIBRARY,
        *("transformers", "ctranslate2", "onnxruntime", "onnxruntime-gpu", "openvino", "diffusers", "torch"),
        *("sentence-transformers", "tensorflow", "keras", "jax", "mlx", "accelerate", "bitsandbytes"),
        *("tflite-runtime", "ai-edge-litert"),
    ),
    _library("ollama-client", pip=("ollama",), npm=("ollama",)),
    _library("lm-studio-sdk", pip=("lmstudio",), npm=("@lmstudio/sdk",)),
    _library("transformers.js", npm=("@huggingface/transformers", "@xenova/transformers")),
    _library("onnxruntime-node", npm=("onnxruntime-node", "onnxruntime-web")),
    _library("tensorflow.js", npm=("@tensorflow/tfjs-node", "@tensorflow/tfjs")),
    _library("web-llm", npm=("@mlc-ai/web-llm",)),
    _library("pytorch", debian=("python3-torch", "libtorch2.6", "libtorch1.13", "python3-torch-cuda")),
    _library("onnxruntime-debian", debian=("python3-onnxruntime", "libonnxruntime1.21")),
    _library("openvino-debian", debian=("openvino", "python3-openvino")),
    _library("ggml", debian=("libggml0", "libggml")),
)

PRODUCTS: tuple[Product, ...] = (*_RUNTIMES, *_CONVERTERS, *_FRONT_ENDS, *_LIBRARIES)
