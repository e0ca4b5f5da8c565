"""What a CycloneDX bill says, and that CycloneDX's own schema accepts it."""

import pytest
from cyclonedx.schema import SchemaVersion

from billing import COMMIT, bill, described, full
from ringfence.artifacts.bom import cyclonedx
from ringfence.artifacts.description import Description
from ringfence.core.digests import Sha256
from ringfence.core.inventory import Skipped
from ringfence.core.models import LicenseClaim, ModelFile
from validating import valid_cyclonedx


def component(*models, version="1.6", **fields):
    return valid_cyclonedx(cyclonedx(bill(*models, **fields), version=version))["components"][0]


def properties(of):
    return {each["name"].removeprefix("ringfence:"): each["value"] for each in of["properties"]}


@pytest.mark.parametrize("version", ["1.6", "1.7"])
def test_everything_known_of_a_model_is_in_a_valid_document(version: str) -> None:
    document = valid_cyclonedx(cyclonedx(bill(full(), described()), version=version))
    model = document["components"][0]
    files, evidence, card = model.pop("components"), model.pop("evidence"), model.pop("modelCard")
    assert model == {
        "type": "machine-learning-model",
        "bom-ref": "model-1",
        "name": "acme/tiny",
        "version": COMMIT,
        "publisher": "acme",
        "hashes": [{"alg": "SHA-256", "content": "a" * 64}],
        "licenses": [{"license": {"name": "LicenseRef-unknown-Acme-1.0", "acknowledgement": "concluded"}}],
        "purl": f"pkg:huggingface/acme/tiny@{COMMIT}",
        "pedigree": {
            "ancestors": [
                {
                    "type": "machine-learning-model",
                    "bom-ref": "model-1/base-1",
                    "name": "acme/base",
                    "purl": "pkg:huggingface/acme/base",
                },
                {
                    "type": "machine-learning-model",
                    "bom-ref": "model-1/base-2",
                    "name": "https://example.com/another",
                },
            ]
        },
        "externalReferences": [
            {"type": "distribution", "url": f"https://huggingface.co/acme/tiny/tree/{COMMIT}"}
        ],
        "properties": [
            {"name": "ringfence:size_bytes", "value": "4077"},
            {"name": "ringfence:id", "value": full().model.id},
            {"name": "ringfence:store", "value": "huggingface"},
            {"name": "ringfence:obligation:review-before-use", "value": "have it read"},
        ],
    }
    assert [(each["type"], each["name"], each["hashes"]) for each in files] == [
        ("file", "README.md", [{"alg": "SHA-256", "content": "b" * 64}]),
        ("file", "model.gguf", [{"alg": "SHA-256", "content": "a" * 64}]),
    ]
    assert properties(files[1]) == {
        "size_bytes": "4000",
        "format": "gguf",
        "architecture": "llama",
        "parameters": "9696",
        "quantization": "Q4_0",
        "dtypes": "Q4_0, F32",
        "context_tokens": "512",
    }
    assert [
        (each["license"].get("id") or each["license"]["name"], each["license"].get("acknowledgement"))
        for each in evidence["licenses"]
    ] == [("MIT", "declared"), ("Apache-2.0 OR MIT", "declared"), ("LicenseRef-unknown-Acme-1.0", None)]
    assert [properties(each["license"]) for each in evidence["licenses"]] == [
        {"source": "README.md license"},
        {"source": "GGUF general.license"},
        {"source": "base model acme/base"},
    ]
    assert card == {
        "modelParameters": {
            "task": "text-generation",
            "architectureFamily": "llama",
            "modelArchitecture": "LlamaForCausalLM",
            "datasets": [
                {
                    "type": "dataset",
                    "bom-ref": "model-1/dataset-1",
                    "name": "acme/books",
                    "contents": {"url": "https://huggingface.co/datasets/acme/books"},
                },
                {"type": "dataset", "bom-ref": "model-1/dataset-2", "name": "letters of my aunt"},
            ],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [
                {"type": "accuracy", "value": "0.5", "slice": "Books"},
                {"type": "f1", "value": "1"},
            ]
        },
        "considerations": {"technicalLimitations": ["It is tiny.", "It is often wrong."]},
        "properties": [
            {"name": "ringfence:parameters", "value": "9696"},
            {"name": "ringfence:context_tokens", "value": "512"},
            {"name": "ringfence:quantization", "value": "Q4_0"},
            {"name": "ringfence:dtypes", "value": "Q4_0, F32"},
            {"name": "ringfence:language", "value": "en"},
            {"name": "ringfence:language", "value": "no"},
        ],
    }


