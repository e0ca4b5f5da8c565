"""Somebody whose home root scans, or who sends a model, wishes the scan ill."""

import dataclasses
import http.server
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import forked
from ringfence.app.scan.files import Files, look_at
from ringfence.app.scan.seen import SeenFile
from ringfence.artifacts.problems import ProblemKind
from ringfence.core.facts import FactName
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Credential
from ringfence.endpoint import explanations
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.credentials.reachable import reachable
from ringfence.endpoint.explanations import read_explanations
from ringfence.endpoint.found import FoundFile
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.stores import local_dir
from ringfence.endpoint.stores.local_dir import METADATA_FOLDER, local_downloads
from ringfence.endpoint.stores.tree import Budget

NOBODY = 65534
FILES_ONLY = ("--no-processes", "--no-listeners", "--no-hash")
EVIL = "\x1b[31mred\x1b]0;title\x07\u202egnp\r\n[bold]X[link=http:evil]l\x9b2J\x7f"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def ringfence(
    *arguments: str | Path, home: Path, cwd: Path | None = None, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    if not before:
        done = forked.ringfence(*arguments, env=environment, cwd=cwd)
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.encode(), done.stderr.encode()
        )
    return subprocess.run(
        [*before, sys.executable, "-m", "ringfence.cli.main", *map(str, arguments)],
        env=environment,
        capture_output=True,
        cwd=cwd,
        check=False,
        timeout=60,
    )


