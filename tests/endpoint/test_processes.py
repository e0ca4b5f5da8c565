"""Processes are listed for what they hold, whatever they are called: tried with real ones."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from doors import free_door
from real.node_server import NodeServer, node_server
from real.talking import python_process
from real.tiny_gguf import write_tiny_gguf
from ringfence.core.findings import Confidence
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Listener, Process
from ringfence.core.redaction import CUT
from ringfence.endpoint.found import FileId
from ringfence.endpoint.linux.linux import Linux
from ringfence.endpoint.listeners.find import find_listeners
from ringfence.endpoint.platform import HeldFile, RunningProcess, Snapshot
from ringfence.endpoint.processes import find_processes
from ringfence.endpoint.runtime_signs import runtime_of

MAPS = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
print(1, flush=True)
"""
PYTHON = Path("/usr/bin/python3.12")
OPENS = "import sys; f=open(sys.argv[1],'rb'); print(1,flush=True)\n"
WAITS = "import sys; sys.stdin.read()"


def nothing(_path: Path, _id: FileId | None) -> bool:
    return False


def process_of(pid: int, is_model=nothing) -> Process | None:
    found = find_processes(Linux().snapshot(), is_model)
    return next((p for p in found if isinstance(p, Process) and p.pid == pid), None)


def running(**about: object) -> RunningProcess:
    known: dict[str, object] = {
        "pid": 7,
        "name": "x",
        "user": "me",
        "executable": Path("/usr/bin/x"),
        "folder": Path("/"),
        "arguments": (),
    }
    return RunningProcess(**(known | about))  # type: ignore[arg-type]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_tiny_gguf(tmp_path / "tiny.gguf")


@pytest.fixture
def holiday(weights: Path) -> Path:
    return weights.rename(weights.with_name("holiday.jpg"))


@pytest.fixture(params=[True, False], ids=["mmap", "no-mmap"])
def served(request: pytest.FixtureRequest, holiday: Path) -> Iterator[tuple[NodeServer, bool]]:
    with node_server(holiday, mmap=request.param) as server:
        yield server, request.param


def test_a_process_that_maps_weights_is_listed_with_their_path(weights: Path) -> None:
    with python_process(MAPS + WAITS, str(weights)) as process:
        found = process_of(process.pid)
    assert found is not None
    assert found.models == (weights,)
    assert found.evidence == (f"maps {weights}",)
    assert found.runtime is None


