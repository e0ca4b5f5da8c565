"""Runtimes, converters, front ends and libraries, wherever they were installed from."""

import json
import os
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.core.machine import Runtime, RuntimeKind
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.packages.products import PRODUCTS
from ringfence.endpoint.runtimes import find_runtimes


def pip(site: Path, name: str, version: str) -> Path:
    path = site / f"{name.replace('-', '_')}-{version}.dist-info"
    path.mkdir(parents=True)
    (path / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return path


def npm(folder: Path, name: str, version: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "package.json").write_text(json.dumps({"name": name, "version": version}))
    return folder / name


def file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def runtime(kind: RuntimeKind, name: str, version: str | None, source: str, location: Path) -> Runtime:
    return Runtime(kind=kind, name=name, version=version, source=source, location=location)


def test_every_environment_node_modules_and_home_is_looked_at(tmp_path: Path) -> None:
    home = tmp_path / "eve"
    venv = home / "code/.venv"
    expected = [
        runtime(
            RuntimeKind.RUNTIME,
            "vllm",
            "0.11.0",
            "pip",
            pip(venv / "lib/python3.12/site-packages", "vllm", "0.11.0"),
        ),
        runtime(
            RuntimeKind.LIBRARY,
            "transformers",
            "4.57.0",
            "pip",
            pip(home / "win/Lib/site-packages", "transformers", "4.57.0"),
        ),
        runtime(
            RuntimeKind.RUNTIME,
            "node-llama-cpp",
            "3.14.0",
            "npm",
            npm(home / "code/node_modules", "node-llama-cpp", "3.14.0"),
        ),
        runtime(
            RuntimeKind.CONVERTER,
            "gguf",
            "0.17.1",
            "pip",
            pip(home / ".local/lib/python3.11/site-packages", "gguf", "0.17.1"),
        ),
        runtime(
            RuntimeKind.LIBRARY,
            "torch",
            "2.9.0",
            "pip",
            pip(home / "miniconda3/envs/ml/lib/python3.11/site-packages", "torch", "2.9.0"),
        ),
        runtime(
            RuntimeKind.FRONT_END,
            "open-webui",
            "0.6.33",
            "pip",
            pip(
                home / ".local/share/pipx/venvs/open-webui/lib/python3.11/site-packages",
                "open-webui",
                "0.6.33",
            ),
        ),
        runtime(
            RuntimeKind.FRONT_END,
            "litellm",
            "1.78.0",
            "pip",
            pip(home / ".local/share/uv/tools/litellm/lib/python3.12/site-packages", "litellm", "1.78.0"),
        ),
        runtime(
            RuntimeKind.LIBRARY,
            "lm-studio-sdk",
            "1.5.0",
            "npm",
            npm(home / ".nvm/versions/node/v22.1.0/lib/node_modules", "@lmstudio/sdk", "1.5.0"),
        ),
        runtime(
            RuntimeKind.RUNTIME,
            "lm-studio",
            "0.3.30",
            "application",
            file(home / "Applications/LM-Studio-0.3.30-x64.AppImage"),
        ),
        runtime(
            RuntimeKind.RUNTIME,
            "jan",
            "0.7.1",
            "application",
            file(
                home / ".local/share/applications/Jan.desktop", "[Desktop Entry]\nX-AppImage-Version=0.7.1\n"
            ),
        ),
        runtime(RuntimeKind.RUNTIME, "lm-studio", None, "executable", file(home / ".lmstudio/bin/lms")),
        runtime(
            RuntimeKind.RUNTIME,
            "comfyui",
            None,
            "application",
            file(home / "ComfyUI/comfyui_version.py").parent,
        ),
    ]
    found = list(
        find_runtimes(
            [Home(path=home, system=System.LINUX)],
            [venv, home / "win"],
            [home / "code/node_modules"],
            system=None,
        )
    )
    assert found == expected


def test_the_machines_own_folders_are_looked_at_when_asked(tmp_path: Path) -> None:
    status = file(
        tmp_path / "var/lib/dpkg/status",
        "Package: llama.cpp\nStatus: install ok installed\nVersion: 6641-1\n\n",
    )
    expected = [
        runtime(
            RuntimeKind.LIBRARY,
            "onnxruntime",
            "1.21.0",
            "pip",
            pip(tmp_path / "usr/lib/python3/dist-packages", "onnxruntime", "1.21.0"),
        ),
        runtime(
            RuntimeKind.LIBRARY,
            "transformers.js",
            "3.7.5",
            "npm",
            npm(tmp_path / "usr/local/lib/node_modules", "@huggingface/transformers", "3.7.5"),
        ),
        runtime(RuntimeKind.RUNTIME, "llama.cpp", "6641-1", "dpkg", status),
        runtime(
            RuntimeKind.FRONT_END,
            "msty",
            None,
            "application",
            file(tmp_path / "opt/Msty/msty").parent,
        ),
        runtime(
            RuntimeKind.FRONT_END,
            "anythingllm",
            "1.8.5",
            "application",
            file(
                tmp_path / "Applications/AnythingLLM.app/Contents/Info.plist",
                "<plist><dict><key>CFBundleShortVersionString</key>\n<string>1.8.5</string></dict></plist>",
            ).parents[1],
        ),
        runtime(RuntimeKind.RUNTIME, "ollama", None, "executable", file(tmp_path / "usr/local/bin/ollama")),
    ]
    found = list(find_runtimes([], system=tmp_path))
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert list(find_runtimes([], system=None)) == []


@pytest.mark.parametrize(
    ("system", "path", "name"),
    [
        (System.MACOS, "Applications/LM Studio.app/Contents/Info.plist", "lm-studio"),
        (
            System.MACOS,
            "Library/Python/3.12/lib/python/site-packages/mlx_lm-0.28.dist-info/METADATA",
            "mlx-lm",
        ),
        (System.WINDOWS, "AppData/Local/Programs/Ollama/ollama.exe", "ollama"),
        (System.WINDOWS, "AppData/Local/Programs/AnythingLLM/x.exe", "anythingllm"),
    ],
)
def test_homes_of_other_systems_follow_their_own_paths(
    tmp_path: Path, system: System, path: str, name: str
) -> None:
    file(tmp_path / path)
    found = list(find_runtimes([Home(path=tmp_path, system=system)], system=None))
    assert {each.name for each in found if isinstance(each, Runtime)} == {name}


def test_lib64_is_told_once_when_it_is_lib_and_apart_when_it_is_not(tmp_path: Path) -> None:
    pip(tmp_path / "lib/python3.12/site-packages", "vllm", "1")
    (tmp_path / "lib64").symlink_to("lib")
    assert len(list(find_runtimes([], [tmp_path], system=None))) == 1
    (tmp_path / "lib64").unlink()
    pip(tmp_path / "lib64/python3.12/site-packages", "torch", "1")
    assert len(list(find_runtimes([], [tmp_path], system=None))) == 2


def test_names_alone_do_not_make_an_application(tmp_path: Path) -> None:
    file(tmp_path / "Downloads/jan.txt")
    file(tmp_path / "Downloads/ollama")
    file(tmp_path / "Downloads/january-2.0.AppImage")
    (tmp_path / ".local/bin/lms").mkdir(parents=True)
    assert list(find_runtimes([Home(path=tmp_path, system=System.LINUX)], system=None)) == []


def test_hostile_folders_end_in_reasons(tmp_path: Path) -> None:
    (tmp_path / "Applications").symlink_to("Applications")
    os.mkfifo(tmp_path / "bin")
    (tmp_path / "miniconda3").symlink_to(".")
    (tmp_path / "envs").symlink_to(".")
    site = tmp_path / "venv/lib/python3.12/site-packages"
    site.mkdir(parents=True)
    (site / "vllm-1.dist-info").symlink_to("vllm-1.dist-info")
    os.mkfifo(site / "torch-1.egg-info")
    (Path(os.fsdecode(os.fsencode(site) + b"/\xff\x1b[2J-1.dist-info"))).mkdir()
    home = Home(path=tmp_path, system=System.LINUX)
    found = list(find_runtimes([home], [tmp_path / "venv"], [site], system=tmp_path))
    assert {each.reason for each in found if isinstance(each, Skipped)} == {
        "symbolic links in a circle",
        "not a regular file",
    }
    assert [each for each in found if isinstance(each, Runtime)] == []


def test_no_name_of_the_table_stands_for_two_products() -> None:
    for field in ("pip", "npm", "debian", "applications", "executables", "checkout"):
        names = [name for product in PRODUCTS for name in getattr(product, field)]
        assert sorted(names) == sorted(set(names))
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)
