"""What an operator sees of one agent, of ten and of fifty at once: each in a real box, for a minute.

An agent asks again and again: for what it is allowed, for two things that all agents have to ask for, for
what is refused; one in five for something of its own. The operator takes five seconds for each line.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from bench.measure import Result, ringfence

__all__ = ["operators"]

_AGENTS = (1, 10, 50)
_READS_S = 5
_POLICY = """\
version: 1
agents:
  profiles:
    tiny:
      network:
        - {{host: api.example.com, methods: [GET], paths: [/items/**]}}
        - {{host: api.example.com, methods: [POST], paths: [/asked/**], then: ask}}
      egress:
        connect_to: [{{host: api.example.com, to_host: 127.0.0.1, to_port: {port}, tls: false}}]
"""
_AGENT = """\
until [ -e go ]; do sleep 0.5; done
end=$(($(date +%s) + 60))
sleep $(($1 % 10 * 2))
ask() { curl -s -o /dev/null -w '%{http_code} ' "$@"; }
while [ $(date +%s) -lt $end ]; do
    ask https://api.example.com/items/$1
    ask -d x https://api.example.com/asked/release
    ask -d x https://api.example.com/asked/ticket
    if [ $(($1 % 5)) = 0 ]; then ask -d x https://api.example.com/asked/own-$1; fi
    ask https://other.example.com/
    sleep 3
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What came of so many agents."""

    asked: int
    opened: int  # lines that the operator opened
    longest: int  # lines at one time
    agent_minutes: float
    per_hour_minutes: float  # an operator's, at most, for an hour of an agent


def operators(place: Path) -> Iterator[Result]:
    """Two rows for each number of agents; what one agent costs is the limit for each of many."""
    place.mkdir(parents=True, exist_ok=True)
    alone = None
    for agents in _AGENTS:
        seen = _seen(agents)
        alone = alone or seen
        who = "an agent" if agents == 1 else f"{agents} agents at once"
        yield Result(
            name=f"lines at one time in the queue of {who}",
            measured=seen.longest,
            limit=2 + -(-agents // 5),
            unit="",
            detail=f"{seen.asked} questions, {seen.opened} lines opened",
        )
        yield Result(
            name=f"minutes of an operator for an hour of an agent, of {who}",
            measured=seen.per_hour_minutes,
            limit=alone.per_hour_minutes,
            unit=" min",
            detail=f"{seen.agent_minutes:.0f} minutes in boxes",
        )


def _seen(agents: int) -> _Seen:
    with ExitStack() as stack:
        # Not below /tmp, which every box has of its own.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        environment = {"HOME": str(folder / "home"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        policy = folder / "home/.config/ringfence/ringfence.yaml"
        policy.parent.mkdir(parents=True)
        policy.write_text(_POLICY.format(port=stack.enter_context(_host())))
        stack.callback(_said, ["daemon", "stop"], environment)
        trees = [folder / f"tree-{number}" for number in range(agents)]
        running = [
            stack.enter_context(_agent(number, tree, environment)) for number, tree in enumerate(trees)
        ]
        for tree in trees:
            while not (tree / "stands").exists():
                time.sleep(0.1)
        operator = stack.enter_context(_operator(environment))
        for tree in trees:
            (tree / "go").touch()
        statuses = [each.wait() for each in running]
        if any(statuses):
            raise AssertionError("an agent failed")
        did = json.loads(operator.communicate("\n")[0])
        stats = json.loads(_said(["asks", "--stats", "--json"], environment))
    return _Seen(
        asked=stats["asked"],
        opened=did["opened"],
        longest=did["longest"],
        agent_minutes=stats["agents_s"] / 60,
        per_hour_minutes=stats["attended_s_per_agent_hour"] / 60,
    )


def _agent(number: int, tree: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    tree.mkdir()
    (tree / "agent.sh").write_text("touch stands\n" + _AGENT)
    command = ringfence("run", "--agent", "tiny", "--", "sh", "agent.sh", str(number))
    nothing = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, cwd=tree, stdin=nothing, stdout=nothing, stderr=nothing)


def _operator(environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.operating", str(_READS_S)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)


def _said(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(ringfence(*arguments), env=environment, check=True, capture_output=True, text=True)
    return done.stdout


@contextmanager
def _host() -> Iterator[int]:
    """The port of a host that says nothing to everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Host)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Host(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - as http.server has it

    def log_message(self, *_: object) -> None:
        pass
