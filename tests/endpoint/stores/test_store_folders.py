"""The stores that keep no records of their own: LM Studio, GPT4All, ComfyUI, vLLM, MLX, llamafile."""

import json
from pathlib import Path

import pytest

from endpoint.stores.store_trees import COMMIT, found, home, names, read, sha256, write
from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import System
from ringfence.endpoint.stores import comfyui, gpt4all, llamafile, lmstudio, mlx, vllm
from ringfence.endpoint.stores.store import StoredFile, StoredModel


def test_a_folder_of_lm_studio_is_one_model_called_publisher_and_model(tmp_path: Path) -> None:
    folder = tmp_path / "acme/tiny-GGUF"
    weights = write(folder / "tiny-Q4_K_M.gguf")
    projector = write(folder / "mmproj-tiny.gguf")
    write(tmp_path / "acme/empty/README.md")
    part = write(tmp_path / "acme/late/late.gguf.part")
    assert read(lmstudio.STORE, tmp_path) == [
        StoredModel(
            store="lmstudio",
            name="acme/tiny-GGUF",
            revision=None,
            location=folder,
            files=(
                StoredFile(path=projector, name="mmproj-tiny.gguf"),
                StoredFile(path=weights, name="tiny-Q4_K_M.gguf"),
            ),
        ),
        Skipped(kind="file", subject=str(part), reason="a download that has not finished"),
    ]


def test_a_link_that_lm_studio_made_on_import_leads_to_the_file(tmp_path: Path) -> None:
    weights = write(tmp_path / "elsewhere/tiny.gguf")
    (tmp_path / "models/acme/tiny").mkdir(parents=True)
    (tmp_path / "models/acme/tiny/tiny.gguf").symlink_to(weights)
    (model,) = read(lmstudio.STORE, tmp_path / "models")
    assert isinstance(model, StoredModel)
    assert model.files == (StoredFile(path=weights, name="tiny.gguf"),)


@pytest.mark.parametrize("system", list(System))
def test_lm_studio_lies_in_its_own_home_on_every_system(tmp_path: Path, system: System) -> None:
    write(tmp_path / ".lmstudio/models/acme/new/new.gguf")
    write(tmp_path / ".cache/lm-studio/models/acme/old/old.gguf")
    write(tmp_path / ".lmstudio/.internal/bundled-models/nomic-ai/embed/embed.gguf")
    assert names(home(tmp_path, system)) == [
        "lmstudio acme/new",
        "lmstudio nomic-ai/embed",
        "lmstudio acme/old",
    ]


@pytest.mark.parametrize(
    ("system", "settings"),
    [
        (System.LINUX, ".lmstudio/settings.json"),
        (System.LINUX, ".config/LM Studio/settings.json"),
        (System.MACOS, "Library/Application Support/LM Studio/settings.json"),
        (System.WINDOWS, "AppData/Roaming/LM Studio/settings.json"),
    ],
)
def test_lm_studio_moves_with_its_settings(tmp_path: Path, system: System, settings: str) -> None:
    write(tmp_path / "disk/models/acme/tiny/tiny.gguf")
    write(tmp_path / settings, json.dumps({"downloadsFolder": "~/disk/models"}))
    assert names(home(tmp_path, system)) == ["lmstudio acme/tiny"]


def test_lm_studio_moves_with_its_home_pointer(tmp_path: Path) -> None:
    write(tmp_path / "data/lmstudio/models/acme/tiny/tiny.gguf")
    write(tmp_path / ".lmstudio-home-pointer", f"{tmp_path}/data/lmstudio\n")
    assert names(home(tmp_path)) == ["lmstudio acme/tiny"]


def test_a_path_of_another_machine_counts_from_the_mounted_home_or_is_skipped(tmp_path: Path) -> None:
    mounted = tmp_path / "mnt/Users/Ann"
    write(mounted / "llm/acme/tiny/tiny.gguf")
    settings = write(
        mounted / ".lmstudio/settings.json", json.dumps({"downloadsFolder": "C:\\Users\\ann\\llm"})
    )
    windows = home(mounted, System.WINDOWS, elsewhere=True)
    assert names(windows) == ["lmstudio acme/tiny"]
    write(settings, json.dumps({"downloadsFolder": "D:\\models"}))
    assert found(windows) == [
        Skipped(
            kind="store",
            subject=f"{settings}: D:\\models",
            reason="moved to a place that cannot be reached from here",
        )
    ]


