"""Each place that states a license is a claim."""

import pytest

from ringfence.artifacts.licenses.claims import LicenseFile, Stated, claims_of, wants_text
from ringfence.core.facts import FactName
from ringfence.core.models import LicenseClaim

LLAMA_TEXT = b"LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n" + b"and what it says in full, at length. " * 9


def card(front_matter: str) -> LicenseFile:
    return LicenseFile(name="README.md", text=f"---\n{front_matter}\n---\n# Model\n".encode())


def claim(expression: str, source: str) -> LicenseClaim:
    return LicenseClaim(expression=expression, source=source)


@pytest.mark.parametrize(
    "name",
    ["README.md", "readme.md", "LICENSE", "LICENSE.txt", "LICENCE.md", "LICENSE-MODEL", "MODEL_LICENSE",
     "COPYING", "USE_POLICY.md", "Meta-Llama-3-Community-License-Agreement.txt", "license"],
)  # fmt: skip
def test_texts_that_may_hold_a_license_are_wanted(name: str) -> None:
    assert wants_text(name)


@pytest.mark.parametrize(
    "name",
    ["LICENSE-CODE", "third_party_licenses.txt", "src/LICENSE", "src/acme-LICENSE", "license.gguf",
     "license.json", "config.json", "a", "model/README.md", "unlicensed.txt", ""],
)  # fmt: skip
def test_other_files_are_not(name: str) -> None:
    assert not wants_text(name)


def test_card_headers_and_texts_each_make_their_claim() -> None:
    files = (
        card("license: apache-2.0\nbase_model:\n- meta-llama/Llama-3.1-8B\n- https://hf.co/acme/base"),
        LicenseFile(
            name="model.gguf",
            format="gguf",
            facts={
                FactName.LICENSE: "llama3.1",
                FactName.BASE_MODELS: ("https://huggingface.co/Meta-Llama/Llama-3.1-8B",),
            },
        ),
        LicenseFile(name="a.safetensors", format="safetensors", facts={FactName.LICENSE: "MIT"}),
        LicenseFile(name="b.safetensors", format="safetensors", facts={FactName.LICENSE: "MIT"}),
        LicenseFile(name="LICENSE", text=LLAMA_TEXT),
    )
    llama = "LicenseRef-scancode-llama-3.1-license-2024"
    assert claims_of(files) == Stated(
        claims=(
            claim("Apache-2.0", "README.md license"),
            claim(llama, "GGUF general.license"),
            claim("MIT", "safetensors metadata"),
            claim(llama, "text of LICENSE"),
        ),
        base_models=("meta-llama/Llama-3.1-8B", "acme/base"),
        card_problems=(),
    )


def test_a_list_of_licenses_is_all_of_them() -> None:
    assert claims_of([card("license: [mit, gemma]")]).claims == (
        claim("MIT AND LicenseRef-scancode-gemma-tou-2024-04-01", "README.md license"),
    )


def test_other_means_the_text_that_lies_beside_the_card() -> None:
    llama = "LicenseRef-scancode-llama-3.1-license-2024"
    files = (card("license: other\nlicense_link: LICENSE"), LicenseFile(name="LICENSE", text=LLAMA_TEXT))
    assert claims_of(files).claims == (claim(llama, "README.md license"), claim(llama, "text of LICENSE"))


def test_other_with_a_name_of_its_own_keeps_that_name() -> None:
    files = (card("license: other\nlicense_name: acme-1"), LicenseFile(name="LICENSE", text=LLAMA_TEXT))
    assert claims_of(files).claims[0] == claim("LicenseRef-unknown-acme-1", "README.md license")


def test_a_name_or_link_that_says_something_else_is_a_claim_of_its_own() -> None:
    stated = card("license: mit\nlicense_name: gemma\nlicense_link: https://www.llama.com/llama3_1/license/")
    assert claims_of([stated]).claims == (
        claim("MIT", "README.md license"),
        claim("LicenseRef-scancode-gemma-tou-2024-04-01", "README.md license name"),
        claim("LicenseRef-scancode-llama-3.1-license-2024", "README.md license link"),
    )


def test_a_name_or_link_that_says_the_same_is_none() -> None:
    stated = card(
        "license: mit\nlicense_name: MIT License\nlicense_link: https://opensource.org/licenses/MIT"
    )
    assert claims_of([stated]).claims == (claim("MIT", "README.md license"),)


def test_a_header_with_only_a_name_or_a_link_is_a_claim() -> None:
    file = LicenseFile(name="m", format="gguf", facts={FactName.LICENSE_NAME: "qwen-research"})
    assert claims_of([file]).claims == (claim("LicenseRef-qwen-research-2024-09-19", "GGUF general.license"),)


def test_a_card_that_states_no_license_claims_none() -> None:
    assert claims_of([card("tags: [x]"), LicenseFile(name="m.gguf", format="gguf")]) == Stated(
        claims=(), base_models=(), card_problems=()
    )


def test_what_is_wrong_with_a_card_is_passed_on() -> None:
    assert claims_of([card("license: mit\nlicense: gemma")]) == Stated(
        claims=(claim("MIT AND LicenseRef-scancode-gemma-tou-2024-04-01", "README.md license"),),
        base_models=(),
        card_problems=("license stands twice",),
    )
