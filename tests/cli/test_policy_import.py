"""`ringfence policy import openshell` as people run it: whole processes, what they print and how they end."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ringfence.app.documents import SCHEMA_FOLDER
from running_policy import policy

BASE = """\
version: 1
filesystem_policy: {include_workdir: true, read_only: [/usr, /lib, /etc], read_write: [/tmp]}
landlock: {compatibility: hard_requirement}
network_policies:
  gh:
    endpoints:
      - {host: api.github.com, port: 443, protocol: rest, access: read-only,
         deny_rules: [{method: "*", path: "/repos/*/rulesets"}]}
    binaries: [{path: /usr/bin/gh}]
"""
PRESET = """\
preset: {name: npm, description: packages}
network_policies:
  npm:
    endpoints: [{host: registry.test.example, port: 443, access: full}]
    binaries: [{path: /usr/bin/node}]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "npm.yaml").write_text(PRESET)
    return tmp_path


def importing(home: Path, *arguments: str) -> tuple[int, str, str]:
    done = policy("import", "openshell", *arguments, home=home)
    return done.returncode, done.stdout, done.stderr


def test_the_policy_is_printed_alone_and_what_became_stricter_beside_it(home: Path) -> None:
    code, printed, told = importing(home, "base.yaml", "npm.yaml", "--agent", "claude")
    assert code == 0
    (home / "ringfence.yaml").write_text(printed)
    checked = policy("check", "ringfence.yaml", home=home)
    assert (checked.returncode, checked.stdout) == (0, "ringfence.yaml: good; 11 rules\n")
    assert '{"host": "api.github.com", "port": 443, "methods": ["GET", "HEAD", "OPTIONS"]' in printed
    assert printed.count('"host": "registry.test.example"') == 2
    assert told.startswith("2 imported: 5 entries\n\nClosed: weaker there than here")
    assert "(`audit`), which is" in told
    assert "base.yaml:7 network_policies.gh.endpoints[0].enforcement" in told
    assert "WITHOUT `protocol` THE RULES COUNT FOR NOTHING" in told
    assert "npm.yaml:4 network_policies.npm.endpoints[0].access" in told


def test_a_file_is_written_once_and_its_report_printed(home: Path) -> None:
    code, printed, told = importing(home, "base.yaml", "-o", "ringfence.yaml")
    assert (code, told, printed.splitlines()[0]) == (0, "", "1 imported: 3 entries")
    first = (home / "ringfence.yaml").read_text()
    assert first == importing(home, "base.yaml")[1]
    code, printed, told = importing(home, "npm.yaml", "-o", "ringfence.yaml")
    assert (code, printed) == (2, "")
    assert "there is something already" in told
    assert (home / "ringfence.yaml").read_text() == first


def test_the_document_has_every_line_and_the_policy(home: Path) -> None:
    code, printed, told = importing(home, "base.yaml", "--format", "json")
    document = json.loads(printed)
    Draft202012Validator(json.loads((SCHEMA_FOLDER / "policy-import-1.json").read_text())).validate(document)
    assert (code, told, document["files"], document["agent"]) == (0, "", ["base.yaml"], "*")
    assert document["policy"] == importing(home, "base.yaml")[1]
    assert document["lines"][0] == {
        "came": "left-out",
        "key": "filesystem_policy.read_only[2]",
        "at": "base.yaml:2",
        "there": "`/etc` is given",
        "here": "of settings a box has those that programs need",
    }


def test_an_unknown_key_is_told_with_its_place_and_nothing_is_printed(home: Path) -> None:
    (home / "base.yaml").write_text(BASE.replace("access:", "acess:"))
    assert importing(home, "base.yaml", "-o", "ringfence.yaml") == (
        1,
        "",
        "ringfence: error: base.yaml:7:59: unknown key `acess`\nringfence: hint: did you mean `access`?\n",
    )
    assert not (home / "ringfence.yaml").exists()


def test_a_preset_without_a_policy_is_a_policy_that_gives_no_file(home: Path) -> None:
    code, printed, told = importing(home, "npm.yaml", "--agent", "claude")
    assert (code, " files:" in printed) == (0, False)
    assert "no file is granted: name the policy that it goes into as well\n    npm.yaml:1 preset" in told
    (home / "ringfence.yaml").write_text(printed)
    assert policy("check", "ringfence.yaml", home=home).returncode == 0


def test_a_preset_with_an_unknown_key_and_two_policies_are_refused(home: Path) -> None:
    (home / "npm.yaml").write_text(PRESET.replace("preset:", "presett: 1\npreset:"))
    for files, what in (
        (("npm.yaml",), "unknown key `presett`"),
        (("base.yaml", "base.yaml"), "a second policy"),
    ):
        code, printed, told = importing(home, *files)
        assert (code, printed) == (1, "")
        assert what in told.splitlines()[0]


def test_what_cannot_be_asked_is_refused(home: Path) -> None:
    assert importing(home, "none.yaml")[0] == 3
    code, printed, told = importing(home, "base.yaml", "--agent", "[a]")
    assert (code, printed, told.splitlines()[0]) == (
        2,
        "",
        "ringfence: error: `[` means nothing in a pattern",
    )