def test_a_file_of_gpt4all_is_a_model_and_a_cloud_models_file_is_not_opened(tmp_path: Path) -> None:
    weights = write(tmp_path / "Llama-3.2-1B-Instruct-Q4_0.gguf")
    remote = write(tmp_path / "gpt4all-gpt-4o.rmodel", '{"apiKey":"secret"}')
    remote.chmod(0)
    partial = write(tmp_path / "incomplete-Phi-3.gguf")
    write(tmp_path / "localdocs_v3.db")
    assert read(gpt4all.STORE, tmp_path) == [
        StoredModel(
            store="gpt4all", name="gpt4all-gpt-4o", revision=None, location=remote, files=(), remote=True
        ),
        StoredModel(
            store="gpt4all",
            name="Llama-3.2-1B-Instruct-Q4_0.gguf",
            revision=None,
            location=weights,
            files=(StoredFile(path=weights, name="Llama-3.2-1B-Instruct-Q4_0.gguf"),),
        ),
        Skipped(kind="file", subject=str(partial), reason="a download that has not finished"),
    ]


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        (System.LINUX, ".local/share/nomic.ai/GPT4All"),
        (System.MACOS, "Library/Application Support/nomic.ai/GPT4All"),
        (System.WINDOWS, "AppData/Local/nomic.ai/GPT4All"),
        (System.LINUX, ".cache/gpt4all"),
    ],
)
def test_gpt4all_lies_where_its_system_keeps_data(tmp_path: Path, system: System, folder: str) -> None:
    write(tmp_path / folder / "tiny.gguf")
    assert names(home(tmp_path, system)) == ["gpt4all tiny.gguf"]


@pytest.mark.parametrize(
    ("system", "settings", "value"),
    [
        (System.LINUX, ".config/nomic.ai/GPT4All.ini", "{}/moved/"),
        (System.MACOS, ".config/nomic.ai/GPT4All.ini", "{}/moved/"),
        (System.WINDOWS, "AppData/Roaming/nomic.ai/GPT4All.ini", "C:/Users/ann/moved/"),
        (System.WINDOWS, "AppData/Roaming/nomic.ai/GPT4All.ini", "C:\\\\Users\\\\ann\\\\moved"),
    ],
)
def test_gpt4all_moves_with_its_settings(tmp_path: Path, system: System, settings: str, value: str) -> None:
    ann = tmp_path / "ann"
    write(ann / "moved/tiny.gguf")
    write(ann / settings, f"[General]\nchatTheme=Dark\nmodelPath={value.format(ann)}\n")
    assert names(home(ann, system)) == ["gpt4all tiny.gguf"]


def test_a_file_of_comfyui_is_a_model_called_after_kind_and_file_and_shards_are_one(tmp_path: Path) -> None:
    models = tmp_path / "models"
    checkpoint = write(models / "checkpoints/sdxl/base.safetensors")
    first = write(models / "text_encoders/t5-00001-of-00002.safetensors")
    second = write(models / "text_encoders/t5-00002-of-00002.safetensors")
    write(models / "checkpoints/put_checkpoints_here")
    assert read(comfyui.STORE, models) == [
        StoredModel(
            store="comfyui",
            name="checkpoints/sdxl/base.safetensors",
            revision=None,
            location=checkpoint,
            files=(StoredFile(path=checkpoint, name="base.safetensors"),),
        ),
        StoredModel(
            store="comfyui",
            name="text_encoders/t5.safetensors",
            revision=None,
            location=first,
            files=(StoredFile(path=first, name=first.name), StoredFile(path=second, name=second.name)),
        ),
    ]


@pytest.mark.parametrize("folder", ["ComfyUI", "comfy/ComfyUI", "Documents/ComfyUI"])
def test_comfyui_lies_in_its_usual_folders(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "models/loras/pixel.safetensors")
    assert names(home(tmp_path)) == ["comfyui loras/pixel.safetensors"]