def test_a_finding_about_bytes_is_a_vulnerability_of_its_file_and_one_about_terms_an_annotation() -> None:
    document = valid_cyclonedx(cyclonedx(bill(full()), version="1.6"))
    (found,) = document["vulnerabilities"]
    assert properties(found).keys() == {"confidence", "fingerprint", "documentation", "offset"}
    del found["properties"]
    assert found == {
        "bom-ref": "model-1/finding-1",
        "id": "out-of-range-data",
        "source": {"name": "ringfence"},
        "description": "A tensor lies outside the file",
        "ratings": [{"source": {"name": "ringfence"}, "severity": "high", "method": "other"}],
        "detail": "model.gguf: a tensor ends past the end",
        "recommendation": "do not load it",
        "affects": [{"ref": "model-1/file-2"}],
    }
    (noted,) = document["annotations"]
    assert noted == {
        "bom-ref": "model-1/finding-2",
        "subjects": ["model-1"],
        "annotator": {"component": {"type": "application", "name": "ringfence", "version": "1.2.3"}},
        "timestamp": "2026-01-02T03:04:05Z",
        "text": "medium license-conflict: acme/tiny: MIT (README.md license); ask the publisher",
    }


@pytest.mark.parametrize(
    ("expression", "licenses"),
    [
        (None, None),
        ("Apache-2.0", [{"license": {"id": "Apache-2.0", "acknowledgement": "concluded"}}]),
        ("LicenseRef-unknown", [{"license": {"name": "LicenseRef-unknown", "acknowledgement": "concluded"}}]),
        ("MIT AND Apache-2.0", [{"expression": "MIT AND Apache-2.0", "acknowledgement": "concluded"}]),
        (
            "GPL-2.0-only WITH Classpath-exception-2.0",
            [
                {
                    "license": {
                        "name": "GPL-2.0-only WITH Classpath-exception-2.0",
                        "acknowledgement": "concluded",
                    }
                }
            ],
        ),
        (
            "no such thing",
            [{"license": {"name": "LicenseRef-unknown-no-such-thing", "acknowledgement": "concluded"}}],
        ),
    ],
)
def test_only_what_spdx_lists_is_a_license_id(expression: str | None, licenses: object) -> None:
    assert component(described(effective_license=expression)).get("licenses") == licenses


def test_every_license_that_ringfence_takes_for_listed_is_in_the_schemas_list() -> None:
    from ringfence.artifacts.licenses.spdx import _licensing

    names = [key for key, known in _licensing().known_symbols.items() if not known.is_exception]
    claims = tuple(LicenseClaim(expression=name, source="test") for name in names)
    for version in ("1.6", "1.7"):
        found = component(described(licenses=claims), version=version)["evidence"]["licenses"]
        assert len(found) == len(names)
        assert sum("id" in each["license"] for each in found) > 500


def test_a_digest_that_somebody_claims_is_no_hash() -> None:
    file = ModelFile(
        path=full().model.location, name="x", format="gguf", size_bytes=1, sha256_claimed=Sha256("c" * 64)
    )
    model = component(described(files=(file,)))
    assert "hashes" not in model
    assert "hashes" not in model["components"][0]
    assert properties(model["components"][0])["sha256_claimed"] == "c" * 64


def test_a_model_of_several_weight_files_has_no_hash_of_its_own() -> None:
    files = tuple(
        ModelFile(path=full().model.location, name=n, format="gguf", size_bytes=1, sha256=Sha256(n * 64))
        for n in "ab"
    )
    model = component(described(files=files))
    assert "hashes" not in model
    assert [each["hashes"][0]["content"] for each in model["components"]] == ["a" * 64, "b" * 64]


def test_only_the_hubs_own_folders_make_a_package_url() -> None:
    for fields in ({"revision": "main"}, {"name": "acme/other"}, {"location": full().model.location.parent}):
        model = component(described(**{"name": "acme/tiny", "revision": COMMIT, **fields}))
        assert "purl" not in model
        assert "publisher" not in model


def test_what_was_not_examined_is_said_without_naming_places_on_this_machine() -> None:
    skipped = (Skipped(kind="file", subject="/somewhere/secret", reason="permission denied", count=2),)
    text = cyclonedx(bill(full(), complete=False, skipped=skipped), version="1.6")
    document = valid_cyclonedx(text)
    assert document["compositions"] == [{"aggregate": "incomplete", "assemblies": ["model-1"]}]
    assert properties(document["metadata"]) == {"skipped:file": "2: permission denied"}
    assert "somewhere" not in text


def test_a_remote_model_says_that_it_is() -> None:
    model = component(described(name="gpt-oss:120b-cloud", remote=True))
    assert properties(model)["remote"] == "true"
    assert "components" not in model


def test_the_serial_number_follows_from_everything_else() -> None:
    one, same, other = (
        cyclonedx(bill(described(name=name)), version="1.6") for name in ("one", "one", "other")
    )
    assert one == same
    assert valid_cyclonedx(one)["serialNumber"] != valid_cyclonedx(other)["serialNumber"]


def test_datasets_that_a_card_names_twice_come_once() -> None:
    model = component(described(description=Description(datasets=("a", "a", ""))))
    assert [each["name"] for each in model["modelCard"]["modelParameters"]["datasets"]] == ["a", ""]


def test_the_schemas_of_both_versions_are_there() -> None:
    assert {SchemaVersion.V1_6, SchemaVersion.V1_7} <= set(SchemaVersion)
