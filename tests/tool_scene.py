"""A tool server on standard streams and its client, with what judges between them, or with nothing.

    with conversation(tmp_path, POLICY) as talk:
        talk.say({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert talk.hear()["result"] == …
    assert talk.did == []

The server is a process of its own that reads as lenient ones do, and does whatever it takes for a call. What
it says besides is in its script: each line of `says` comes as it is once the client has said something. With
`judged=False` the two talk as they would without ringfence.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from doors import door_in
from ringfence.app.running.tool_calls import ToolCalls
from ringfence.app.running.tool_relay import ToolRelay
from ringfence.gate.door import Door

__all__ = ["SESSION", "Talk", "calling", "conversation", "the_door"]

SESSION = "0190f5a0-0000-7000-8000-0000000000ab"
PATIENCE_S = 30
_SERVER = """
import io, json, sys
did, says = open(sys.argv[1], "a"), json.loads(sys.argv[2])

def answer(said):
    if not isinstance(said, dict):
        return [each for one in said for each in answer(one)] if isinstance(said, list) else []
    said = {name.lower(): value for name, value in said.items()}
    method, params = said.get("method"), said.get("params") or {}
    if method is None:
        print(json.dumps(["answered", said.get("id"), said.get("result")]), file=did, flush=True)
        return []
    if method == "tools/call":
        params = {name.lower(): value for name, value in params.items()}
        print(json.dumps([params.get("name"), params.get("arguments")]), file=did, flush=True)
    if "id" not in said:
        return []
    if method == "tools/list":
        result = {"tools": LISTS.pop(0) if len(LISTS) > 1 else LISTS[0]}
    else:
        result = {"content": [{"type": "text", "text": str(params.get("name", method))}]}
    return [{"jsonrpc": "2.0", "id": said["id"], "result": result}]

LISTS = json.loads(sys.argv[3])
for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"):  # it ends at a carriage return, too
    try:
        said = json.loads(line)
    except ValueError:
        continue
    for each in says.pop(0) if says else answer(said):
        print(each if isinstance(each, str) else json.dumps(each), flush=True)
"""


@dataclass
class Talk:
    """What the client does and sees."""

    to: int
    of: int
    did_in: Path
    door: Door
    told: list[str]
    process: "subprocess.Popen[bytes]"
    over: ExitStack
    rest: bytes = b""
    heard: list[Any] = field(default_factory=list)

    def say(self, *said: Any) -> None:
        """Messages, or bytes as they are."""
        for each in said:
            os.write(self.to, each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n")

    def hear(self) -> Any:
        """The next line."""
        while b"\n" not in self.rest:
            assert select.select([self.of], [], [], PATIENCE_S)[0], "nobody says anything"
            self.rest += os.read(self.of, 65536)
        line, _, self.rest = self.rest.partition(b"\n")
        self.heard.append(json.loads(line))
        return self.heard[-1]

    def end(self) -> list[Any]:
        """Says no more, waits for the server's end, and hears the rest: all that the client was told."""
        if self.to >= 0:
            os.close(self.to)
            self.to = -1
            self.process.wait(PATIENCE_S)
            self.over.close()
            while data := os.read(self.of, 65536):
                self.rest += data
            os.close(self.of)
            lines, self.rest = self.rest.splitlines(), b""
            self.heard += [_read(each) for each in lines]
        return self.heard

    @property
    def did(self) -> list[Any]:
        """What the server did: tools with arguments, and answers that it got."""
        return [json.loads(each) for each in self.did_in.read_text().splitlines()]

    def recorded(self, kind: str) -> list[Any]:
        """Events of this type."""
        return [each.event for each in self.door.ledger.read(stream=self.door.stream, types=(kind,))]


@dataclass
class _Box:
    """The server's process, as a relay ends it."""

    process: "subprocess.Popen[bytes]"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)


def the_door(folder: Path, tools: str, *, more: str = "") -> Door:
    """Of a box's session: it enforces. `tools` are the entries of the profile that the server has."""
    text = f"""
version: 1
agents:
  {more}
  profiles:
    mcp-files:
      tools: [{tools}]
"""
    return replace(door_in(folder, text), stream=f"session/{SESSION}", enforcing=True)


def calling(tool: Any, id_: Any = 1, **arguments: Any) -> dict[str, Any]:
    """A call of a tool."""
    return {
        "jsonrpc": "2.0",
        "id": id_,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }


@contextmanager
def conversation(
    folder: Path,
    tools: str = "{server: files, tool: read}",
    *,
    judged: bool = True,
    says: list[list[Any]] | None = None,
    lists: list[list[Any]] | None = None,
    more: str = "",
    server: str = _SERVER,
    asked_s: float = PATIENCE_S,
) -> Iterator[Talk]:
    """The two, until the block ends. What `says` holds takes the place of the server's first answers."""
    did = folder / "did"
    did.touch()
    door, told = the_door(folder, tools, more=more), list[str]()
    command = [sys.executable, "-c", server, str(did), json.dumps(says or []), json.dumps(lists or [[]])]
    calls = ToolCalls(
        door=door, session=SESSION, agent="mcp-files", server="files", clock=time.monotonic, tell=told.append
    )
    of_client, to = os.pipe()
    of, to_client = os.pipe()
    with ExitStack() as over:
        over.callback(os.close, to_client)
        over.callback(os.close, of_client)
        client = (of_client, to_client)
        relay = over.enter_context(ToolRelay(calls, clock=time.monotonic, client=client, asked_s=asked_s))
        streams = relay.given if judged else (of_client, to_client)
        process = subprocess.Popen(command, stdin=streams[0], stdout=streams[1])
        over.callback(_gone, process)
        if judged:
            over.enter_context(relay.at_work(_Box(process)))  # type: ignore[arg-type]
        talk = Talk(to=to, of=of, did_in=did, door=door, told=told, process=process, over=over)
        yield talk
        talk.end()


def _gone(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line
