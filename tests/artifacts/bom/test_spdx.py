"""What an SPDX bill says, and that SPDX's own model accepts it."""

from billing import COMMIT, bill, described, full
from ringfence.artifacts.bom import spdx
from ringfence.core.inventory import Skipped
from validating import valid_spdx


def elements(*models, **fields):
    return valid_spdx(spdx(bill(*models, **fields)))


def related(found):
    """(from, kind, to) of every relationship, by the fragments of the ids."""
    return {
        (
            each["from"].partition("#")[2],
            each["relationshipType"],
            *(to.partition("#")[2] for to in each["to"]),
        )
        for each in found.values()
        if each["type"] == "Relationship"
    }


def test_everything_known_of_a_model_is_in_a_valid_document() -> None:
    found = elements(full())
    base = found["model-1"]["spdxId"].removesuffix("model-1")
    assert found["model-1"] == {
        "type": "ai_AIPackage",
        "spdxId": f"{base}model-1",
        "creationInfo": "_:creation",
        "name": "acme/tiny",
        "software_packageVersion": COMMIT,
        "software_primaryPurpose": "model",
        "software_downloadLocation": f"https://huggingface.co/acme/tiny/tree/{COMMIT}",
        "suppliedBy": f"{base}model-1-supplier",
        "releaseTime": "2026-01-02T03:04:05Z",
        "comment": "releaseTime is the time of this document: when the model was released is not known. "
        "Languages: en, no. Asks: have it read.",
        "software_packageUrl": f"pkg:huggingface/acme/tiny@{COMMIT}",
        "ai_domain": ["text-generation"],
        "ai_typeOfModel": ["llama", "LlamaForCausalLM"],
        "ai_hyperparameter": [
            {"type": "DictionaryEntry", "key": key, "value": value}
            for key, value in (
                ("parameters", "9696"),
                ("context_tokens", "512"),
                ("quantization", "Q4_0"),
                ("dtypes", "Q4_0, F32"),
            )
        ],
        "ai_metric": [
            {"type": "DictionaryEntry", "key": "accuracy (Books)", "value": "0.5"},
            {"type": "DictionaryEntry", "key": "f1", "value": "1"},
        ],
        "ai_limitation": "It is tiny.\n\nIt is often wrong.",
    }
    assert found["model-1-supplier"]["name"] == "acme"
    assert found["model-1-file-2"] == {
        "type": "software_File",
        "spdxId": f"{base}model-1-file-2",
        "creationInfo": "_:creation",
        "name": "model.gguf",
        "software_primaryPurpose": "model",
        "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": "a" * 64}],
    }
    assert related(found) == {
        ("model-1", "contains", "model-1-file-1", "model-1-file-2"),
        ("model-1", "hasDeclaredLicense", "license-1"),
        ("model-1", "hasDeclaredLicense", "license-2"),
        ("model-1", "hasConcludedLicense", "license-3"),
        ("model-1", "descendantOf", "model-1-base-1", "model-1-base-2"),
        ("model-1", "trainedOn", "model-1-dataset-1", "model-1-dataset-2"),
    }
    assert found["model-1-base-1"]["software_packageUrl"] == "pkg:huggingface/acme/base"
    assert found["model-1-dataset-1"]["software_downloadLocation"].endswith("/datasets/acme/books")


def test_licenses_are_expressions_with_their_sources_and_custom_names_lead_to_a_text() -> None:
    found = elements(full(), full())
    expressions = {
        key: each["simplelicensing_licenseExpression"]
        for key, each in found.items()
        if each["type"] == "simplelicensing_LicenseExpression"
    }
    assert expressions == {
        "license-1": "MIT",
        "license-2": "Apache-2.0 OR MIT",
        "license-3": "LicenseRef-unknown-Acme-1.0",
    }
    (custom,) = found["license-3"]["simplelicensing_customIdToUri"]
    assert (custom["key"], custom["value"]) == ("LicenseRef-unknown-Acme-1.0", found["text-1"]["spdxId"])
    assert found["model-1-declared-1"]["comment"] == "Stated in: README.md license"


def test_a_known_license_that_spdx_does_not_list_is_named_with_its_address() -> None:
    found = elements(described(effective_license="LicenseRef-scancode-llama-3.1-license-2024"))
    text = found["text-1"]["simplelicensing_licenseText"]
    assert "Llama 3.1" in text
    assert "see http" in text


def test_what_is_not_known_of_a_model_says_so() -> None:
    model = elements(described())["model-1"]
    assert model["software_packageVersion"] == "unknown"
    assert model["software_downloadLocation"].endswith("/NoAssertionElement")
    assert model["suppliedBy"].endswith("#unknown-supplier")
    assert "is not known" in model["comment"]


def test_findings_are_annotations_of_their_model() -> None:
    found = elements(full())
    assert found["model-1-finding-1"]["statement"] == (
        "high out-of-range-data (certain): model.gguf; a tensor ends past the end; do not load it"
    )
    assert found["model-1-finding-2"]["subject"] == found["model-1"]["spdxId"]


def test_the_document_lists_every_element_and_says_when_it_is_incomplete() -> None:
    skipped = (Skipped(kind="file", subject="/somewhere/secret", reason="permission denied", count=2),)
    text = spdx(bill(full(), described(), complete=False, skipped=skipped))
    found = valid_spdx(text)
    assert {id_.partition("#")[2] for id_ in found["document"]["element"]} == found.keys() - {"document"}
    assert [id_.partition("#")[2] for id_ in found["bom"]["rootElement"]] == ["model-1", "model-2"]
    assert found["document"]["comment"] == (
        "Incomplete: a part could not be examined; file, 2: permission denied"
    )
    assert "somewhere" not in text


def test_the_same_content_at_the_same_time_is_the_same_document() -> None:
    assert spdx(bill(full())) == spdx(bill(full()))
    assert spdx(bill(full())) != spdx(bill(described()))
