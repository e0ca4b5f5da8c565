"""The rules of an endpoint that speaks MCP. JSON-RPC of other kinds is not understood here.

A tool is called where `tools` says so. Of the request around it nobody can tell whether the host takes it for
a message, so that an operator is asked about it.
"""

from ringfence.policy.openshell.endpoint import Matcher
from ringfence.policy.openshell.entries import Making, Value, within
from ringfence.policy.openshell.patterns import literal, wide_text
from ringfence.policy.openshell.report import Came

__all__ = ["deny_calls", "mcp"]

_CALL = "tools/call"
_METHODS = [
    *("resources/read", "resources/subscribe", "resources/unsubscribe", "prompts/get", "completion/complete"),
    *("tasks/get", "tasks/result", "tasks/list", "tasks/cancel"),
]
_SPECIAL = frozenset("*?[]{}\\")


def mcp(making: Making) -> None:
    """MCP: its requests asked about, its tools one by one."""
    endpoint = making.endpoint
    options = endpoint.entry.get("mcp")
    knows_all = options is not None and options.get("allow_all_known_mcp_methods") is True
    rules = endpoint.rules or ()
    if not rules and not knows_all:
        making.left_out(endpoint.spot, "an endpoint without rules allows nothing")
        return
    paths, _ = within(endpoint.selector)
    what: dict[str, Value] = {"methods": ["POST"]}
    making.allow(what if paths is None else {**what, "paths": list(paths)}, endpoint.spot, is_exact=False)
    there = "nothing but messages of MCP passes"
    making.report.add(
        Came.ASKED, endpoint.spot, there, "an operator is asked about requests there, once or often"
    )
    if knows_all:
        making.tool(_METHODS, "allow", endpoint.spot)
        if not any(each.tool for each in rules):
            making.tool(["*"], "allow", endpoint.spot)
    for each in rules:
        _allow(making, each)


def deny_calls(making: Making) -> None:
    """What MCP denies."""
    for each in making.endpoint.denials:
        _deny(making, each)


def _allow(making: Making, rule: Matcher) -> None:
    method = rule.method or _CALL
    if rule.command is not None or rule.path is not None or rule.query or rule.fields is not None:
        making.left_out(rule.spot, "a rule for MCP has a method and a tool, and nothing of other protocols")
    elif method == _CALL or (method.startswith("tools/") and "*" in method):
        _allow_tools(making, rule)
    elif _SPECIAL & set(method):
        making.left_out(rule.spot, "methods are not named by patterns")
    elif "/" in method:
        making.tool([method], "allow", rule.spot)


def _allow_tools(making: Making, rule: Matcher) -> None:
    if rule.tool is None:
        making.tool(["*"], "allow", rule.spot)
        return
    exact = [literal(each) for each in rule.tool if not _SPECIAL & set(each)]
    exact += ["*"] if "**" in rule.tool else []
    others = [wide_text(each) for each in rule.tool if _SPECIAL & set(each) and each != "**"]
    if exact:
        making.tool(exact, "allow", rule.spot)
    if others:
        making.tool(others, "ask", rule.spot)
        there = "`*` in a tool's name stands for no dot"
        making.report.add(Came.ASKED, rule.spot, there, "an operator is asked about tools that fit")


def _deny(making: Making, rule: Matcher) -> None:
    """Denies calls; what is no call here, and opens or describes a session, denies the endpoint."""
    if rule.tool is not None:
        making.tool([wide_text(each) for each in rule.tool], "deny", rule.spot)
    elif rule.method == _CALL:
        making.tool(["*"], "deny", rule.spot)
    elif rule.method in _METHODS:
        making.tool([rule.method], "deny", rule.spot)
    else:
        making.deny({}, rule.spot)
