"""`ringfence policy explain`, `test`, `diff` and `render` as people run them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from raw_headers import safetensors
from ringfence.app.documents import SCHEMA_FOLDER
from running_policy import policy

POLICY = """version: 1
mode: enforce
models:
  approved:
    - {id: small, name: small-*, verdict: {at_most: unknown}}
agents:
  profiles:
    claude:
      files: {write: ["src/**"]}
      network:
        - {id: api, host: api.example.com, port: 443, methods: [POST], paths: [/v1/messages]}
"""
ACTION = {
    "action": "http.request",
    "agent": "claude",
    "host": "api.example.com",
    "port": 443,
    "method": "GET",
    "path": "/v1/messages",
}
CASES = """- name: claude asks its model
  action: {action: host.connect, agent: claude, host: api.example.com, port: 443}
  expect: {effect: allow, rule: api}
- name: claude writes anywhere
  action: {action: file.write, agent: claude, path: docs/a}
  expect:
    effect: allow
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "a.json").write_text(json.dumps(ACTION))
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "agents.yaml").write_text(CASES)
    return tmp_path


def fits(name: str, text: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(text)
    Draft202012Validator(json.loads((SCHEMA_FOLDER / name).read_text())).validate(document)
    return document


def test_explain_says_why_and_what_would_turn_it(home: Path) -> None:
    done = policy("explain", "--action", "a.json", "--policy", "p.yaml", home=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "deny: sending a web request does not happen (enforce)\n"
        '  action: "http.request"\n'
        '  agent: "claude"\n'
        '  host: "api.example.com"\n'
        "  port: 443\n"
        '  method: "GET"\n'
        '  path: "/v1/messages"\n'
        "\n"
        "Why  1\n"
        "  agents deny (enforce)  no rule decided\n"
        "    p.yaml:2\n"
        "    api:http (p.yaml:11) would allow it\n"
        '      - the method is `POST`; it is "GET"\n'
        "\n"
        "What would turn it  1\n"
        '  allow if method were "POST" instead of "GET"\n'
        "      api:http  p.yaml:11\n"
    )


def test_explain_writes_a_document_that_fits_its_schema(home: Path) -> None:
    given = json.dumps(ACTION | {"method": "POST"})
    done = policy("explain", "--action", "-", "--policy", "p.yaml", "--json", home=home, given=given)
    document = fits("policy-explain-1.json", done.stdout)
    assert (document["effect"], document["outcome"], document["complete"]) == ("allow", "happens", True)
    (section,) = document["sections"]  # type: ignore[misc]
    assert (section["rule"], section["at"]) == ("api:http", "p.yaml:11")
    assert [each["holds"] for each in section["conditions"]] == [True] * 6


def test_explain_decides_as_for_a_box_where_it_is_told_to(home: Path) -> None:
    (home / "p.yaml").write_text(POLICY.replace("mode: enforce", "mode: observe"))
    found = []
    for more in ((), ("--in-box",)):
        done = policy("explain", "--action", "a.json", *more, "--policy", "p.yaml", "--json", home=home)
        told = fits("policy-explain-1.json", done.stdout)
        found.append((told["outcome"], [each["changes"][0]["fact"] for each in told["turns"]]))
    assert found == [("happens", []), ("does not happen", ["method"])]


def test_explain_takes_a_model_as_it_is(home: Path) -> None:
    (home / "large.safetensors").write_bytes(
        safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
    )
    done = policy("explain", "--artifact", "large.safetensors", "--policy", "p.yaml", "--json", home=home)
    document = fits("policy-explain-1.json", done.stdout)
    assert document["facts"]["verdict"] == "clean"  # type: ignore[index]
    assert document["facts"]["purpose"] == "experiment"  # type: ignore[index]
    near = document["sections"][0]["near"]  # type: ignore[index]
    assert [(each["rule"], [one["fact"] for one in each["lacks"]]) for each in near] == [("small", ["name"])]


def test_explain_takes_facts_as_cases_do(home: Path) -> None:
    given = '{"action": "model.use", "name": "small-1", "size": 5, "verdict": "clean"}'
    done = policy("explain", "--action", "-", "--policy", "p.yaml", "--json", home=home, given=given)
    document = fits("policy-explain-1.json", done.stdout)
    assert document["facts"]["size_bytes"] == 5  # type: ignore[index]
    said = {each["section"]: each["rule"] for each in document["sections"]}  # type: ignore[attr-defined]
    assert said["models"] == "small"


def test_explain_refuses_what_is_no_action(home: Path) -> None:
    for given, what in (
        ("[]", "-: no JSON object"),
        ('{"action": "model.uze"}', "`model.uze` is no type of action"),
        ('{"action": "file.read", "path": "a", "pat": 1}', "file.read has no fact `pat`"),
        ("{", "-: "),
    ):
        done = policy("explain", "--action", "-", "--policy", "p.yaml", home=home, given=given)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"ringfence: error: {what}")
    assert policy("explain", "--action", "no.json", "--policy", "p.yaml", home=home).returncode == 3
    assert policy("explain", "--policy", "p.yaml", home=home).returncode == 2