def test_deleted_weights_are_listed_under_the_path_they_had(weights: Path) -> None:
    with python_process(
        MAPS + "import os; os.unlink(sys.argv[1])\n" + "print(2,flush=True)\n" + WAITS, str(weights)
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = process_of(process.pid)
    assert found is not None
    assert found.models == (weights,)
    assert found.evidence == (f"maps (deleted) {weights}",)


def test_renamed_weights_are_known_by_device_and_inode(holiday: Path) -> None:
    status = holiday.stat()
    known = {(status.st_dev, status.st_ino)}
    with python_process(MAPS + WAITS, str(holiday)) as process:
        assert process_of(process.pid) is None
        found = process_of(process.pid, lambda _path, file_id: file_id in known)
    assert found is not None
    assert found.models == (holiday,)


def test_weights_that_are_only_open_are_listed(weights: Path) -> None:
    with python_process(OPENS + WAITS, str(weights)) as process:
        found = process_of(process.pid)
    assert found is not None
    assert found.evidence == (f"has open {weights}",)


def test_weights_named_on_the_command_line_are_found_relative_to_where_the_process_stands(
    weights: Path,
) -> None:
    code = f"import os,sys; os.chdir({str(weights.parent)!r}); print(1,flush=True)\n" + WAITS
    with python_process(code, "--model=tiny.gguf", "--api-key", "hush-hush") as process:
        found = process_of(process.pid)
    assert found is not None
    assert found.evidence == (f"names {weights}",)
    assert found.command[-3:] == ("--model=tiny.gguf", "--api-key", CUT)


def test_a_process_with_none_of_it_is_not_listed() -> None:
    with python_process("print(1,flush=True)\n" + WAITS) as process:
        assert process_of(process.pid) is None


def test_llama_cpp_in_node_is_found_and_tied_to_its_model_and_listener(
    served: tuple[NodeServer, bool], holiday: Path
) -> None:
    server, mmap = served
    status = holiday.stat()
    snapshot = Linux().snapshot()
    found = find_processes(snapshot, lambda _path, file_id: file_id == (status.st_dev, status.st_ino))
    process = next(p for p in found if isinstance(p, Process) and p.pid == server.pid)
    listener = next(
        each
        for each in find_listeners(snapshot, free_door())
        if isinstance(each, Listener) and each.port == server.port
    )

    assert process.runtime == "node-llama-cpp"
    assert process.models == ((holiday,) if mmap else ())
    assert "llama-addon.node" in process.libraries
    assert (listener.pid, listener.server, listener.confidence) == (
        server.pid,
        "llama.cpp",
        Confidence.CERTAIN,
    )
    assert listener.models == ("tiny",)
    assert listener.findings == ()


def test_ringfence_itself_is_not_in_the_picture() -> None:
    assert os.getpid() not in {process.pid for process in Linux().snapshot().processes}


def test_a_gap_in_sight_stands_at_the_end_as_one_value() -> None:
    gap = Skipped(kind="process", subject="mapped and open files", reason="owned by other users", count=3)
    assert list(find_processes(Snapshot(skipped=(gap,)), nothing)) == [gap]


def test_an_ordinary_user_is_told_how_many_processes_stayed_hidden() -> None:
    # Imports come first: another user may not be able to read this tree.
    code = (
        "import os, sys\n"
        "from ringfence.endpoint.linux.linux import Linux\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "print([(s.reason, s.count > 0) for s in Linux().snapshot().skipped])\n"
    )
    with python_process(code) as process:
        assert "('owned by other users', True)" in process.first_line


@pytest.mark.parametrize(
    ("about", "runtime"),
    [
        ({"executable": Path("/usr/local/bin/ollama"), "arguments": ("ollama", "serve")}, "ollama"),
        ({"executable": Path("/opt/x/llama-server")}, "llama.cpp"),
        ({"executable": Path("/home/u/tiny.llamafile")}, "llamafile"),
        ({"executable": Path("/tmp/.mount_LM/lm-studio")}, "lm-studio"),
        ({"executable": PYTHON, "arguments": ("python", "/v/vllm", "serve")}, "vllm"),
        ({"executable": PYTHON, "arguments": ("python", "-m", "sglang.launch_server")}, "sglang"),
        ({"executable": PYTHON, "arguments": ("python", "-m", "mlx_lm.server")}, "mlx_lm"),
        (
            {"executable": PYTHON, "arguments": ("python", "-m", "llama_cpp.server")},
            "llama-cpp-python",
        ),
        (
            {"executable": PYTHON, "arguments": ("python", "main.py"), "folder": Path("/x/ComfyUI")},
            "comfyui",
        ),
        ({"executable": None, "arguments": ("/usr/bin/ollama", "serve"), "visible": False}, "ollama"),
        ({"executable": Path("/usr/bin/sleep"), "arguments": ("ollama", "serve")}, None),
        ({"executable": Path("/usr/bin/vim"), "arguments": ("vim", "vllm", "serve")}, None),
        ({"executable": PYTHON, "arguments": ("python", "main.py")}, None),
    ],
)  # fmt: skip
def test_a_runtime_is_known_by_what_it_runs(about: dict[str, object], runtime: str | None) -> None:
    found = runtime_of(running(**about))
    assert (found and found[0]) == runtime


def test_libraries_are_known_by_their_names() -> None:
    names = (
        "libllama.so",
        "libggml-cpu.so.0",
        "libonnxruntime.so.1.22",
        "libtorch_cpu.so",
        "libc.so.6",
        "libcudart.so",
    )
    files = tuple(HeldFile(path=Path("/usr/lib") / name, id=None, mapped=True) for name in names)
    (process,) = find_processes(Snapshot(processes=(running(files=files),)), nothing)
    assert isinstance(process, Process)
    assert process.libraries == (
        "libggml-cpu.so.0",
        "libllama.so",
        "libonnxruntime.so.1.22",
        "libtorch_cpu.so",
    )
