"""Every key of OpenShell's: what it becomes, and what the report says of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from loading import of_tier
from openshell_endpoints import CASES, FULL, GH, ODD, ODD_AT_GH, REST
from ringfence.policy.load import read
from ringfence.policy.nodes import Node
from ringfence.policy.openshell.document import POLICY, PRESET
from ringfence.policy.openshell.importing import Imported, imported
from ringfence.policy.problems import PolicyRefused
from ringfence.policy.shapes.shape import Shape
from ringfence.policy.shapes.tables import ListOf, MapOf, Table

CLOSED = [
    {"host": "*", "then": "deny"}
]  # nothing is granted, nor what is built in for an agent that is known


def brought(*texts: str) -> Imported:
    files = [of_tier(text, name=f"{number}.yaml") for number, text in enumerate(texts)]
    made = imported(files, agent="claude")
    read([of_tier(made.text)])
    return made


def profile(made: Imported) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(made.text)["agents"]["profiles"]["claude"]
    for each in (*found.get("network", ()), *found.get("tools", ())):
        assert each.pop("why").startswith("OpenShell: ")
    return found


def told(made: Imported) -> list[tuple[str, str]]:
    return [(each.came.value, each.key) for each in made.lines]


def endpoint(text: str, binaries: str = "[{path: /usr/bin/gh}]") -> str:
    return (
        "version: 1\nfilesystem_policy: {read_only: [/usr, /lib, /]}\n"
        "landlock: {compatibility: hard_requirement}\nnetwork_policies:\n  gh:\n    name: GitHub\n"
        f"    endpoints: [{{host: api.github.com, {text}}}]\n    binaries: {binaries}\n"
    )


def of_endpoint(text: str) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The network's entries, and what is told besides what every endpoint like it has told of it."""
    made = brought(endpoint(text))
    begins = "network_policies.gh.endpoints[0]"
    lines = [
        (came, key.removeprefix(begins).removeprefix("."))
        for came, key in told(made)
        if key.startswith(begins)
    ]
    usual = {("closed", "binaries"), ("look", "binaries"), ("closed", "host")}
    network = profile(made)["network"]
    return [] if network == CLOSED else network, [each for each in lines if each not in usual]


@pytest.mark.parametrize(("text", "entries", "lines"), CASES, ids=[each[0] for each in CASES])
def test_an_endpoint_becomes_these_entries_and_the_rest_is_told(
    text: str, entries: list[dict[str, Any]], lines: list[tuple[str, str]]
) -> None:
    assert of_endpoint(text) == (entries, lines)


def test_calls_of_tools_are_named_and_the_requests_around_them_asked_about() -> None:
    made = brought(
        endpoint(
            "port: 8443, path: /mcp, protocol: mcp, enforcement: enforce, "
            "mcp: {max_body_bytes: 9, strict_tool_names: false, versions: ['2025-11-25']}, "
            "rules: [{allow: {method: initialize}}, {allow: {method: resources/read}}, "
            "{allow: {method: tools/call, tool: {any: [find, 'gh.*']}}}, "
            "{allow: {method: tools/call, params: {name: read}}}, "
            "{allow: {method: tools/call, params.name: list}}], "
            "deny_rules: [{method: tools/call, tool: 's*'}]"
        )
    )
    server = ["api.github.com:8443/**", "api.github.com:8443/"]
    gh = {**GH, "port": 8443}
    assert profile(made)["network"] == [
        {**gh, "methods": ["POST"], "paths": ["/mcp"], "then": "ask"},
        {**ODD_AT_GH, "port": 8443},
    ]
    assert profile(made)["tools"] == [
        {"server": server, "tool": ["resources/read"]},
        {"server": server, "tool": ["find"]},
        {"server": server, "tool": ["gh.*"], "then": "ask"},
        {"server": server, "tool": ["read"]},
        {"server": server, "tool": ["list"]},
        {"server": server, "tool": ["s*"], "then": "deny"},
    ]
    begins = "network_policies.gh.endpoints[0]"
    assert [each for each in told(made) if each[1].startswith(begins)] == [
        ("asked", begins),
        ("asked", f"{begins}.rules[2]"),
        ("closed", f"{begins}.host"),
        ("closed", f"{begins}.binaries"),
        ("look", f"{begins}.binaries"),
        ("left-out", f"{begins}.mcp.max_body_bytes"),
        ("left-out", f"{begins}.mcp.versions"),
        ("closed", f"{begins}.mcp.strict_tool_names"),
    ]


def test_all_known_methods_of_mcp_are_calls_of_every_tool_unless_tools_are_named() -> None:
    def tools(rules: str) -> list[list[str]]:
        options = "mcp: {allow_all_known_mcp_methods: true}"
        text = f"port: 443, protocol: mcp, enforcement: enforce, {options}{rules}"
        return [each["tool"] for each in profile(brought(endpoint(text)))["tools"]]

    everything, every_tool = tools("")
    assert "resources/read" in everything and every_tool == ["*"]
    assert tools(", rules: [{allow: {tool: find}}]") == [everything, ["find"]]