def document(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert done.stderr == b""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def scanned(home: Path, *more: str) -> dict[str, Any]:
    return document(ringfence("scan", "--home", home, *FILES_ONLY, "--json", *more, home=home))


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def gguf(path: Path | bytes, **keys: str | bytes) -> None:
    pairs = [text(f"general.{key}") + struct.pack("<I", 8) + text(value) for key, value in keys.items()]
    with open(path, "wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs))


def safetensors(path: Path) -> None:
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def harmful(shown: bytes) -> set[str]:
    """The characters of an output that a terminal would not just show."""
    return {c for c in shown.decode() if not c.isprintable() and c != "\n"}


# Text that strangers wrote


@pytest.fixture
def evil_home(tmp_path: Path) -> Path:
    """Every text that reaches the report tries to move the cursor, or is no text at all."""
    home = tmp_path / f"home {EVIL}"
    home.mkdir()
    facts = dict.fromkeys(("architecture", "name", "license", "author", "base_model.0.repo_url"), EVIL)
    gguf(home / f"{EVIL}.gguf", **facts)
    gguf(os.fsencode(home) + b"/\xff\xfe\x1b[2J.gguf", name="\ud800".encode("utf-8", "surrogatepass"))
    (home / f"{EVIL}.safetensors").write_bytes(b"no header")
    model = home / EVIL
    model.mkdir()
    safetensors(model / "model.safetensors")
    (model / "config.json").write_text('{"architectures": ["x"]}')
    (model / "README.md").write_text(
        f"---\nlicense: {json.dumps(EVIL)}\nlicense_name: {json.dumps(EVIL)}\n---\n"
    )
    lone = r"\ud800\u001b[31m\udfff"
    servers = f'{{"{lone}": {{"command": "{lone}", "args": ["{lone}"]}}, "u": {{"url": "http://a{lone}/"}}}}'
    (home / ".claude.json").write_text(f'{{"mcpServers": {servers}}}')
    (home / ".claude/skills" / EVIL).mkdir(parents=True)
    (home / ".claude/skills" / EVIL / "SKILL.md").write_text("")
    manifest = home / ".ollama/models/manifests/registry.ollama.ai/library" / EVIL / "t"
    manifest.parent.mkdir(parents=True)
    layer = f'{{"digest": "sha256:{"1" * 64}", "name": "{lone}", "mediaType": "x"}}'
    manifest.write_text(f'{{"config": {layer}, "layers": [{layer}]}}')
    (home / ".ollama/models/blobs").mkdir()
    gguf(home / f".ollama/models/blobs/sha256-{'1' * 64}", name=EVIL)
    (home / "code" / EVIL / ".git").mkdir(parents=True)
    (home / "code" / EVIL / ".git/HEAD").write_text("ref: refs/heads/main")
    (home / "code" / EVIL / f"{EVIL}.py").write_text("")
    (home / f"{EVIL}2.gguf").symlink_to(EVIL)
    return home


def test_no_text_in_a_home_reaches_the_terminal_as_it_is(evil_home: Path) -> None:
    done = ringfence("scan", "--home", evil_home, "--no-processes", "--no-listeners", home=evil_home)
    assert (done.returncode, done.stderr, harmful(done.stdout)) == (0, b"", set())


def test_whatever_stands_in_a_home_the_document_is_valid_and_plain(evil_home: Path) -> None:
    done = ringfence("scan", "--home", evil_home, "--json", home=evil_home)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert harmful(done.stdout) <= {"\x7f"}
    found = json.loads(done.stdout)
    assert json.dumps(found, ensure_ascii=False).encode()  # no lone surrogate
    assert len(found["models"]) == 5
    assert [len(agent["mcp_servers"]) for agent in found["agents"]] == [2]


def test_no_text_in_a_model_reaches_the_terminal_when_it_is_inspected(evil_home: Path) -> None:
    done = ringfence("inspect", evil_home, home=evil_home)
    assert (done.stderr, harmful(done.stdout)) == (b"", set())
    assert document(ringfence("inspect", evil_home, "--json", home=evil_home))["models"]


def test_a_server_cannot_break_the_report_with_half_a_character(tmp_path: Path) -> None:
    answer = rb'{"models": [{"name": "\ud800\u001b[31mevil", "model": "x", "digest": "%s"}]}' % (b"a" * 64)

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        done = ringfence("scan", "--no-processes", "--no-hash", home=tmp_path)
        listed = document(ringfence("scan", "--no-processes", "--no-hash", "--json", home=tmp_path))
        server.shutdown()
    assert (done.returncode, harmful(done.stdout)) == (0, set())
    assert f"127.0.0.1:{port}".encode() in done.stdout
    assert [each["models"] for each in listed["listeners"] if each["port"] == port] == [
        [r"\ud800" + "\x1b[31mevil"]
    ]


# Paths that raise where one does not expect it


def test_a_path_that_is_longer_than_any_can_be_is_an_error_with_a_hint(tmp_path: Path) -> None:
    done = ringfence("scan", "a" * 5000, *FILES_ONLY, home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines()[0].endswith("aaa: file name too long")


def test_a_path_below_a_closed_folder_is_an_error_with_a_hint(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    before = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    for arguments in (
        ("scan", closed / "x", *FILES_ONLY),
        ("scan", "--home", closed / "x", *FILES_ONLY),
        ("inspect", closed / "x"),
    ):
        done = ringfence(*arguments, home=closed / "home", before=before)
        assert (done.returncode, done.stdout) == (3, b"")
        assert done.stderr.decode().splitlines()[0] == f"ringfence: error: {closed}/x: permission denied"
    closed.chmod(0o700)


@pytest.mark.parametrize(
    "arguments", [("scan", ".", *FILES_ONLY), ("scan", "--home", "x", *FILES_ONLY), ("inspect", ".")]
)
def test_a_working_folder_that_is_gone_is_an_error_with_a_hint(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    gone = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", gone, "-m", "ringfence.cli.main", *arguments],
        capture_output=True,
        cwd=tmp_path / "gone",
        env={"HOME": str(tmp_path), "PYTHONSAFEPATH": "1"},
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines()[0] == "ringfence: error: the current folder is gone"


def test_an_argument_of_a_process_that_could_be_no_path_breaks_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", f"/tmp/{'a' * 300}.gguf", "/root/closed.gguf"],
        stdin=subprocess.PIPE,
    ) as process:
        done = ringfence("scan", "--no-hash", "--no-listeners", "--json", home=tmp_path)
        assert process.stdin
        process.stdin.close()
    assert (done.returncode, done.stderr) == (0, b"")


# Links and what is no file, beside the weights and in their place


@as_root
def test_what_lies_beside_weights_is_never_read_through_a_link_to_something_of_others(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("---\nlicense: apache-2.0\n---\n")
    secret.chmod(0o600)
    home = tmp_path / "home"
    home.mkdir()
    safetensors(home / "model.safetensors")
    (home / "config.json").write_text('{"architectures": ["x"]}')
    (home / "README.md").symlink_to(secret)
    (home / "LICENSE").symlink_to("/dev/zero")
    os.mkfifo(home / "NOTICE")
    (home / "vocab.txt").symlink_to("a" * 255)
    (home / "tokenizer.json").symlink_to("tokenizer.json")
    for path in home.iterdir():
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    (model,) = scanned(home)["models"]
    assert [file["name"] for file in model["files"]] == ["model.safetensors", "config.json"]
    assert model["licenses"] == []


@pytest.mark.parametrize("what", ["fifo", "socket", "/dev/zero", "/dev/null", "loop"])
def test_what_is_no_file_is_inspected_at_once_and_said(tmp_path: Path, what: str) -> None:
    path = tmp_path / "model.gguf"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as it:
            it.bind(str(path))
    else:
        path.symlink_to("model.gguf" if what == "loop" else what)
    done = ringfence("inspect", path, home=tmp_path)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 3
    assert ("symbolic links in a circle" if what == "loop" else "not a regular file") in said
    assert ringfence("scan", "--home", tmp_path, home=tmp_path).returncode == 0


def test_inspecting_a_large_folder_is_about_its_models_and_nothing_else(tmp_path: Path) -> None:
    gguf(tmp_path / "model.gguf", name="x")
    for number in range(10_001):
        (tmp_path / f"{number}.txt").touch()
    found = document(ringfence("inspect", tmp_path, "--no-hash", "--json", home=tmp_path))
    assert (found["complete"], len(found["models"]), found["skipped"]) == (True, 1, [])


# Little that costs much


def test_chains_of_links_through_long_paths_are_followed_by_the_kernel(tmp_path: Path) -> None:
    home = tmp_path / "home"
    hub = home / ".cache/huggingface/hub/models--a--b"
    snapshot = hub / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    deep = tmp_path.joinpath(*"a" * 800)
    deep.mkdir(parents=True)
    gguf(deep / "model", name="x")
    name = "model"
    for number in range(36):
        (deep / f"{number}").symlink_to(deep / name)
        name = f"{number}"
    for number in range(40):
        (home / f"{number}.gguf").symlink_to(deep / name)
        (snapshot / f"{number}.gguf").symlink_to(deep / name)
    found = scanned(home)
    assert {file["path"] for model in found["models"] for file in model["files"]} == {str(deep / "model")}


def test_records_of_downloads_that_many_folders_share_by_links_are_read_up_to_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_dir, "Budget", lambda: Budget(entries=1000))
    (tmp_path / "many").mkdir()
    for number in range(300):
        (tmp_path / f"many/{number}.metadata").touch()
    folders = [tmp_path / f"folder{number}" for number in range(100)]
    for folder in folders:
        (folder / ".cache/huggingface").mkdir(parents=True)
        (folder / METADATA_FOLDER).symlink_to(tmp_path / "many")
    said = list(local_downloads(folders))
    assert [each.reason for each in said if isinstance(each, Skipped)][-1] == (
        "more than 300000 names in records of downloads"
    )
    assert sum(each.count for each in said if isinstance(each, Skipped)) == 1000 + 2


def test_headers_that_take_too_long_are_not_read_any_more_and_their_files_still_identified(
    tmp_path: Path,
) -> None:
    ticks = iter([0.0, 31.0, 31.0, 31.0, 31.0, 31.0])
    files = Files(Allowance(LIMITS.headers_s, clock=lambda: next(ticks)))
    for name in ("a.gguf", "b.gguf", "c.txt"):
        gguf(tmp_path / name, architecture="llama")
        files.meet(FoundFile.of(tmp_path / name, (tmp_path / name).stat()))
    seen = {file.found.path.name: file.examined for file in files.unclaimed(set())}
    assert {name: (each.format, FactName.ARCHITECTURE in each.facts) for name, each in seen.items()} == {
        "a.gguf": ("gguf", True),
        "b.gguf": ("gguf", False),
        "c.txt": ("gguf", False),
    }
    assert [problem.kind for problem in seen["c.txt"].problems] == [ProblemKind.DISGUISED]
    reason = "the headers of others took 30 s: these were only identified"
    assert list(files.skipped()) == [Skipped(kind="header", subject="model files", reason=reason, count=2)]


@pytest.mark.parametrize(
    "header",
    [
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1_000_000),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("a") + struct.pack("<IIQ", 9, 8, 10**7),
        struct.pack("<Q", 24_000_000) + b"{",
    ],
)
def test_a_hole_behind_a_header_is_cheap(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / ("model.gguf" if header.startswith(b"GGUF") else "model.safetensors")
    path.write_bytes(header)
    os.truncate(path, 1 << 30)
    began = time.process_time()
    seen = look_at(path)
    assert time.process_time() - began < 1
    assert isinstance(seen, SeenFile)
    assert {problem.kind for problem in seen.examined.problems} & {"over-limit", "bad-header"}


def test_locks_past_the_limit_explain_nothing_and_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanations, "LIMITS", dataclasses.replace(LIMITS, locks_bytes=1500))
    paths = [tmp_path / f"{number}/models.lock" for number in range(4)]
    for path in paths:
        path.parent.mkdir()
        path.write_text('{"schema": "ringfence.models.lock/1", "models": []}')
    reason = "more than 1500 bytes of such documents"
    assert read_explanations(paths).skipped == tuple(
        Skipped(kind="models.lock", subject=str(path), reason=reason) for path in paths[2:]
    )


def test_a_thousand_links_to_one_costly_file_of_settings_come_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "costly").write_text("export A_TOKEN=abcdefgh12345678\n" * 2000)
    folder = tmp_path / ".config/environment.d"
    folder.mkdir(parents=True)
    for number in range(2000):
        (folder / f"{number}.conf").symlink_to(tmp_path / "costly")
    (tmp_path / ".claude").mkdir()
    found = scanned(tmp_path)
    (agent,) = found["agents"]
    assert len(agent["credentials"]) == LIMITS.agent_items
    assert [each["reason"] for each in found["skipped"] if each["kind"] == "credential"] == [
        f"the first {LIMITS.agent_items} credentials in reach were taken"
    ]


def test_what_costs_more_than_its_time_is_left_out_and_said(tmp_path: Path) -> None:
    for name in (".bashrc", ".profile"):
        (tmp_path / name).write_text("export A_TOKEN=abcdefgh12345678\n")
    ticks = iter([0.0, 21.0])
    home = Home(path=tmp_path, system=System.LINUX)
    said = list(reachable(home, Allowance(LIMITS.settings_s, clock=lambda: next(ticks))))
    assert said == [
        Credential(kind="a-token", location="~/.bashrc:1"),
        Skipped(kind="credential", subject=f"{tmp_path}/.profile", reason="reading others took 20 s"),
    ]


# Homes that lead elsewhere


@as_root
def test_a_home_cannot_pass_off_the_settings_and_secrets_of_others_as_its_own(tmp_path: Path) -> None:
    others, home = tmp_path / "others", tmp_path / "home"
    (others / "skills/theirs").mkdir(parents=True)
    (others / "skills/theirs/SKILL.md").touch()
    (others / "env.d").mkdir()
    (others / "env.d/theirs.conf").write_text("A_TOKEN=abcdefgh12345678")
    (others / "claude.json").write_text('{"mcpServers": {"theirs": {"command": "theirs"}}}')
    (others / "netrc").write_text("machine a login b password abcdefgh")
    (home / ".claude").mkdir(parents=True)
    (home / ".config").mkdir()
    (home / ".claude.json").symlink_to(others / "claude.json")
    (home / ".claude/skills").symlink_to(others / "skills")
    (home / ".netrc").symlink_to(others / "netrc")
    (home / ".config/environment.d").symlink_to(others / "env.d")
    (home / "project/.git").mkdir(parents=True)
    (home / "project/.git/HEAD").touch()
    (home / "project/.mcp.json").symlink_to(others / "claude.json")
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    found = scanned(home, "--no-record")  # in a home of somebody else it would say that it cannot
    (agent,) = found["agents"]
    assert (agent["mcp_servers"], agent["skills"], agent["credentials"]) == ([], [], [])
    astray = {each["subject"] for each in found["skipped"] if "out of the home" in each["reason"]}
    assert astray == {
        str(home / each)
        for each in (
            ".claude.json",
            ".claude/skills",
            ".netrc",
            ".config/environment.d",
            "project/.mcp.json",
        )
    }


def test_a_home_may_keep_its_settings_elsewhere_within_it(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles/claude.json").write_text('{"mcpServers": {"mine": {"command": "mine"}}}')
    (tmp_path / ".claude.json").symlink_to("dotfiles/claude.json")
    (agent,) = scanned(tmp_path)["agents"]
    assert [server["name"] for server in agent["mcp_servers"]] == ["mine"]


def test_a_crowd_of_decoys_neither_fills_the_screen_nor_hides_the_worst(tmp_path: Path) -> None:
    for number in range(1500):
        gguf(tmp_path / f"a{number:04}.gguf", license="mit")
        gguf(tmp_path / f"b{number:04}.gguf")
    (tmp_path / "z.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + b"cut off")
    gguf(tmp_path / "y.gguf", name="x" * 3000, license="mit")
    done = ringfence("scan", "--home", tmp_path, *FILES_ONLY, home=tmp_path)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(lines) < 400
    assert [name for name in ("y.gguf", "z.gguf") if not any(f" {name} " in line for line in lines)] == []
    assert "  and 2702 more: see --json" in lines
    assert "    and 997 more, and 501 more" in lines
