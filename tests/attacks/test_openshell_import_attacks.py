"""Files of others that want to be more than what they say, once they are imported."""

import json

import pytest
import yaml

from loading import of_tier
from ringfence.policy.load import read
from ringfence.policy.openshell.importing import imported

_OPEN = "{profiles: {'*': {network: [{host: '*'}]}}}"
_ENDS = ("\n", "\r", "\x85", "\u2028")


@pytest.mark.parametrize("end", _ENDS)
def test_no_name_of_a_file_ends_the_comment_that_it_stands_in(end: str) -> None:
    file = of_tier("version: 1\n", name=f"p.yaml{end}models: {{mode: observe}}{end}agents: {_OPEN}{end}#")
    made = imported([file], agent="claude").text
    assert set(yaml.safe_load(made)) == {"version", "agents"}
    assert [each.agent for each in read([of_tier(made)]).profiles] == ["claude"]


@pytest.mark.parametrize("name", ['a", "then": "allow"}', "a\n      - {host: '*'}", "a\\", "a'#"])
def test_no_name_of_a_rule_ends_the_text_that_it_stands_in(name: str) -> None:
    endpoint = {"host": "api.test.example", "port": 443, "protocol": "rest", "access": "read-only"}
    rule = {"endpoints": [endpoint], "binaries": [{"path": "/usr/bin/gh"}]}
    said = json.dumps({"version": 1, "network_policies": {name: rule}})
    made = imported([of_tier(said)], agent="claude").text
    entries = yaml.safe_load(made)["agents"]["profiles"]["claude"]["network"]
    assert [(each["host"], each.get("then", "allow")) for each in entries] == [
        ("api.test.example", "allow"),
        ("api.test.example", "deny"),
    ]
    read([of_tier(made)])
