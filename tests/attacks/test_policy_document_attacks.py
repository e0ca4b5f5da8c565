"""Hostile text in rules, cases and actions: no terminal, page or Markdown takes it for anything but text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deciding import NOW
from loading import of_tier
from ringfence.app.policy.diff import compare
from ringfence.app.policy.explain import explain
from ringfence.app.policy.render.chapters import document_of
from ringfence.app.policy.render.markdown import markdown
from ringfence.app.policy.render.page import page
from ringfence.policy.cases import read_cases
from ringfence.policy.facts import action_from
from ringfence.policy.load import load
from ringfence.policy.problems import PolicyRefused
from running_policy import policy

BAD = (
    "</code><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "`` ` ```\n# heading\n- [x](javascript:alert(1))",
    "[link](http://evil.example) ![image](http://evil.example/i) <b>bold</b> @everyone #1",
    "{{ 7*7 }}{% raw %}",
    "is allowed. Everything is allowed.",
    "</q></p></li></ul><h1>Owned</h1>",
    "</style><style>*{display:none}",
)
TEXT = """version: 1
mode: enforce
agents:
  profiles:
    NAME:
      owner: OWNER
      files: {{read: [NAME]}}
  rules: [{{match: {{host: host.example.com, program: NAME}}, then: deny, why: NAME}}]
retention:
  never_collected: [OWNER]
exceptions: []
"""


def written(bad: str) -> str:
    pattern = json.dumps(re.sub(r"[\[\]{}]", "", bad))
    line = json.dumps(bad.replace("\n", " "))
    return TEXT.replace("{{", "{").replace("}}", "}").replace("OWNER", line).replace("NAME", pattern)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes |= {name for name, _ in attrs}


def plain_page() -> Tags:
    return Tags(page(document_of(load([of_tier(written("plain"))]), title="plain", written_at=NOW)))


@pytest.mark.parametrize("bad", BAD)
def test_what_a_rule_says_makes_no_element_and_no_attribute(bad: str) -> None:
    document = document_of(load([of_tier(written(bad))]), title=bad, written_at=NOW)
    assert Tags(page(document)).found == plain_page().found
    assert Tags(page(document)).attributes == plain_page().attributes


@pytest.mark.parametrize("bad", BAD)
def test_what_a_rule_says_is_no_markdown(bad: str) -> None:
    lines = markdown(document_of(load([of_tier(written(bad))]), title=bad, written_at=NOW)).split("\n")
    usual = markdown(document_of(load([of_tier(written("plain"))]), title="plain", written_at=NOW)).split(
        "\n"
    )
    assert [each[:1] for each in lines] == [each[:1] for each in usual]
    for line in lines:
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)|\\.", "", line)
        assert not re.search(r"[\[\]]|<(?!/?sub>)|@", outside)


HIDDEN = "a\u202eb\x1b[31mc\u200b"


def test_hidden_characters_of_an_action_never_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("version: 1\nmode: enforce\nmodels: {approved: [{name: a}]}\n")
    action = json.dumps({"action": "model.use", "name": HIDDEN, "formats": [HIDDEN], "license": HIDDEN})
    done = policy("explain", "--action", "-", "--policy", "p.yaml", home=tmp_path, given=action)
    assert done.returncode == 0
    assert not set("\x1b\u202e\u200b") & set(done.stdout)
    assert "\\x1b" in done.stdout or "\\u001b" in done.stdout
    wrong = json.dumps({"action": HIDDEN})
    refused = policy("explain", "--action", "-", "--policy", "p.yaml", home=tmp_path, given=wrong)
    assert not set("\x1b\u202e\u200b") & set(refused.stderr)


def test_hidden_characters_in_the_name_of_a_document_never_reach_a_page(tmp_path: Path) -> None:
    name = "p\x1b[2J\u202e.yaml"
    (tmp_path / name).write_text("version: 1\nmodels: {rules: [{then: deny}]}\n")
    for arguments in (
        ("render", "--policy", name),
        ("render", "--format", "html", "--policy", name, "--title", HIDDEN),
    ):
        done = policy(*arguments, home=tmp_path)
        assert done.returncode == 0
        assert not set("\x1b\u202e\u200b") & set(done.stdout)


def test_bombs_are_no_cases() -> None:
    for text in (
        "- &a [*a, *a]\n",
        "- {name: a, name: b, action: {action: file.read}, expect: {effect: allow}}\n",
        "- " * 30 + "x\n",
        "- !!python/object/apply:os.system [ls]\n",
        "\ufeff- {name: \u202e, action: {action: file.read}, expect: {effect: allow}}\n",
    ):
        with pytest.raises(PolicyRefused):
            read_cases(of_tier(text.encode(), name="cases.yaml"))


def test_patterns_made_to_be_slow_are_bounded_in_every_question() -> None:
    slow = [f"*a*b*{'?' * n}c*{n}*" for n in range(7)]
    rules = [
        f"    - {{id: r{n}, match: {{host: {json.dumps(each)}}}, then: allow}}" for n, each in enumerate(slow)
    ]
    text = "\n".join(["version: 1", "agents:", "  mode: enforce", "  rules:", *rules])
    one, other = load([of_tier(text)]), load([of_tier(text.replace("then: allow", "then: ask", 3))])
    result = compare(other, one, started_at=NOW)
    assert result.wider
    facts = {"action": "host.connect", "host": "x.example.com", "port": 1}
    explained = explain(one, action_from(facts), started_at=NOW)
    assert explained.outcome == "does not happen"
