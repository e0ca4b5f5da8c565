"""What the policy says of listeners, runtimes and agents, in a scan's table, its document and the record."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import forked
from ringfence.app.demo.building import build
from standing_home import pickled

_SERVER = """
import http.server, json

ANSWERS = {
    "/": b"Ollama is running",
    "/api/version": b'{"version": "0.12.6"}',
    "/api/tags": b'{"models": [{"name": "tiny:latest", "model": "tiny:latest", "digest": "00"}]}',
}

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ANSWERS else 404)
        self.end_headers()
        self.wfile.write(ANSWERS.get(self.path, b""))

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
print(server.server_port, flush=True)
server.serve_forever()
"""
_POLICY = """
version: 1
runtimes:
  mode: warn
  rules:
    - {id: no-server, actions: [listener.serve], match: {port: PORT}, then: deny, why: Ask IT.}
    - {id: old, actions: [runtime.run], match: {name: llama-cpp-python}, then: ask, mode: enforce}
    - {id: fine, actions: [runtime.run, listener.serve], then: allow}
agents:
  rules:
    - {id: no-cursor, actions: [agent.run], match: {agent: cursor}, then: deny, mode: enforce, why: Ask IT.}
    - {id: known, actions: [agent.run], match: {agent: codex}, then: allow}
"""
_PLACE = "~/.config/ringfence/ringfence.yaml"


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """The port of a server of its own process that answers as Ollama does."""
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()


def ringfence(home: Path, *arguments: str | Path) -> str:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = forked.ringfence(*arguments, env=environment, cwd=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_policy(home: Path, text: str) -> None:
    path = home / ".config" / "ringfence" / "ringfence.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def events(home: Path, *options: str) -> list[str]:
    """The record's lines without their times and numbers."""
    shown = ringfence(home, "ledger", "show", *options).splitlines()
    return [re.sub(r"^\S+ \S+  \S+ +", "", each) for each in shown]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return build(tmp_path / "home").path


def test_a_scan_says_how_listeners_runtimes_and_agents_stand_and_records_it(home: Path) -> None:
    with listening() as port:
        write_policy(home, _POLICY.replace("PORT", str(port)))
        table = ringfence(home, "scan", "--no-hash")
        document = json.loads(ringfence(home, "scan", "--no-hash", "--json"))
    told = table[table.index("\nPolicy  ") :]
    server = f"127.0.0.1:{port}"
    for lines in (
        f"\n  forbidden  cursor\n    no-cursor: Ask IT. ({_PLACE}:11)\n",
        f"\n  forbidden  {server}\n    no-server: Ask IT. ({_PLACE}:6, warn only)\n",
        "\n  review  llama-cpp-python 0.3.16\n    old: Running a program for models needs an operator's",
    ):
        assert lines in told
    assert re.search(r"\)\n\nRecorded: \d+ appeared\n$", told)

    stands = {each["name"]: each["standing"] for each in document["agents"] + document["runtimes"]}
    stands |= {f"{each['address']}:{each['port']}": each["standing"] for each in document["listeners"]}
    wanted = {
        "cursor": ("forbidden", "enforce", "no-cursor", 11),
        "codex": ("approved", "observe", "known", 12),
        "continue": ("unreviewed", "observe", None, None),
        "llama-cpp-python": ("review", "enforce", "old", 7),
        "transformers": ("approved", "warn", "fine", 8),
        server: ("forbidden", "warn", "no-server", 6),
    }
    assert {name: _brief(stands[name]) for name in wanted} == wanted

    recorded = events(home)
    for line in (
        f"agent appeared  cursor  [forbidden, enforce]  {_PLACE}:11 no-cursor",
        f"agent appeared  codex  [approved, observe]  {_PLACE}:12 known",
        "agent appeared  continue  [unreviewed, observe]",
        f"listener appeared  ollama {server}  [forbidden, warn]  {_PLACE}:6 no-server",
        f"runtime appeared  llama-cpp-python 0.3.16  [review, enforce]  {_PLACE}:7 old",
        f"runtime appeared  transformers 4.57.1  [approved, warn]  {_PLACE}:8 fine",
    ):
        assert recorded.count(line) == 1, line


def _brief(standing: dict) -> tuple[str, str, str | None, int | None]:
    at = standing["at"]
    return standing["word"], standing["mode"], standing["rule"], at["line"] if at else None


def test_what_stands_otherwise_has_changed_and_a_server_that_stopped_has_vanished(home: Path) -> None:
    with listening() as port:
        policy = _POLICY.replace("PORT", str(port))
        write_policy(home, policy)
        ringfence(home, "scan", "--no-hash")
        before = len(events(home))
        write_policy(
            home,
            policy.replace("match: {agent: cursor}, then: deny", "match: {agent: cursor}, then: ask").replace(
                "match: {name: llama-cpp-python}, then: ask", "match: {name: llama-cpp-python}, then: allow"
            ),
        )
    ringfence(home, "scan", "--no-hash")
    news = [each for each in events(home)[before:] if not each.startswith(("scan", "listener.ask", "policy"))]
    news = [each for each in news if not each.startswith("listener") or str(port) in each]
    assert news == [
        f"runtime changed: standing  llama-cpp-python 0.3.16  [approved, enforce]  {_PLACE}:7 old",
        f"agent changed: standing  cursor  [review, enforce]  {_PLACE}:11 no-cursor",
        f"listener vanished  ollama 127.0.0.1:{port}  [forbidden, warn]  {_PLACE}:6 no-server",
    ]


def test_names_that_need_several_lines_stand_below_each_other(tmp_path: Path) -> None:
    write_policy(tmp_path, "version: 1\nmodels: {rules: [{id: none, then: deny, mode: warn, why: No.}]}\n")
    for letter in "abcde":
        pickled(tmp_path / "models" / f"{letter}{'-long' * 6}.pkl")
    shown = ringfence(tmp_path, "scan", "--home", tmp_path, "--no-hash")
    assert shown[shown.index("\nPolicy  ") :] == (
        "\nPolicy  5 forbidden\n"
        "  forbidden  a-long-long-long-long-long-long.pkl,\n"
        "             b-long-long-long-long-long-long.pkl,\n"
        "             c-long-long-long-long-long-long.pkl and 2 more\n"
        f"    none: No. ({_PLACE}:2, warn only)\n"
        "\nRecorded: 5 appeared\n"
    )
