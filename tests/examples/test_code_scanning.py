"""The workflow that hands a report to code scanning: its own lines are run, and their report is taken.

Source: GitHub's documentation, SARIF support for code scanning: what it needs, and how much of it.
"""

import gzip
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pytest
import yaml
from jsonschema import Draft4Validator

from ringfence.app.demo.entries import shipped

TOP = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((TOP / "examples/github-action/code-scanning.yml").read_text())
STEPS = WORKFLOW["jobs"]["inspect"]["steps"]
SCHEMA = json.loads((TOP / "tests/app/reports/sarif-2.1.0.schema.json").read_text())


class Echo:
    """Runs something harmless when it is loaded, which nothing here does."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    tree = tmp_path / "work"
    (tree / "models").mkdir(parents=True)
    (tree / "models" / "a b.safetensors").write_bytes(shipped("embedder.safetensors"))
    return tree


def job(tree: Path) -> tuple[int, Path]:
    """Runs the job's own lines as a runner does; the exit status of the last, and the report."""
    temp = tree.parent / "temp"
    temp.mkdir()
    output = temp / "output"
    output.touch()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tree.parent),
        "LANG": "C.UTF-8",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tree),
        "GITHUB_OUTPUT": str(output),
        "RUNNER_TEMP": str(temp),
    }
    status = 0
    for step in (each for each in STEPS if "run" in each):
        assert "${{" not in step["run"]
        said = dict(line.split("=", 1) for line in output.read_text().splitlines())
        named = {"${{ steps.inspect.outputs.status }}": said.get("status", "")}
        more = {key: named[text] for key, text in step.get("env", {}).items()}
        script = temp / "step.sh"
        script.write_text(step["run"])
        status = subprocess.run(
            ["bash", "-e", script], cwd=tree, env=environment | more, capture_output=True, check=False
        ).returncode
        if status:
            break
    return status, temp / "ringfence.sarif"


def taken(report: Path) -> list[dict[str, object]]:
    """The results, after everything that code scanning asks of a document was looked at."""
    data = report.read_bytes()
    assert len(gzip.compress(data)) <= 10 * 1024 * 1024
    document = json.loads(data)
    Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER).validate(document)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "ringfence"
    for rule in driver["rules"]:
        assert 0 < len(rule["id"]) <= 255
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert len(rule["properties"]["tags"]) <= 20
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert not PurePosixPath(unquote(place["artifactLocation"]["uri"])).is_absolute()
        assert {"startLine", "startColumn", "endLine", "endColumn"} <= place["region"].keys()
    results: list[dict[str, object]] = run["results"]
    return results


def test_a_tree_of_good_models_passes_with_a_report(checkout: Path) -> None:
    status, report = job(checkout)
    assert status == 0
    assert [each["level"] for each in taken(report) if each["level"] != "note"] == []


def test_a_tree_with_a_malicious_file_is_reported_and_then_fails(checkout: Path) -> None:
    (checkout / "models" / "evil model.pkl").write_bytes(pickle.dumps(Echo()))
    status, report = job(checkout)
    assert status == 1
    worst = taken(report)[0]
    assert (worst["ruleId"], worst["level"]) == ("pickle-dangerous-call", "error")
    (location,) = worst["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "models/evil%20model.pkl"


def test_the_report_is_handed_in_before_the_build_fails() -> None:
    names = [each.get("uses", each.get("name", "")).split("@")[0] for each in STEPS]
    at = names.index("github/codeql-action/upload-sarif")
    assert names[at + 1 :] == ["Fail on what is suspicious"]
    assert names[at - 1] == "Inspect the models"
    assert STEPS[at]["with"]["sarif_file"] == "${{ runner.temp }}/ringfence.sarif"
    assert WORKFLOW["permissions"] == {"contents": "read", "security-events": "write"}
