"""What lies where in the demo home: one section per store or kind of thing."""

from collections.abc import Callable

from ringfence.app.demo.agents import agents
from ringfence.app.demo.entries import Entries, as_json, sha256, shipped, under
from ringfence.app.demo.hub import Repository, cache, card, local_dir
from ringfence.app.demo.loose import downloads, llamafile, shards
from ringfence.app.demo.registries import docker_models, ollama, ramalama
from ringfence.app.demo.repositories import with_record, without_record
from ringfence.core.dataclass import dataclass

__all__ = ["Section", "sections"]

_LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
_CONFIG = as_json({**_LLAMA, "hidden_size": 32, "vocab_size": 64})
_SMALL_CONFIG = as_json({**_LLAMA, "hidden_size": 16, "vocab_size": 32})
_TEMPLATE = b"{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}assistant:"
_GEMMA = (
    b"Gemma Terms of Use\n\nLast modified: April 1, 2024\n\nBy using, reproducing, modifying, distributing,"
    b" performing or displaying any portion or element of Gemma, you agree to be bound by this Agreement.\n"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of thing: what it is called, where it lies in the home, and what is in it."""

    title: str
    folder: str
    entries: Entries


def sections() -> tuple[Section, ...]:
    """The whole home, as a table."""
    table: tuple[tuple[str, str, Callable[[], Entries]], ...] = (
        ("Hugging Face cache", ".cache/huggingface/hub", _hub),
        ("Hugging Face --local-dir", "models/tiny-embedder", _local_dir),
        ("Ollama", ".ollama/models", _ollama),
        ("LM Studio", ".lmstudio/models", _lm_studio),
        ("GPT4All", ".local/share/nomic.ai/GPT4All", _gpt4all),
        ("Jan", ".local/share/Jan/data", _jan),
        ("llama.cpp", ".cache/llama.cpp", _llama_cpp),
        ("Docker Model Runner", ".docker/models", _docker),
        ("RamaLama", ".local/share/ramalama", _ramalama),
        ("ComfyUI", "ComfyUI/models", _comfyui),
        ("vLLM", ".cache/vllm", _vllm),
        ("MLX (Swift)", "Documents/huggingface/models", _mlx),
        ("llamafile", "llamafiles", llamafile),
        ("Model in two files", "models/big", shards),
        ("Downloads", "Downloads", downloads),
        ("Agents", "", agents),
        ("Repository with a record", "code/with-record", with_record),
        ("Repository without a record", "code/without-record", without_record),
        ("Packages", "code/app", _packages),
    )
    return tuple(Section(title, folder, entries()) for title, folder, entries in table)


def _hub() -> Entries:
    chat = Repository(
        name="acme/tiny-chat",
        commit="3f8b5c0e9d4a7126c3b1e0f5a8d92746e1c0b7f3",
        files={
            "README.md": card("Tiny Chat", license_id="apache-2.0"),
            "config.json": _CONFIG,
            "model-00001-of-00002.safetensors": shipped("model-00001-of-00002.safetensors"),
            "model-00002-of-00002.safetensors": shipped("model-00002-of-00002.safetensors"),
            "model.safetensors.index.json": shipped("model.safetensors.index.json"),
        },
    )
    research = Repository(
        name="acme/research-only",
        commit="b27d10a94c3e5f6878d1c2b3a4e5f60718293a4b",
        files={
            "README.md": card("Research Only", license_id="cc-by-nc-4.0"),
            "config.json": _SMALL_CONFIG,
            "model.safetensors": shipped("research.safetensors"),
        },
    )
    tampered = Repository(
        name="acme/tampered",
        commit="e90c4d7a1b2f3865d0e1f2a3b4c5d6e7f8091a2b",
        files={
            "README.md": card("Tampered", license_id="mit"),
            "config.json": _SMALL_CONFIG,
            "model.safetensors": shipped("tampered.safetensors"),
        },
        lies={"model.safetensors": sha256(b"what the publisher released")},
    )
    return cache(chat, research, tampered)


def _local_dir() -> Entries:
    embedder = Repository(
        name="acme/tiny-embedder",
        commit="58a1c6e2f7d3409b8c5e1f0a2d4b6c8e9f7a3b1d",
        files={
            "README.md": card("Tiny Embedder", license_id="mit", base_model="acme/tiny-chat"),
            "config.json": _SMALL_CONFIG,
            "model.safetensors": shipped("embedder.safetensors"),
        },
    )
    return local_dir(embedder)


def _ollama() -> Entries:
    return ollama(
        model=shipped("tiny-chat-F16.gguf"),
        template=_TEMPLATE,
        license_text=shipped("LICENSE-MIT.txt"),
        params=b'{"stop":["</s>"],"temperature":0.7}',
        unfinished=shipped("tiny-cache-Q4_0.gguf"),
    )


def _packed() -> Repository:
    """A model that MLX packed to 4 bits."""
    return Repository(
        name="mlx-community/tiny-chat-4bit",
        commit="c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7",
        files={
            "README.md": card("Tiny Chat 4 bit", license_id="apache-2.0", base_model="acme/tiny-chat"),
            "config.json": as_json({**_LLAMA, "quantization": {"group_size": 64, "bits": 4}}),
            "model.safetensors": shipped("mlx-4bit.safetensors"),
        },
    )


def _lm_studio() -> Entries:
    model, packed = "lmstudio-community/tiny-instruct-GGUF/tiny-instruct-Q8_0.gguf", _packed()
    return {model: shipped("tiny-instruct-Q8_0.gguf"), **under(packed.name, packed.files)}


def _mlx() -> Entries:
    return under(_packed().name, local_dir(_packed()))


def _gpt4all() -> Entries:
    return {"tiny-story.Q4_0.gguf": shipped("tiny-story-Q4_0.gguf")}


def _jan() -> Entries:
    folder, model = "llamacpp/models/acme/tiny-desk", shipped("tiny-desk-Q8_0.gguf")
    record = (
        f"model_path: {folder}/model.gguf\nname: acme/tiny-desk\nsize_bytes: {len(model)}\nembedding: false\n"
        f"model_sha256: {sha256(model)}\nmodel_size_bytes: {len(model)}\n"
    )
    return under(folder, {"model.yml": record.encode(), "model.gguf": model})


def _llama_cpp() -> Entries:
    name, model = "acme_tiny-cache-GGUF_tiny-cache-Q4_0.gguf", shipped("tiny-cache-Q4_0.gguf")
    return {name: model, f"{name}.etag": f'"{sha256(model)}"'.encode()}


def _docker() -> Entries:
    return docker_models(
        tag="ai/tiny-container:latest", model=shipped("tiny-container-Q4_0.gguf"), license_text=_GEMMA
    )


def _ramalama() -> Entries:
    return ramalama(name="tiny-lama", model=shipped("tiny-lama-Q4_0.gguf"), template=_TEMPLATE)


def _comfyui() -> Entries:
    return {
        "checkpoints/tiny-diffusion.safetensors": shipped("checkpoint.safetensors"),
        "loras/watercolour.safetensors": shipped("lora.safetensors"),
        "vae/put_vae_here": b"",
    }


def _vllm() -> Entries:
    """A bucket's model, of which vLLM streams safetensors and keeps everything else."""
    return {
        "assets/model_streamer/9c1e55a0/config.json": _CONFIG,
        "assets/model_streamer/9c1e55a0/tiny-served-Q8_0.gguf": shipped("tiny-served-Q8_0.gguf"),
    }


def _packages() -> Entries:
    def metadata(name: str, version: str) -> bytes:
        return f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nSummary: A demo\n".encode()

    site = ".venv/lib/python3.12/site-packages"
    return {
        ".venv/pyvenv.cfg": b"home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.12.3\n",
        f"{site}/transformers-4.57.1.dist-info/METADATA": metadata("transformers", "4.57.1"),
        f"{site}/transformers-4.57.1.dist-info/INSTALLER": b"pip\n",
        f"{site}/llama_cpp_python-0.3.16.dist-info/METADATA": metadata("llama_cpp_python", "0.3.16"),
        f"{site}/llama_cpp_python-0.3.16.dist-info/INSTALLER": b"pip\n",
        "package.json": as_json({"name": "app", "dependencies": {"node-llama-cpp": "^3.14.2"}}),
        "node_modules/node-llama-cpp/package.json": as_json(
            {"name": "node-llama-cpp", "version": "3.14.2", "license": "MIT"}
        ),
    }
