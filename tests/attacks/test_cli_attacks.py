"""Whoever starts the command wishes it ill: broken streams, odd environments, and signals at any time."""

import json
import os
import pty
import resource
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "ringfence.cli.main")
FILES_ONLY = ("--no-processes", "--no-listeners", "--no-hash")
TRACEBACK = "Traceback"
BIDI = "\u202e"
NOBODY = 65534


def environment(home: Path | str, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **more}


def run(
    *arguments: str | Path,
    home: Path | str = "/proc/nobody",
    more: dict[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stdin: int | None = None,
    cwd: Path | None = None,
    before: Callable[[], object] | None = None,
    user: int | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(home, **(more or {})),
        stdout=stdout,
        stderr=subprocess.PIPE,
        stdin=stdin,
        text=True,
        cwd=cwd,
        check=False,
        preexec_fn=before,
        user=user,
        timeout=60,
    )


def gguf(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    gguf(path, f"{BIDI}ﬁne.gguf")
    return path


EVERY_COMMAND = [
    ("scan", *FILES_ONLY),
    ("scan", *FILES_ONLY, "--json"),
    ("inspect", ".", "--no-hash"),
    ("inspect", ".", "--no-hash", "--json"),
    ("doctor",),
    ("doctor", "--json"),
    ("completion", "bash"),
    ("--version",),
    ("--help",),
]


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_full_disk_is_an_error_and_no_success(home: Path, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = run(*arguments, home=home, cwd=home, stdout=full.fileno())
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        [
            "ringfence: error: standard output: no space left on device",
            "ringfence: hint: what was written is not complete: make room, or write elsewhere",
        ],
    )


def test_a_full_disk_is_an_error_without_a_buffer_too(home: Path) -> None:
    unbuffered = {"PYTHONUNBUFFERED": "1"}
    with open("/dev/full", "w") as full:
        done = run("inspect", ".", "--no-hash", home=home, more=unbuffered, cwd=home, stdout=full.fileno())
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "ringfence: error: standard output: no space left on device",
    )


@pytest.mark.parametrize("arguments", [EVERY_COMMAND[0], EVERY_COMMAND[1], ("--version",)])
def test_a_closed_stdout_is_an_error_and_no_success(home: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, home=home, before=lambda: os.close(1))
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "ringfence: error: standard output is closed",
    )


def test_with_a_closed_stderr_errors_do_not_end_up_among_the_data(tmp_path: Path) -> None:
    done = run("scan", tmp_path / "nowhere", before=lambda: os.close(2))
    assert (done.returncode, done.stdout) == (3, "")


