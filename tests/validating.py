"""Whether a bill of materials is what its format's own makers accept."""

import io
import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_python_model import load_data

__all__ = ["valid_cyclonedx", "valid_spdx"]


def valid_cyclonedx(text: str) -> dict[str, object]:
    """The document, after the official JSON schema of the version that it names, formats included."""
    document = json.loads(text)
    error = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(text)
    assert error is None, error.data
    refs = [each["bom-ref"] for each in _objects(document) if "bom-ref" in each]
    assert len(refs) == len(set(refs)), "two things share a bom-ref"
    return document


def valid_spdx(text: str) -> dict[str, dict[str, object]]:
    """The elements by the fragment of their ids, after SPDX's own model of 3.0.1 took them in and out.

    The model knows types, values and most counts; what the AI profile asks for beyond is checked here.
    """
    document = json.loads(text)
    model, objects = load_data(document)
    assert objects.missing_ids == set()
    model.JSONLDSerializer().write(objects, io.BytesIO())
    elements = {each["spdxId"].partition("#")[2]: each for each in document["@graph"] if "spdxId" in each}
    assert len(elements) == len(document["@graph"]) - 1, "two elements share an id"
    for each in elements.values():
        if each["type"] == "ai_AIPackage":
            missing = _AI_PACKAGE - each.keys()
            assert not missing, missing
    return elements


_AI_PACKAGE = {
    "releaseTime",
    "suppliedBy",
    "software_downloadLocation",
    "software_packageVersion",
    "software_primaryPurpose",
}


def _objects(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
