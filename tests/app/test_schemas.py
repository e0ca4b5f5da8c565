import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from schemas import DOCUMENTS, file_name, schema_of

import forked
from ringfence.app.documents import SCHEMA_FOLDER


def ringfence(*arguments: str | Path) -> dict[str, object]:
    done = forked.ringfence(*arguments, "--json", env=os.environ)
    assert done.returncode in (0, 3), done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_shipped_schema_is_made_from_the_values_as_they_are(name: str) -> None:
    shipped = json.loads((SCHEMA_FOLDER / file_name(name)).read_text())
    assert shipped == schema_of(name, DOCUMENTS[name]), "run: python scripts/schemas.py"
    Draft202012Validator.check_schema(shipped)


def validated(name: str, document: dict[str, object]) -> None:
    Draft202012Validator(schema_of(name, DOCUMENTS[name])).validate(document)


def test_what_scan_prints_of_the_demo_and_of_this_machine_fits_its_schema(demo_home: Path) -> None:
    validated("ringfence.scan/1", ringfence("scan", "--home", demo_home, "--no-hash"))
    validated("ringfence.scan/1", ringfence("scan", demo_home / "Downloads" / "model.onnx"))


def test_what_inspect_and_doctor_print_fits_their_schemas(demo_home: Path) -> None:
    validated("ringfence.inspect/1", ringfence("inspect", demo_home / "Downloads" / "holiday.jpg"))
    validated("ringfence.doctor/1", ringfence("doctor"))


def test_a_document_that_lacks_a_key_or_has_one_too_many_does_not_fit(demo_home: Path) -> None:
    document = ringfence("doctor")
    validator = Draft202012Validator(schema_of("ringfence.doctor/1", DOCUMENTS["ringfence.doctor/1"]))
    assert not validator.is_valid({**document, "surprise": 1})
    assert not validator.is_valid({key: value for key, value in document.items() if key != "system"})
