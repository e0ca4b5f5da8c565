import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from reporting import HOSTILE, ROOT, inspection, inventory
from ringfence.app.reports import of_inspection, of_inventory, sarif
from ringfence.core.findings import Severity

# The OASIS schema of SARIF 2.1.0, without its descriptions.
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.schema.json").read_text(encoding="utf-8"))


def run_of(text: str) -> dict[str, object]:
    """The only run of the document, after the official schema accepted it."""
    document = json.loads(text)
    Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER).validate(document)
    (run,) = document["runs"]
    return run


def test_the_worst_finding_is_a_result_with_a_rule_a_place_and_a_fingerprint() -> None:
    result = inspection()
    run = run_of(sarif(of_inspection(result, root=ROOT)))
    uri = "models/a%20b/m%25.pkl"
    assert run["results"][0] == {
        "ruleId": "pickle-dangerous-call",
        "ruleIndex": 0,
        "level": "error",
        "message": {
            "text": "Loading the pickle calls something dangerous: a b/m%.pkl!/archive/data.pkl "
            "(os.system('id')). What to do: do not load it"
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%", "index": 0},
                    "region": {
                        "startLine": 1,
                        "startColumn": 1,
                        "endLine": 1,
                        "endColumn": 1,
                        "byteOffset": 7,
                    },
                },
                "logicalLocations": [
                    {
                        "name": "archive/data.pkl",
                        "fullyQualifiedName": "a b/m%.pkl!/archive/data.pkl",
                        "kind": "member",
                    }
                ],
            }
        ],
        "partialFingerprints": {
            "ringfence/v1": result.findings[0].fingerprint,
            "primaryLocationLineHash": result.findings[0].fingerprint,
        },
        "properties": {
            "severity": "critical",
            "confidence": "certain",
            "documentation": "docs/findings.md#pickle-dangerous-call",
        },
    }
    assert run["artifacts"][0] == {
        "location": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "length": 9,
        "hashes": {"sha-256": "a" * 64},
    }
    assert run["properties"] == {
        "verdict": "malicious",
        "reasons": ["pickle-dangerous-call"],
        "leavesOut": ["what the weights make a model do"],
    }


def test_every_rule_says_what_it_means_and_how_grave_it_is_at_worst() -> None:
    rules = run_of(sarif(of_inspection(inspection(), root=ROOT)))["tool"]["driver"]["rules"]
    assert [
        (rule["id"], rule["defaultConfiguration"]["level"], rule["properties"].get("security-severity"))
        for rule in rules
    ] == [
        ("pickle-dangerous-call", "error", "9.5"),
        ("script-attack", "error", "8.0"),
        ("license-unknown", "note", None),
    ]
    assert rules[0]["shortDescription"] == {"text": "Loading the pickle calls something dangerous"}
    assert rules[0]["help"]["markdown"].startswith(
        "**Loading the pickle calls something dangerous.** A pickle"
    )


def test_what_was_not_looked_at_is_told_and_makes_the_run_no_success() -> None:
    (invocation,) = run_of(sarif(of_inspection(inspection(), root=ROOT)))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == [
        "os.system('id'): file not looked at: permission denied"
    ]


def test_what_is_no_file_or_lies_elsewhere_has_an_address_too() -> None:
    run = run_of(sarif(of_inventory(inventory(), root=ROOT)))
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"] for each in run["results"]]
    assert places == [
        {"uri": "0.0.0.0%3A11434", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///home/x%20y"},
    ]
    assert "properties" not in run
    assert run["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("name", ["\udcff\u202e.pkl", "a:b", "%2e%2e", "#?", "\n"])
def test_names_of_any_bytes_become_addresses(name: str) -> None:
    run = run_of(sarif(of_inspection(inspection(name=name), root=ROOT)))
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert not set(uri) & set(" #?:\n")


def test_foreign_text_is_no_link_in_a_message() -> None:
    text = sarif(of_inspection(inspection(text=HOSTILE), root=ROOT))
    assert "](" not in json.dumps([each["message"] for each in run_of(text)["results"]])
    assert "\\u202e" not in text.replace("\\\\u{202e}", "")


def test_an_empty_report_is_valid_and_the_same_report_is_the_same_text() -> None:
    empty = replace(inventory(), listeners=(), agents=(), signals=())
    assert run_of(sarif(of_inventory(empty, root=ROOT)))["results"] == []
    reports = [sarif(of_inspection(inspection(), root=ROOT)) for _ in range(2)]
    assert reports[0] == reports[1]


def test_a_rule_is_as_grave_as_the_worst_of_its_findings() -> None:
    result = inspection()
    mild = replace(result.findings[0], severity=Severity.LOW, fingerprint="0" * 16)
    report = of_inspection(replace(result, findings=(result.findings[0], mild)), root=ROOT)
    (rule,) = run_of(sarif(report))["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert [each["level"] for each in run_of(sarif(report))["results"]] == ["error", "note"]


def test_no_more_results_are_written_than_code_scanning_takes_and_the_rest_is_told() -> None:
    report = of_inspection(inspection(), root=ROOT)
    many = replace(report, findings=(*report.findings, *[report.findings[-1]] * 25_000))
    (run,) = json.loads(sarif(many))["runs"]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["ruleId"] == "pickle-dangerous-call"
    (invocation,) = run["invocations"]
    assert invocation["toolExecutionNotifications"][-1]["message"]["text"] == (
        f"{len(report.findings)} milder results are left out: code scanning takes no more"
    )
