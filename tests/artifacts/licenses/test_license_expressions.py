"""Whatever authors write becomes one expression."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringfence.artifacts.licenses import LicenseClass, class_of, normalise
from ringfence.artifacts.licenses.catalogue import catalogue
from ringfence.artifacts.licenses.expressions import all_of, from_link

# docs/hub/repositories-licenses of the Hugging Face hub, as of June 2026
HUB = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear
c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl
ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl
openmdw-1.0 openmdw-1.1 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr
deepfloyd-if-license fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3
llama4 grok2-community gemma
""".split()  # noqa: SIM905


@pytest.mark.parametrize("hub_id", HUB)
def test_every_license_that_the_hub_lists_is_known(hub_id: str) -> None:
    assert class_of(normalise(hub_id)) is not LicenseClass.UNKNOWN


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache 2.0", "Apache-2.0"),
        ("apache2.0", "Apache-2.0"),
        ("The MIT License (MIT)", "MIT"),
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("cc-by-nc-nd-2.5", "CC-BY-NC-ND-2.5"),
        ("gpl-3.0", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("Llama 3.1 Community License Agreement", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("META LLAMA 3 COMMUNITY LICENSE AGREEMENT", "LicenseRef-llama-3-license-2024"),
        ("FLUX.1 [dev] Non-Commercial License", "LicenseRef-scancode-flux-1-nc"),
        ("EXAONE AI Model License Agreement 1.1 - NC ", "LicenseRef-scancode-exaone-ai-model-1.1-nc"),
        ("licenseref-scancode-OPENMDW-1.0", "LicenseRef-scancode-openmdw-1.0"),
        ("OpenMDW-1.0", "LicenseRef-scancode-openmdw-1.0"),
        ("https://ai.google.dev/gemma/terms#3.2-use", "LicenseRef-scancode-gemma-tou-2024-04-01"),
        ("Zed", "Zed"),
        ("mit OR apache-2.0", "MIT OR Apache-2.0"),
        ("llama3 AND (zed or MIT)", "LicenseRef-llama-3-license-2024 AND (Zed OR MIT)"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("LicenseRef-Acme-1", "LicenseRef-Acme-1"),
        ("other", "LicenseRef-unknown"),
        ("unknown", "LicenseRef-unknown"),
        ("", "LicenseRef-unknown"),
        ("License", "LicenseRef-unknown"),
    ],
)  # fmt: skip
def test_what_authors_write_becomes_an_expression(written: str, expression: str) -> None:
    assert normalise(written) == expression


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ("my own terms", "LicenseRef-unknown-my-own-terms"),
        ("not MIT", "LicenseRef-unknown-not-MIT"),
        ("≠MIT", "LicenseRef-unknown-MIT"),
        ("\u041c\u0406T", "LicenseRef-unknown-T"),  # Cyrillic
        ("MIT/Apache-2.0", "LicenseRef-unknown-MIT-Apache-2.0"),
        ("MIT WITH no-evil", "LicenseRef-unknown-MIT-WITH-no-evil"),
        ("MIT AND house rules", "MIT AND LicenseRef-unknown-house-rules"),
        ("https://example.com/license", "LicenseRef-unknown-https-example.com-license"),
        ("()", "LicenseRef-unknown"),
        ("(" * 40 + "MIT OR Zed" + ")" * 40, "LicenseRef-unknown-MIT-OR-Zed"),
        ("许可证", "LicenseRef-unknown"),
    ],
)
def test_what_is_not_recognised_stays_visible_and_is_never_taken_for_something_known(
    written: str, expression: str
) -> None:
    assert normalise(written) == expression
    assert class_of(expression) is LicenseClass.UNKNOWN


def test_a_name_and_a_link_stand_in_for_a_license_called_other() -> None:
    assert normalise("other", name="qwen-research") == "LicenseRef-qwen-research-2024-09-19"
    assert normalise("other", name="acme-1") == "LicenseRef-unknown-acme-1"
    assert normalise("other", name="acme-1", link="LICENSE") == "LicenseRef-unknown-acme-1"
    assert (
        normalise("other", link="https://mistral.ai/licenses/MRL-0.1.md") == "LicenseRef-mistral-research-0.1"
    )
    assert normalise("other", link="LICENSE.md") == "LicenseRef-unknown"


def test_a_name_and_a_link_that_differ_both_count() -> None:
    both = normalise("other", name="apache-2.0", link="https://ai.google.dev/gemma/terms")
    assert both == "Apache-2.0 AND LicenseRef-scancode-gemma-tou-2024-04-01"


def test_a_name_does_not_overrule_a_license_that_says_something() -> None:
    assert normalise("gemma", name="apache-2.0") == "LicenseRef-scancode-gemma-tou-2024-04-01"


def test_a_link_to_a_well_known_models_license_is_that_license() -> None:
    link = "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE"
    assert from_link(link) == "LicenseRef-qwen-2024-09-19"
    assert from_link("https://example.com/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE") is None


def test_several_expressions_together_ask_for_all_of_them() -> None:
    assert all_of(["MIT OR Zed", "Apache-2.0", None, "Apache-2.0"]) == "(MIT OR Zed) AND Apache-2.0"
    assert all_of([]) == "LicenseRef-unknown"


PIECES = st.sampled_from(
    [
        *HUB,
        "AND",
        "OR",
        "WITH",
        "(",
        ")",
        "and",
        "or",
        "+",
        "LicenseRef-x",
        "Zed",
        "license",
        "v2",
        "other",
        ",",
    ]
)
WRITTEN = st.text(max_size=80) | st.lists(PIECES, max_size=12).map(" ".join)


@given(WRITTEN)
@example("LICENSE AND MIT")
def test_reading_a_result_again_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(WRITTEN, st.none() | WRITTEN, st.none() | WRITTEN)
def test_every_text_has_an_expression_and_a_class(text: str, name: str | None, link: str | None) -> None:
    assert class_of(normalise(text, name=name, link=link)) in LicenseClass


def test_no_spelling_in_the_table_needs_the_slow_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("the library was loaded")

    monkeypatch.setattr("ringfence.artifacts.licenses.spdx._licensing", refuse)
    for each in catalogue().licenses:
        for name in (each.id, each.name, each.expression, *each.aliases, *each.links):
            if name not in each.links:
                assert normalise(name) == each.expression
        assert class_of(each.expression) is each.kind
