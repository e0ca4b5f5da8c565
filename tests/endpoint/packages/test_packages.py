"""Packages of Python, Node and Debian as the package managers leave them."""

import json
import os
import subprocess
import sys
import tracemalloc
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.packages.dpkg import debian_packages
from ringfence.endpoint.packages.npm import npm_packages
from ringfence.endpoint.packages.package import Package, headers
from ringfence.endpoint.packages.pip import pip_packages, site_folders


def dist_info(site: Path, folder: str, about: str) -> Path:
    path = site / folder
    path.mkdir(parents=True)
    (path / "METADATA").write_text(about)
    return path


def test_the_environment_that_runs_these_tests_holds_pytest() -> None:
    (found,) = [each for site in site_folders(Path(sys.prefix)) for each in pip_packages(site, {"pytest"})]
    assert isinstance(found, Package)
    assert (found.name, found.version) == ("pytest", metadata.version("pytest"))
    assert (found.location / "METADATA").is_file()


def test_names_are_compared_as_the_index_does_and_versions_come_from_the_headers(tmp_path: Path) -> None:
    path = dist_info(
        tmp_path,
        "Llama_CPP.Python-0.0.1.dist-info",
        "Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: 0.3.4\n\nVersion: 9 in the description\n",
    )
    assert list(pip_packages(tmp_path, {"llama-cpp-python"})) == [
        Package(name="llama-cpp-python", version="0.3.4", location=path)
    ]


def test_metadata_may_be_missing_an_egg_or_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "vllm-1.0.dist-info").mkdir()
    (tmp_path / "torch-2.0.egg-info").mkdir()
    (tmp_path / "torch-2.0.egg-info/PKG-INFO").write_text("Version: 2.0.1\n")
    (tmp_path / "gguf-0.1-py3.11.egg-info").write_text("Version: 0.1.2\n")
    found = list(pip_packages(tmp_path, {"vllm", "torch", "gguf"}))
    assert [(each.name, each.version) for each in found] == [
        ("gguf", "0.1.2"),
        ("torch", "2.0.1"),
        ("vllm", "1.0"),
    ]


def test_only_the_head_of_long_metadata_is_read(tmp_path: Path) -> None:
    dist_info(tmp_path, "vllm-1.0.dist-info", "Version: 1.1\n" + "X: y\n" * 100_000)
    assert [each.version for each in pip_packages(tmp_path, {"vllm"})] == ["1.1"]


def test_a_fifo_as_metadata_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "vllm-1.0.dist-info").mkdir()
    fifo = tmp_path / "vllm-1.0.dist-info/METADATA"
    os.mkfifo(fifo)
    assert list(pip_packages(tmp_path, {"vllm"})) == [
        Skipped(kind="file", subject=str(fifo), reason="not a regular file")
    ]


def test_node_packages_are_looked_up_by_name(tmp_path: Path) -> None:
    for name, version in (("@openai/codex", "0.46.0"), ("left-pad", "1.0.0"), ("ollama", 7)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "package.json").write_text(json.dumps({"name": name, "version": version}))
    (tmp_path / "impostor").mkdir()
    (tmp_path / "impostor/package.json").write_text('{"name": "another", "version": "1"}')
    assert list(npm_packages(tmp_path, {"@openai/codex", "ollama", "impostor", "absent"})) == [
        Package(name="@openai/codex", version="0.46.0", location=tmp_path / "@openai/codex"),
        Package(name="ollama", version=None, location=tmp_path / "ollama"),
    ]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "version", "x"]), inner),
        max_leaves=6,
    )
)
def test_any_package_json_is_a_package_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, document: object
) -> None:
    folder = tmp_path_factory.getbasetemp() / "modules"
    (folder / "a").mkdir(parents=True, exist_ok=True)
    (folder / "a/package.json").write_text(json.dumps(document))
    for found in npm_packages(folder, {"a"}):
        assert isinstance(found, Package)
        assert found.version is None or isinstance(found.version, str)


def status_file(root: Path, data: bytes) -> Path:
    path = root / "var/lib/dpkg/status"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def test_only_installed_debian_packages_count(tmp_path: Path) -> None:
    path = status_file(
        tmp_path,
        b"Package: ollama\nStatus: install ok installed\nVersion: 0.6.2-1\nDescription: x\n Package: vllm\n\n"
        b"Package: llama.cpp\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        b"Package: other\nStatus: install ok installed\nVersion: 1\n\n"
        b"ollama\nStatus: install ok installed\n",
    )
    assert list(debian_packages(tmp_path, {"ollama", "llama.cpp", "vllm"})) == [
        Package(name="ollama", version="0.6.2-1", location=path)
    ]


def test_debian_itself_is_found_on_this_machine() -> None:
    if not Path("/var/lib/dpkg/status").exists():
        pytest.skip("not a Debian")
    wanted = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "dpkg"], check=True, capture_output=True, text=True
    ).stdout
    assert [each.version for each in debian_packages(Path("/"), {"dpkg"})] == [wanted]


def test_a_paragraph_that_never_ends_costs_no_memory(tmp_path: Path) -> None:
    stanza = b"Package: ollama\nStatus: install ok installed\nVersion: 7\n"
    path = status_file(tmp_path, stanza + (b"X: " + b"y" * 1000 + b"\n") * 16_000 + b"\n" + stanza)
    tracemalloc.start()
    found = list(debian_packages(tmp_path, {"ollama"}))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [Package(name="ollama", version="7", location=path)] * 2
    assert peak_bytes < 4 << 20


def test_no_status_file_is_nothing_and_a_fifo_is_skipped(tmp_path: Path) -> None:
    assert list(debian_packages(tmp_path, {"ollama"})) == []
    path = tmp_path / "var/lib/dpkg/status"
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert list(debian_packages(tmp_path, {"ollama"})) == [
        Skipped(kind="file", subject=str(path), reason="not a regular file")
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_headers(data: bytes) -> None:
    assert all(isinstance(value, str) for value in headers(data).values())
    assert LIMITS.package_head_bytes == 64 * 1024