def test_files_of_the_image_are_the_machines_only_where_a_box_has_none_of_its_own() -> None:
    made = brought(
        "version: 1\nfilesystem_policy:\n  include_workdir: true\n"
        "  read_only: [/usr, /etc, /data/in, /sandbox/.x]\n"
        "  read_write: [/tmp, /data/out*, /usr/local, /var]\nlandlock: {compatibility: best_effort}\n"
        "process: {run_as_user: root, run_as_group: '1500'}\ninference: {allowed_routes: [local]}\n"
    )
    assert profile(made)["files"] == {
        "read": ["**", "/data/in", "/data/in/**", "/data/out\\*", "/data/out\\*/**"],
        "write": ["**", "/data/out\\*", "/data/out\\*/**"],
    }
    assert told(made) == [
        ("left-out", "filesystem_policy.read_only[1]"),
        ("look", "filesystem_policy.read_only[2]"),
        ("left-out", "filesystem_policy.read_only[3]"),
        ("left-out", "filesystem_policy.read_write[0]"),
        ("look", "filesystem_policy.read_write[1]"),
        ("closed", "filesystem_policy.read_write[2]"),
        ("left-out", "filesystem_policy.read_write[3]"),
        ("look", "filesystem_policy"),
        ("closed", "landlock.compatibility"),
        ("closed", "process.run_as_user"),
        ("left-out", "process.run_as_group"),
        ("left-out", "inference"),
    ]


def test_without_a_word_on_files_the_working_tree_is_given_and_with_one_it_must_be_named() -> None:
    nothing = profile(brought("version: 1\n"))
    assert (nothing["files"], nothing["network"]) == ({"read": ["**"], "write": ["**"]}, CLOSED)
    assert "files" not in profile(brought("version: 1\nfilesystem_policy: {read_only: [/usr]}\n"))


def test_hosts_that_a_middleware_looks_at_are_asked_about() -> None:
    made = brought(
        endpoint(FULL)
        + "network_middlewares:\n  redact:\n    name: r\n    middleware: openshell/regex\n    order: 10\n"
        "    config: {mode: redact}\n    on_error: fail_open\n"
        "    endpoints: {include: ['*.github.com'], exclude: [raw.github.com]}\n"
    )
    assert profile(made)["network"][0] == {**GH, "then": "ask"}
    assert told(made)[1:3] == [
        ("asked", "network_middlewares.redact"),
        ("closed", "network_middlewares.redact.on_error"),
    ]


def test_what_is_not_inspected_is_asked_about_where_other_programs_are() -> None:
    def beside(program: str) -> list[dict[str, Any]]:
        where = "    endpoints: [{host: api.github.com, port: 443}]\n"
        rule = f"  git:\n{where}    binaries: [{{path: {program}}}]\n"
        found = profile(brought(endpoint(FULL) + rule))["network"]
        return [
            each for each in found if each.get("program") == [program] and each["program"] != GH["program"]
        ]

    git = "/usr/bin/git"
    assert beside(git) == [{**GH, "program": [git], "then": "ask"}]
    assert beside("/usr/bin/*") == beside("/usr/bin/gh") == []


def test_a_wildcard_allows_one_part_and_denies_any_number() -> None:
    text = f"{FULL}, deny_rules: [{{method: '*', path: /x}}]"
    made = brought(endpoint(text).replace("api.github.com", "'*.github.com'"))
    found = [(each["host"], each.get("then", "allow")) for each in profile(made)["network"]]
    assert found == [("?*.github.com", "allow"), ("*.github.com", "deny"), ("?*.github.com", "deny")]


def test_an_entry_without_programs_is_for_none() -> None:
    for binaries in ("[]", "[{path: '/usr/bin/[ab]'}]"):
        made = brought(endpoint(FULL, binaries))
        assert profile(made)["network"] == CLOSED
        assert ("left-out", "network_policies.gh.endpoints[0]") in told(made)


def test_private_addresses_are_those_that_are_named_and_no_others() -> None:
    made = brought(endpoint(f"{FULL}, allowed_ips: [10.0.0.0/8, 'fd00::/8']"))
    assert profile(made)["egress"] == {
        "private": [{"host": "api.github.com", "addresses": ["10.0.0.0/8", "fd00::/8"]}]
    }
    two = (
        endpoint(f"{FULL}, allowed_ips: [10.0.0.0/8]")
        .replace("    binaries", "    - {host: '*.github.com', port: 80}\n    binaries")
        .replace("endpoints: [{host", "endpoints:\n    - {host")
        .replace("8]}]", "8]}")
    )
    assert "egress" not in profile(brought(two))


def test_presets_go_into_a_policy_and_alone_they_grant_no_file() -> None:
    preset = (
        "preset: {name: npm, description: packages}\nnetwork_policies:\n  npm:\n"
        f"    endpoints: [{{host: npm.test, {REST}, access: read-only}}]\n"
        "    binaries: [{path: /usr/bin/node}]\n"
    )
    both = brought(endpoint(FULL), preset, preset)
    assert [each["host"] for each in profile(both)["network"]] == ["api.github.com", "npm.test"] * 2
    alone = brought(preset)
    assert set(profile(alone)) == {"commands", "network"}
    assert told(alone)[0] == ("left-out", "preset")