def test_no_file_is_opened_under_the_number_of_a_closed_stream(home: Path) -> None:
    done = run("scan", *FILES_ONLY, "--json", home=home, before=lambda: (os.close(0), os.close(2)))
    assert (done.returncode, len(json.loads(done.stdout)["models"])) == (0, 1)


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_reader_that_goes_away_is_no_mistake(home: Path, arguments: tuple[str, ...]) -> None:
    read, written = os.pipe()
    os.close(read)
    try:
        done = run(*arguments, home=home, cwd=home, stdout=written)
    finally:
        os.close(written)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "encoding",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_what_the_terminal_cannot_say_is_spelled_out(home: Path, encoding: dict[str, str]) -> None:
    long = gguf(home, "x" * 200 + ".gguf")  # is cut with an ellipsis
    done = run("scan", *FILES_ONLY, home=home, more=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("inspect", long, "--no-hash", home=home, more=encoding)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("columns", ["1", "20", "100000", "-1", "x"])
def test_any_width_of_the_terminal_will_do(home: Path, columns: str) -> None:
    shown = on_a_terminal("scan", *FILES_ONLY, home=home, COLUMNS=columns, TERM="dumb", NO_COLOR="1")
    assert "Signals" in shown.replace("\r\n", "") or int(columns) == 1
    assert TRACEBACK not in shown


def on_a_terminal(*arguments: str, home: Path, **more: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(home, **more),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 1 << 16):
                shown += part
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return shown.decode("utf-8", "replace")


def test_a_home_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    gguf(tmp_path, "fine.gguf")
    done = run("inspect", tmp_path / "fine.gguf", "--json", home=tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    assert (done.returncode, json.loads(done.stdout)["models"][0]["files"][0]["size_bytes"]) == (0, 24)


def test_a_relative_cache_folder_is_not_made_where_the_command_happens_to_run(home: Path) -> None:
    run("scan", "--no-processes", "--no-listeners", home=home, cwd=home, more={"XDG_CACHE_HOME": "here"})
    assert not (home / "here").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can scan with the home of somebody else")
def test_root_leaves_nothing_in_the_home_of_somebody_else(home: Path) -> None:
    os.chown(home, NOBODY, NOBODY)
    done = run("scan", "--no-processes", "--no-listeners", "--json", home=home)
    assert [path.name for path in home.iterdir()] == [f"{BIDI}\ufb01ne.gguf"]
    skipped = [
        each["reason"] for each in json.loads(done.stdout)["skipped"] if each["kind"] == "digest-cache"
    ]
    assert skipped == ["it would lie in a folder of somebody else"]


# Signals


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Takes connections and never says a word: a scan that dials it is in the middle of its work."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "scan", "--no-hash", *arguments],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_interrupted_scan_ends_without_a_word(home: Path, silent_server: socket.socket) -> None:
    with started(home) as scan:
        silent_server.accept()
        scan.send_signal(signal.SIGINT)
        assert scan.communicate() == ("", "")
    assert scan.returncode == 130


def test_a_second_interrupt_waits_for_nothing(home: Path, silent_server: socket.socket) -> None:
    with started(home) as scan:
        silent_server.accept()
        while scan.poll() is None:
            scan.send_signal(signal.SIGINT)
        assert scan.communicate() == ("", "")
    assert scan.returncode == -signal.SIGINT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_walkers_end_with_the_scan_that_started_them(tmp_path: Path, number: signal.Signals) -> None:
    for name in range(2000):
        (tmp_path / "tree" / str(name) / "a/b/c").mkdir(parents=True)
    with started(tmp_path, "--no-listeners", "--no-processes") as scan:
        while not (walkers := children(scan.pid)) and scan.poll() is None:
            pass
        ends = [os.pidfd_open(pid) for pid in walkers]
        assert ends
        scan.send_signal(number)
        scan.communicate()
        for end in ends:
            assert select.select([end], [], [], 10) == ([end], [], [])
            os.close(end)


def children(pid: int) -> list[int]:
    """Started by any of its threads."""
    found: list[int] = []
    with suppress(OSError):  # a thread ends while it is looked at
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def test_standard_input_is_no_file_to_inspect(tmp_path: Path) -> None:
    done = run("inspect", "-", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[0]) == (
        2,
        "",
        "ringfence: error: a model is not read in order, so it cannot come from standard input",
    )
    gguf(tmp_path, "-")
    assert run("inspect", "-", "--no-hash", cwd=tmp_path, home=tmp_path).returncode == 0


# A machine that gives little


@pytest.mark.skipif(os.geteuid() != 0, reason="how many processes a person runs already is anybody's guess")
def test_a_machine_without_threads_is_an_error_and_no_crash(home: Path) -> None:
    program = Path(sys.executable).resolve()
    if not all(path.stat().st_mode & 0o001 for path in (program, *program.parents)):
        pytest.skip("this interpreter lies where only root may go")
    for folder in (home, *home.parents):
        if folder.stat().st_mode & 0o077 == 0:  # as pytest makes its folders
            folder.chmod(0o755)
    limit = (resource.RLIMIT_NPROC, (1, 1))
    done = run("scan", "--no-hash", home=home, before=lambda: resource.setrlimit(*limit), user=NOBODY)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        "ringfence: error: this system allows no more threads",
        "ringfence: hint: look at fewer folders at a time, or raise the limit (ulimit -a)",
    ]


def test_few_open_files_cost_time_and_no_model(home: Path) -> None:
    done = run(
        "scan", "--json", home=home, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
    )
    assert (done.returncode, done.stderr) == (0, "")
    (model,) = json.loads(done.stdout)["models"]
    assert model["id"]