@pytest.mark.parametrize(
    ("system", "settings"),
    [
        (System.LINUX, "ComfyUI/extra_model_paths.yaml"),
        (System.LINUX, ".config/ComfyUI/extra_models_config.yaml"),
        (System.MACOS, "Library/Application Support/ComfyUI/extra_models_config.yaml"),
        (System.WINDOWS, "AppData/Roaming/ComfyUI/extra_models_config.yaml"),
    ],
)
def test_comfyui_looks_into_the_extra_folders_of_its_settings(
    tmp_path: Path, system: System, settings: str
) -> None:
    for file in (
        "webui/models/Lora/a.safetensors",
        "webui/models/LyCORIS/b.safetensors",
        "vae/c.safetensors",
    ):
        write(tmp_path / file)
    write(tmp_path / "webui/custom_nodes/d.safetensors")
    write(
        tmp_path / settings,
        "a1111:\n  base_path: ~/webui/\n  custom_nodes: custom_nodes\n"
        "  loras: |\n    models/Lora\n    models/LyCORIS\n"
        "other:\n  is_default: true\n  vae: ~/vae\nempty:\n",
    )
    assert names(home(tmp_path, system)) == [
        "comfyui Lora/a.safetensors",
        "comfyui LyCORIS/b.safetensors",
        "comfyui vae/c.safetensors",
    ]


def test_a_folder_that_comfyui_names_twice_is_listed_once(tmp_path: Path) -> None:
    write(tmp_path / "ComfyUI/models/vae/c.safetensors")
    write(tmp_path / "ComfyUI/extra_model_paths.yaml", "here:\n  vae: models/vae\n")
    assert names(home(tmp_path)) == ["comfyui vae/c.safetensors"]


def test_vllm_keeps_what_it_streamed_in_a_cache_that_moves(tmp_path: Path) -> None:
    write(tmp_path / ".cache/vllm/assets/model_streamer/ab12/model.safetensors")
    write(tmp_path / ".cache/vllm/torch_compile_cache/rank_0/graph.bin")
    write(tmp_path / "moved/x/other.safetensors")
    own = home(tmp_path, environment={"VLLM_CACHE_ROOT": str(tmp_path / "moved")})
    assert names(own) == ["vllm x/other.safetensors", "vllm assets/model_streamer/ab12/model.safetensors"]
    (model,) = read(vllm.STORE, tmp_path / "moved")
    weights = tmp_path / "moved/x/other.safetensors"
    assert model == StoredModel(
        store="vllm",
        name="x/other.safetensors",
        revision=None,
        location=weights,
        files=(StoredFile(path=weights, name="other.safetensors"),),
    )


def test_a_folder_of_mlx_tells_commit_and_claims_where_its_library_wrote_them(tmp_path: Path) -> None:
    folder = tmp_path / "mlx-community/tiny-4bit"
    weights = write(folder / "model.safetensors", b"weights")
    metadata = folder / ".cache/huggingface/download/model.safetensors.metadata"
    write(metadata, f"{COMMIT}\n{sha256(b'weights')}\n9999999999.5\n")
    plain = write(tmp_path / "mlx-community/plain/model.safetensors")
    assert read(mlx.STORE, tmp_path) == [
        StoredModel(
            store="mlx",
            name="mlx-community/plain",
            revision=None,
            location=plain.parent,
            files=(StoredFile(path=plain, name="model.safetensors"),),
        ),
        StoredModel(
            store="mlx",
            name="mlx-community/tiny-4bit",
            revision=COMMIT,
            location=folder,
            files=(StoredFile(path=weights, name="model.safetensors", sha256_claimed=sha256(b"weights")),),
        ),
    ]


def test_mlx_lies_in_documents_and_on_a_mac_in_the_caches_too(tmp_path: Path) -> None:
    write(tmp_path / "Documents/huggingface/models/acme/a/model.safetensors")
    write(tmp_path / "Library/Caches/models/acme/b/model.safetensors")
    assert names(home(tmp_path, System.MACOS)) == ["mlx acme/a", "mlx acme/b"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('{"quantization": {"group_size": 64, "bits": 4}}', mlx.Quantization(bits=4, group_size=64)),
        ('{"quantization": {"bits": 4}}', None),
        ('{"quantization_config": {"bits": 4, "group_size": 128}}', None),
        ("[]", None),
        ("not JSON", None),
    ],
)
def test_a_model_converted_for_mlx_shows_in_its_config(
    tmp_path: Path, config: str, expected: mlx.Quantization | None
) -> None:
    assert mlx.quantization(write(tmp_path / "config.json", config)) == expected


def test_llamafiles_in_their_usual_folders_are_models(tmp_path: Path) -> None:
    program = write(tmp_path / "llamafile/tiny.llamafile", b"MZqFpD")
    assert names(home(tmp_path)) == ["llamafile tiny.llamafile"]
    assert read(llamafile.STORE, tmp_path / "llamafile") == [
        StoredModel(
            store="llamafile",
            name="tiny.llamafile",
            revision=None,
            location=program,
            files=(StoredFile(path=program, name="tiny.llamafile"),),
        )
    ]