WRONG = {
    "version: 1\nnetwork_polices: {}\n": (
        2,
        "unknown key `network_polices`",
        "did you mean `network_policies`?",
    ),
    "version: 2\n": (1, "expected the version of OpenShell's policies, 1, found `2`", ""),
    "network_policies: {}\n": (1, "the key `version` is missing", ""),
    "preset: {name: x}\nfilesystem_policy: {}\n": (2, "unknown key `filesystem_policy`", ""),
    "version: 1\nfilesystem_policy: {read_write: [/]}\n": (2, "all of the machine may be written", ""),
    "version: 1\nfilesystem_policy: {read_only: [/a/../b]}\n": (
        2,
        "expected an absolute path without `..`",
        "",
    ),
    endpoint("port: 443, enforce: true"): (7, "unknown key `enforce`", ""),
    endpoint(f"{FULL}, rules: []"): (7, "both `access` and `rules`", ""),
    endpoint("port: 443, protocol: tcp, access: full"): (
        7,
        "`protocol: tcp` has no requests, and no `access`",
        "",
    ),
    endpoint("port: 443, protocol: mcp, access: full"): (7, "`protocol: mcp` has no `access`", ""),
    endpoint("protocol: rest"): (7, "no port", ""),
    endpoint("port: 0"): (7, "there is no such port", ""),
    endpoint("port: 443, allowed_ips: [10.0.0.1/8]"): (7, "`10.0.0.1/8` is no range of addresses", ""),
    endpoint("port: 443").replace("api.github.com", "'*'"): (7, "`*` is no host", ""),
    endpoint("port: 443").replace("api.github.com", "'*.com'"): (7, "`*.com` is no host", ""),
    endpoint("port: 443").replace("host: api.github.com, ", ""): (7, "an endpoint without a host", ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_openshell_would_refuse_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(PolicyRefused) as caught:
        brought(text)
    line, what, hint = WRONG[text]
    first = caught.value.problems[0]
    assert (first.file, first.line, first.what) == ("0.yaml", line, what) if not hint else True
    assert hint in first.hint and first.hint


def test_more_than_is_imported_is_refused() -> None:
    ports = f"ports: [{', '.join(map(str, range(1, 65)))}], protocol: rest"
    rules = ", ".join(f"{{allow: {{method: GET, path: /{number}}}}}" for number in range(320))
    for text, what in (
        (f"{ports}, rules: [{rules}]", "this comes down to more than 20000 entries"),
        (f"{ports.replace(']', ', 65]')}, access: full", "more than 64 ports"),
    ):
        with pytest.raises(PolicyRefused) as caught:
            brought(endpoint(text))
        assert caught.value.problems[0].what == what


def test_files_that_do_not_go_together_are_refused() -> None:
    preset = endpoint("port: 80").replace("version: 1", "preset: {name: x}", 1)
    preset = "\n".join(each for each in preset.split("\n") if not each.startswith(("file", "landl")))
    for files, what in (
        ((endpoint(FULL), endpoint(FULL)), "1.yaml:1:1: a second policy"),
        ((endpoint(FULL), preset), "1.yaml:4:5: `gh` says something else than at 0.yaml:5"),
    ):
        with pytest.raises(PolicyRefused) as caught:
            brought(*files)
        assert str(caught.value.problems[0]) == what


def test_requests_of_a_more_particular_endpoint_are_not_those_of_others() -> None:
    def hosts(*texts: str) -> list[tuple[str, Any]]:
        several = ", ".join(f"{{host: api.test.example, port: 443{each}}}" for each in texts)
        text = endpoint(FULL).replace(f"{{host: api.github.com, {FULL}}}", several)
        found = profile(brought(text))["network"]
        return [(each.get("then", "allow"), each.get("paths")) for each in found if each.get("paths") != ODD]

    rest = ", protocol: rest, enforcement: enforce, access: full"
    assert hosts(rest, f"{rest}, path: '/v1/**'") == [("ask", None), ("allow", ["/v1", "/v1/**"])]
    assert hosts(f"{rest}, path: '/v1/**'", f"{rest}, path: '/v2/**'") == [
        ("allow", ["/v1", "/v1/**"]),
        ("allow", ["/v2", "/v2/**"]),
    ]
    assert hosts("", f"{rest}, path: /v1") == [("allow", ["/v1"])]


def test_every_key_has_a_case_here() -> None:
    every = " ".join((*(each[0] for each in CASES), Path(__file__).read_text(encoding="utf-8")))
    assert not [key for table in (POLICY, PRESET) for key in _keys(table) if f"{key}:" not in every]


def _keys(shape: Shape | Node) -> Iterator[str]:
    if isinstance(shape, Table):
        for key in shape.keys:
            yield key.name
            yield from _keys(key.shape)
    elif isinstance(shape, ListOf | MapOf):
        yield from _keys(shape.shape)
