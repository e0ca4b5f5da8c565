"""How running inference software is known: by its program, its libraries and, for scripts, its command.

A program is what the kernel executes, never argument zero, which anybody may set. Commands are believed only
of interpreters, and of processes whose program may not be seen.
"""

import re
from collections.abc import Iterator
from dataclasses import field
from fnmatch import fnmatchcase

from ringfence.core.dataclass import dataclass
from ringfence.endpoint.platform import RunningProcess

__all__ = ["RUNTIMES", "RuntimeSign", "inference_libraries", "is_interpreter", "runtime_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSign:
    """One runtime's signs; any of them is enough."""

    name: str = field(kw_only=False)
    programs: tuple[str, ...] = ()  # globs over the program's file name, in lower case
    command: str = ""  # expression over a script's command line, arguments joined by blanks
    library: str = ""  # expression over the path of a mapped library


# The more specific come first: llama-server within LM Studio's folder is LM Studio.
# fmt: off
RUNTIMES = (
    RuntimeSign("ollama", programs=("ollama", "ollama_llama_server"), library=r"/lib/ollama/"),
    RuntimeSign("lm-studio", programs=("lm-studio", "lm studio*", "lms", "llmster"), library=r"/\.lmstudio/"),
    RuntimeSign(
        "docker-model-runner",
        programs=("com.docker.llama-server*", "model-runner", "docker-model-runner"),
    ),
    RuntimeSign("jan", programs=("jan", "cortex-server"), library=r"/jan/data/llamacpp/"),
    RuntimeSign("gpt4all", programs=("gpt4all", "gpt4all-chat"), library=r"/libllmodel\b"),
    RuntimeSign(
        "koboldcpp", programs=("koboldcpp*",), command=r"\bkoboldcpp\.py\b",
        library=r"/koboldcpp_\w+\.so",
    ),
    RuntimeSign("llamafile", programs=("*.llamafile", "llamafile*"), command=r"\S+\.llamafile\b"),
    RuntimeSign(
        "llama.cpp",
        programs=("llama-server", "llama-cli", "llama-run", "llama-mtmd-cli", "llama-swap"),
    ),
    RuntimeSign("whisper.cpp", programs=("whisper-server", "whisper-cli")),
    RuntimeSign("localai", programs=("local-ai", "localai")),
    RuntimeSign(
        "vllm", command=r"(?:^|[ /])vllm serve\b|\bvllm\.entrypoints\.|^VLLM::",
        library=r"/vllm/_\w+\.\S*so",
    ),
    RuntimeSign("sglang", command=r"\bsglang\.launch_server\b|(?:^|[ /])sglang serve\b|^sglang::"),
    RuntimeSign("mlx_lm", command=r"\bmlx_lm[. ]server\b", library=r"/mlx/lib/libmlx"),
    RuntimeSign("aphrodite", command=r"\baphrodite\.endpoints\.|(?:^|[ /])aphrodite run\b"),
    RuntimeSign("mlc", command=r"\bmlc_llm serve\b", library=r"/libmlc_llm"),
    RuntimeSign(
        "tgi",
        programs=("text-generation-router*", "text-generation-launcher", "text-embeddings-router"),
    ),
    RuntimeSign("triton", programs=("tritonserver",)),
    RuntimeSign("comfyui", command=r"(?i)\bcomfyui\b[^ ]*/main\.py\b|\bcomfy launch\b"),
    RuntimeSign("text-generation-webui", command=r"\btext-generation-webui[^ ]*/server\.py\b"),
    RuntimeSign("tabbyapi", command=r"(?i)\btabbyapi[^ ]*/(?:main|start)\.py\b"),
    RuntimeSign("open-webui", command=r"\bopen-webui serve\b|\bopen_webui\.main\b"),
    RuntimeSign("litellm", command=r"(?:^|[ /])litellm(?: --|$)|\blitellm\.proxy\b"),
    RuntimeSign("anythingllm", programs=("anythingllm*",), command=r"(?i)\banything-?llm\b[^ ]*/\S+\.js\b"),
    RuntimeSign(
        "openclaw", programs=("openclaw*",),
        command=r"(?:^|[ /])openclaw(?:\.m?js|-gateway)?(?: |$)",
    ),
    RuntimeSign("foundry-local", programs=("foundry", "foundrylocal", "inference.service.agent")),
    RuntimeSign("lemonade", programs=("lemonade*",), command=r"\blemonade[-_]server\b"),
    RuntimeSign("llama-cpp-python", command=r"\bllama_cpp\.server\b", library=r"/llama_cpp/lib/"),
    RuntimeSign("node-llama-cpp", library=r"/llama-addon\.node$"),
)
# fmt: on

# Libraries that run models. What any CUDA program maps (libcudart, libcuda) says too little.
_LIBRARIES = re.compile(
    r"(?:"
    r"libllama[.\-]|libggml|llama-addon\.node|libwhisper[.\-]|libstable-diffusion|libllmodel|koboldcpp_|libmtmd"
    r"|libonnxruntime|onnxruntime_pybind11|onnxruntime_binding\.node|libtorch|libtensorflow|_pywrap_tensorflow"
    r"|libtflite|libedgetpu|libLiteRt|libopenvino|libnvinfer|libctranslate2|libmlx|libmlc_llm|libexecutorch"
    r"|libncnn|libMNN|libpaddle|librknnrt|librkllmrt|libQnn|libcudnn|libcublas|librocblas|libhipblas|libMIOpen"
    r"|exllamav[23]_ext"
    r")"
)
_INTERPRETERS = ("python*", "pypy*", "node", "nodejs", "bun", "deno", "java", "ruby", "perl", "ape*", ".ape*")


def runtime_of(process: RunningProcess) -> tuple[str, str] | None:
    """The runtime that the process seems to be, and in a few words why; None when nothing says so."""
    program = process.executable.name.lower() if process.executable else None
    paths = [str(file.path) for file in process.files if file.mapped]
    for sign in RUNTIMES:
        if why := _why(sign, process, program, paths):
            return sign.name, why
    return None


def inference_libraries(process: RunningProcess) -> tuple[str, ...]:
    """File names of the inference libraries that the process has mapped, sorted, each once."""
    names = {file.path.name for file in process.files if file.mapped}
    return tuple(sorted(name for name in names if _LIBRARIES.match(name)))


def is_interpreter(process: RunningProcess) -> bool:
    """Whether the program runs scripts, so that its own name says nothing about what it does."""
    return process.executable is not None and _matches(process.executable.name.lower(), _INTERPRETERS)


def _why(sign: RuntimeSign, process: RunningProcess, program: str | None, paths: list[str]) -> str | None:
    if program is not None and _matches(program, sign.programs):
        return f"runs {process.executable}"
    if sign.library and any(re.search(sign.library, path) for path in paths):
        return f"maps a library of {sign.name}"
    if program is None or is_interpreter(process):
        command = _command(process)
        if sign.command and re.search(sign.command, command):
            return f"its command line is that of {sign.name}"
        if program is None and _matches(_argument_zero(process), sign.programs):
            return f"calls itself {sign.name}; its program may not be seen"
    return None


def _command(process: RunningProcess) -> str:
    """A relative script gets its folder, which may be all that names it."""
    return " ".join(_placed(process))[:4096]


def _placed(process: RunningProcess) -> Iterator[str]:
    for index, argument in enumerate(process.arguments):
        script = (
            index > 0 and argument.endswith((".py", ".js", ".mjs")) and not argument.startswith(("/", "-"))
        )
        yield f"{process.folder}/{argument}" if script and process.folder else argument


def _argument_zero(process: RunningProcess) -> str:
    return process.arguments[0].rpartition("/")[2].lower() if process.arguments else ""


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
