"""`scan` and `inspect` in every format, over real files: what other tools would be given."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from ringfence.cli.main import main
from ringfence.cli.options import REPORT_FORMATS
from validating import valid_cyclonedx, valid_spdx

TESTS = Path(__file__).parents[1]
SARIF = json.loads((TESTS / "app/reports/sarif-2.1.0.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with a pickle behind its end, and a script that is no part of it."""
    folder = tmp_path / "my models"
    folder.mkdir()
    golden = TESTS / "golden"
    (folder / "m.gguf").write_bytes((golden / "gguf/pickle-behind.gguf").read_bytes())
    (folder / "run.sh").write_bytes((golden / "script/fetch-and-run.sh").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    return folder


def inspected(format_: str) -> str:
    assert main(["inspect", "my models", "--format", format_, "-o", "out"]) == 1
    return Path("out").read_text(encoding="utf-8")


def test_every_format_is_written_to_the_file_and_nothing_else_is_said(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for format_ in REPORT_FORMATS[1:]:
        assert "m.gguf" in inspected(format_), format_
    assert capsys.readouterr() == ("", "")


def test_sarif_is_valid_and_names_files_from_the_working_directory(models: Path) -> None:
    document = json.loads(inspected("sarif"))
    Draft4Validator(SARIF).validate(document)
    (run,) = document["runs"]
    found = {
        (each["ruleId"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        for each in run["results"]
    }
    assert ("pickle-unknown-call", "my%20models/m.gguf") in found
    assert ("script-attack", "my%20models/run.sh") in found
    assert {each["location"]["uri"]: bool(each.get("hashes")) for each in run["artifacts"]} == {
        "my%20models/m.gguf": True,
        "my%20models/run.sh": False,
    }


def test_bills_hold_what_judging_found_in_models_and_beside_them(models: Path) -> None:
    document = valid_cyclonedx(inspected("cyclonedx"))
    affected = {(each["id"], each["affects"][0]["ref"]) for each in document["vulnerabilities"]}
    assert ("pickle-unknown-call", "model-1/file-1") in affected
    assert ("script-attack", "file-1") in affected
    model, *others = document["components"]
    assert {"name": "ringfence:verdict", "value": "suspicious"} in model["properties"]
    assert others == [{"type": "file", "bom-ref": "file-1", "name": "run.sh"}]

    elements = valid_spdx(inspected("spdx"))
    about = {
        each["statement"].split(" ")[1]: each["subject"].partition("#")[2]
        for each in elements.values()
        if each["type"] == "Annotation"
    }
    assert about["pickle-unknown-call"] == "model-1-file-1"
    assert about["script-attack"] == "file-1"


def test_nothing_counts_twice_in_a_bill(models: Path) -> None:
    document = valid_cyclonedx(inspected("cyclonedx"))
    told = [each["detail"] for each in document["vulnerabilities"] if each["id"] == "trailing-data"]
    assert len(told) == 1


def test_a_bill_of_what_holds_no_model_is_valid_and_empty_of_models(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.remove(models / "m.gguf")
    document = valid_cyclonedx(inspected("cyclonedx"))
    assert [each["type"] for each in document["components"]] == ["file"]
    assert valid_spdx(inspected("spdx"))["file-1"]["name"] == "run.sh"


@pytest.mark.parametrize("format_", REPORT_FORMATS[1:])
def test_a_scan_is_written_in_every_format(
    models: Path, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--no-listeners", "--no-processes", "--judge"]
    assert main(["scan", "my models", *options, "--format", format_]) in (0, 3)
    shown = capsys.readouterr().out
    assert "pickle-unknown-call" in shown
    match format_:
        case "sarif":
            Draft4Validator(SARIF).validate(json.loads(shown))
        case "cyclonedx":
            valid_cyclonedx(shown)
        case "spdx":
            valid_spdx(shown)


@pytest.mark.parametrize("command", [["inspect", "my models"], ["scan", "my models"]])
def test_a_table_is_not_written_to_a_file(
    models: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "-o", "out"]) == 2
    assert "ringfence: hint: say which, for example --format html" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_file_that_cannot_be_written_is_an_error_with_a_hint(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "my models", "--json", "-o", "none/out"]) == 2
    shown = capsys.readouterr().err
    assert "ringfence: error: none/out: no such file or directory\n" in shown
