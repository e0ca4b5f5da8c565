"""Licenses are recognised by their texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identify.vendor.licenses import LICENSES

from ringfence.artifacts.licenses import LicenseFile, LicenseInput, judge_license
from ringfence.artifacts.licenses.texts import LicenseText, license_of_text, read_license_text
from ringfence.core.limits import LIMITS

MIT = """Copyright (c) 2026 Acme

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software, to deal in the Software without restriction.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.
"""
BODY = "\n\n1. Definitions. The terms follow, and they go on for long enough to be no mere title.\n" * 3


@pytest.mark.parametrize(
    ("head", "expression"),
    [
        ("            Apache License\n        Version 2.0, January 2004", "Apache-2.0"),
        ("# **Apache License**\n\n_Version 2.0, January 2004_", "Apache-2.0"),
        ("LLAMA 2 COMMUNITY LICENSE AGREEMENT\t\nLlama 2", "LicenseRef-scancode-llama-2-license-2023"),
        ("META LLAMA 3 COMMUNITY LICENSE AGREEMENT\nMeta Llama 3", "LicenseRef-llama-3-license-2024"),
        ("LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("**Llama 3.2** **Acceptable Use Policy**", "LicenseRef-scancode-llama-3.2-license-2024"),
        ("LLAMA 3.3 COMMUNITY LICENSE AGREEMENT", "LicenseRef-scancode-llama-3.3-license-2024"),
        ("LLAMA 4 COMMUNITY LICENSE AGREEMENT", "LicenseRef-scancode-llama-4-cla-2025"),
        ("Gemma Terms of Use \n\nLast modified", "LicenseRef-scancode-gemma-tou-2024-04-01"),
        ("Qwen LICENSE AGREEMENT\n\nQwen LICENSE AGREEMENT Release Date", "LicenseRef-qwen-2024-09-19"),
        ("Qwen RESEARCH LICENSE AGREEMENT", "LicenseRef-qwen-research-2024-09-19"),
        ("Tongyi Qianwen LICENSE AGREEMENT", "LicenseRef-scancode-tongyi-qianwen-2023"),
        ("# Mistral AI Research License\n\nIf You want", "LicenseRef-mistral-research-0.1"),
        ("# Mistral AI Non-Production License", "LicenseRef-mistral-non-production-0.1"),
        ("DEEPSEEK LICENSE AGREEMENT\n\nVersion 1.0", "LicenseRef-scancode-deepseek-la-1.0"),
        ("Attribution-NonCommercial 4.0 International\n\n=====", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("Attribution 4.0 International\n\n=====", "CC-BY-4.0"),
        ("Attribution-ShareAlike 4.0 International\n\n=====", "CC-BY-SA-4.0"),
        ("FLUX.1 [dev] Non-Commercial License\n", "LicenseRef-scancode-flux-1-nc"),
        ("STABILITY AI COMMUNITY LICENSE AGREEMENT", "LicenseRef-scancode-stability-ai-community-2024"),
        ("NVIDIA Open Model License Agreement", "LicenseRef-scancode-nvidia-open-model-2025-04-28"),
        ("EXAONE AI Model License Agreement 1.1 - NC", "LicenseRef-scancode-exaone-ai-model-1.1-nc"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991\nonly for noncommercial", "GPL-2.0-only"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007", "AGPL-3.0-only"),
        ("Mozilla Public License Version 2.0\nthe GNU Lesser General Public License, Version 2.1", "MPL-2.0"),
    ],
)
def test_the_beginning_of_a_text_names_its_license(head: str, expression: str) -> None:
    assert license_of_text((head + BODY).encode()) == expression


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        (MIT, "MIT"),
        ("Modified MIT License\n\n" + MIT, "LicenseRef-modified-mit"),
        ("BigCode OpenRAIL-M v1", "LicenseRef-scancode-bigcode-open-rail-m-v1"),
        ("Apache License 2.0\n", "Apache-2.0"),
        ("", None),
        (" \n\t", None),
    ],
)
def test_a_whole_text_names_its_license(text: str, expression: str | None) -> None:
    assert license_of_text(text.encode()) == expression


def test_a_text_that_nobody_knows_is_known_by_its_first_line() -> None:
    text = "# ACME Model Terms\n" + BODY
    assert license_of_text(text.encode()) == "LicenseRef-unknown-ACME-Model-Terms"


@given(st.binary(max_size=300))
def test_all_bytes_can_be_read(data: bytes) -> None:
    license_of_text(data)


def test_a_text_that_goes_on_past_the_limit_is_not_recognised_by_its_beginning() -> None:
    data = MIT.encode() + b" " * LIMITS.license_text_bytes + b"except on Sundays"
    assert license_of_text(data) == "LicenseRef-unknown-Copyright-c-2026-Acme"


REAL = dict(LICENSES)


def test_a_whole_text_differs_in_nothing_and_a_sentence_before_it_is_told() -> None:
    assert read_license_text(REAL["MIT"].encode()) == LicenseText(expression="MIT")
    assert read_license_text(f"Acme is under these terms.\n\n{REAL['MIT']}".encode()) == LicenseText(
        expression="MIT", differences=("line 1: acme is under these terms",)
    )


def test_a_restrictive_license_whose_sibling_is_known_is_the_one_that_it_names() -> None:
    text = REAL["AGPL-3.0"].replace("GNU AFFERO GENERAL PUBLIC LICENSE", "Mistral AI Research License")
    read = read_license_text(text.encode())
    assert read is not None
    assert read.expression == "LicenseRef-mistral-research-0.1"
    assert read.differences[0].endswith("% of AGPL-3.0-only")


def test_a_changed_restrictive_text_keeps_its_restrictions_and_is_told() -> None:
    text = REAL["AGPL-3.0"].replace("Affero", "Northern").replace("AFFERO", "NORTHERN")
    read = read_license_text(text.encode())
    assert read is not None
    assert read.expression == "AGPL-3.0-only"
    assert read.differences


def test_a_file_of_two_free_texts_agrees_with_a_card_that_names_one() -> None:
    texts = f"{REAL['Apache-2.0']}\n\n{REAL['MIT']}".encode()
    card = LicenseFile(name="README.md", text=b"---\nlicense: apache-2.0\n---\n")
    judged = judge_license(LicenseInput(subject="m", files=(card, LicenseFile(name="LICENSE", text=texts))))
    assert [each.expression for each in judged.claims] == ["Apache-2.0", "Apache-2.0 AND MIT"]
    assert judged.findings == ()


def test_what_stands_beside_a_whole_text_may_name_another_license() -> None:
    text = f"{REAL['MIT']}\n\nThe weights: Attribution-NonCommercial 4.0 International"
    assert license_of_text(text.encode()) == "LicenseRef-unknown-MIT-with-changes AND CC-BY-NC-4.0"