def test_test_tells_what_came_out_otherwise_as_a_difference(home: Path) -> None:
    done = policy("test", "cases", "--policy", "p.yaml", home=home)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "cases/agents.yaml:4: claude writes anywhere\n"
        "  - effect: allow  (cases/agents.yaml:7)\n"
        "  + effect: deny  (p.yaml:2)\n"
        "1 passed, 1 failed\n"
        "\n"
        "Rules that no case reaches  3 of 4\n"
        "  small  p.yaml:5\n"
        "  agents:9  p.yaml:9\n"
        "  api:http  p.yaml:11\n"
    )


def test_test_fails_on_rules_that_no_case_reaches_when_asked(home: Path) -> None:
    (home / "one.yaml").write_text("\n".join(CASES.split("\n")[:3]))
    assert policy("test", "one.yaml", "--policy", "p.yaml", home=home).returncode == 0
    done = policy("test", "one.yaml", "--policy", "p.yaml", "--fail-on", "uncovered", "--json", home=home)
    assert done.returncode == 1
    document = fits("policy-test-1.json", done.stdout)
    assert (document["passed"], len(document["uncovered"])) == (1, 3)  # type: ignore[arg-type]


def test_test_tells_what_is_wrong_with_cases_and_never_passes_them(home: Path) -> None:
    (home / "bad.yaml").write_text(
        "- {name: a, action: {action: file.read, path: x}, expect: {efect: allow}}\n"
    )
    done = policy("test", "bad.yaml", "--policy", "p.yaml", home=home)
    assert done.returncode == 1
    assert "bad.yaml:1:60: unknown key `efect`\n    did you mean `effect`?\n" in done.stdout
    (home / "empty").mkdir()
    assert policy("test", "empty", "--policy", "p.yaml", home=home).returncode == 3


def test_diff_says_what_becomes_possible_and_by_which_rule(home: Path) -> None:
    (home / "new.yaml").write_text(POLICY.replace("/v1/messages", "/v1/**").replace("src/**", "src/a/**"))
    done = policy("diff", "p.yaml", "new.yaml", home=home)
    assert (done.returncode, done.stderr) == (1, "")
    words = " ".join(done.stdout.split())
    assert words.startswith(
        "Possible now, and not before 1 + sending a web request if the agent is `claude`, the host is "
        "`api.example.com`, the port is `443`, the method is `POST` and the path is `/v1/**` "
        "before: does not happen, by the section's mode (deny, enforce). p.yaml:2 "
        "after: happens, by rule api:http (allow, enforce). new.yaml:11"
    )
    assert (
        "Possible before, and not now 1 - changing a file if the agent is `claude` and the path is" in words
    )
    document = fits("policy-diff-1.json", policy("diff", "p.yaml", "new.yaml", "--json", home=home).stdout)
    assert (document["wider"], document["complete"]) == (True, True)


def test_diff_of_what_only_restricts_ends_well(home: Path) -> None:
    (home / "new.yaml").write_text(POLICY.replace("src/**", "src/a/**"))
    assert policy("diff", "p.yaml", "new.yaml", home=home).returncode == 0
    same = policy("diff", "p.yaml", "p.yaml", home=home)
    assert (same.returncode, same.stdout) == (
        0,
        "nothing is possible that was not, and nothing is not that was\n",
    )
    assert policy("diff", "p.yaml", "no.yaml", home=home).returncode == 3


def test_render_writes_a_page_and_a_text(home: Path) -> None:
    done = policy("render", "--policy", "p.yaml", "--format", "html", "-o", "p.html", home=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "<h1>Acceptable use of AI</h1>" in (home / "p.html").read_text()
    text = policy("render", "--policy", "p.yaml", "--title", "AI & <us>", home=home).stdout
    assert text.startswith("# AI \\& \\<us\\>\n")
    assert "Changing a file **is allowed** if the agent is `claude` and the path is `src/**`." in text
    assert policy("render", "--policy", "p.yaml", "-o", "no/p.md", home=home).returncode == 2


def test_without_a_document_that_is_named_the_policy_is_the_one_found_here(home: Path) -> None:
    done = policy("render", home=home)
    assert "- built in: `built-in`" in done.stdout
