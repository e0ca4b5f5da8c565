from pathlib import Path

from ringfence.app.running.explained_tools import ExplainedTools, tools_of
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load
from ringfence.policy.rule import Tier

_TEXT = """
version: 1
agents:
  profiles:
    mcp-files:
      tools:
        - {server: files, tool: "read_*"}
        - {server: [files, mail], tool: send, arguments: {to: "*@corp.example"}, then: ask}
        - {server: mail, then: deny}
    other:
      tools: [{server: files, tool: drop}]
"""


def _rules(server: str | None) -> list[ExplainedTools]:
    policy = load([PolicyFile(tier=Tier.USER, name=str(Path("/p.yaml")), data=_TEXT.encode())])
    return list(tools_of(policy, "mcp-files", server))


def test_the_rules_on_tools_of_one_server_are_told_with_their_lines() -> None:
    assert _rules("files") == [
        ExplainedTools(effect="allow", server=("files",), tool=("read_*",), more=False, at="/p.yaml:7"),
        ExplainedTools(effect="ask", server=("files", "mail"), tool=("send",), more=True, at="/p.yaml:8"),
    ]


def test_without_a_server_the_rules_on_all_of_them_are() -> None:
    assert _rules(None)[2:] == [
        ExplainedTools(effect="deny", server=("mail",), tool=("**",), more=False, at="/p.yaml:9")
    ]
