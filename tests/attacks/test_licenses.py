"""Ways to make a restricted model look free, each of which once was, or could be, a bypass."""

import pytest

from ringfence.artifacts.licenses import (
    LicenseClass,
    LicenseFile,
    LicenseInput,
    LicenseJudgement,
    class_of,
    judge_license,
    normalise,
)
from ringfence.artifacts.licenses.texts import license_of_text
from ringfence.core.facts import FactName

MIT = (
    "MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy.\n"
    'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.\n'
)
FREE = (LicenseClass.PERMISSIVE, LicenseClass.COPYLEFT)


def judge(*files: LicenseFile) -> LicenseJudgement:
    return judge_license(LicenseInput(subject="m", files=files))


def card(front_matter: str) -> LicenseFile:
    return LicenseFile(name="README.md", text=f"---\n{front_matter}\n---\n".encode())


@pytest.mark.parametrize(
    "text",
    ["\u041cIT", "MI\u200bT", "\uff2d\uff29\uff34", "M\u0131T", "I\u017fC", "\u202eTIM", "MIT\x1b[2K",
     "!MIT", "~MIT", "\u00acMIT", "MIT*", "MIT/none", "MIT except production", "MIT, not for commercial use",
     "no MIT", "MIT-NC"],
)  # fmt: skip
def test_a_look_alike_or_a_qualified_name_is_not_the_license_it_imitates(text: str) -> None:
    assert class_of(normalise(text)) is LicenseClass.UNKNOWN


@pytest.mark.parametrize(
    "text", ["MIT OR anything else", "MIT OR LicenseRef-house-rules", "apache-2.0 or for research only"]
)
def test_a_choice_with_terms_that_nobody_knows_is_no_permission(text: str) -> None:
    assert class_of(normalise(text)) is LicenseClass.UNKNOWN


@pytest.mark.parametrize(
    "added",
    [
        "The Software may be used for non-commercial purposes only.",
        "Companies with more than 10 million monthly active users need a license.",
        "You must follow our Acceptable Use Policy.",
        'This is subject to the "Commons Clause" License Condition v1.0.',
        "Granted for research purposes only.",
    ],
)
def test_a_permissive_text_with_a_condition_added_is_not_permissive(added: str) -> None:
    expression = license_of_text(f"{MIT}\n{added}\n".encode())
    assert expression is not None
    assert class_of(expression) not in FREE


def test_a_permissive_text_that_goes_on_is_not_permissive_whatever_it_goes_on_with() -> None:
    text = MIT + "Only on Sundays, only left-handed people, and never near the sea. " * 30
    assert class_of(license_of_text(text.encode()) or "") is LicenseClass.UNKNOWN


def test_two_permissive_texts_in_one_file_are_permissive() -> None:
    text = f"{MIT}\nApache License\nVersion 2.0, January 2004\n{'and its sections ' * 450}"
    assert license_of_text(text.encode()) == "Apache-2.0"


def test_a_restrictive_license_behind_a_permissive_one_in_one_file_counts() -> None:
    text = f"{MIT}\n\nThe weights: Attribution-NonCommercial 4.0 International\n"
    assert license_of_text(text.encode()) == "CC-BY-NC-4.0"


def test_a_condition_far_down_in_a_file_counts() -> None:
    text = MIT + "\n" * 200_000 + "for research purposes only"
    assert class_of(license_of_text(text.encode()) or "") is LicenseClass.UNKNOWN


@pytest.mark.parametrize(
    "front_matter",
    [
        "license: mit\nlicense: cc-by-nc-4.0",
        "license: cc-by-nc-4.0\nlicense: mit",
        "license: [mit, cc-by-nc-4.0]",
        "license: mit\nlicense_name: cc-by-nc-4.0",
        "license: mit\nlicense_link: https://creativecommons.org/licenses/by-nc/4.0/",
        "license: mit\nbase_model: CohereForAI/c4ai-command-r-v01",
        "license: mit\nbase_model: [acme/own, 'https://hf.co/mistralai/Mistral-Large-Instruct-2407']",
    ],
)
def test_a_restriction_stated_anywhere_in_a_card_counts(front_matter: str) -> None:
    judged = judge(card(front_matter))
    assert judged.effective is not None
    assert class_of(judged.effective) is LicenseClass.NON_COMMERCIAL


def test_a_header_does_not_overrule_the_license_file() -> None:
    weights = LicenseFile(name="m.gguf", format="gguf", facts={FactName.LICENSE: "mit"})
    text = LicenseFile(name="LICENSE", text=b"Gemma Terms of Use\n" + b"and so on, at some length. " * 9)
    assert judge(weights, text).effective == "LicenseRef-scancode-gemma-tou-2024-04-01"


@pytest.mark.parametrize(
    "front_matter",
    [
        "license: &x mit\nlicense_name: *x",
        "x: \x00\nlicense: mit",
        "- license: mit",
        "license: {mit: true}",
        "? mit",
        "? [a]\n: license\nmit: x",
    ],
)
def test_a_card_that_tools_read_differently_gives_no_license(front_matter: str) -> None:
    assert judge(card(front_matter)).effective is None


def test_a_name_in_somebody_elses_space_does_not_free_a_model() -> None:
    weights = LicenseFile(name="m.gguf", format="gguf", facts={FactName.BASE_MODELS: ("evil/gpt-oss-20b",)})
    assert judge(weights).effective is None


def test_many_different_claims_are_judged_in_bounded_time_and_space() -> None:
    files = tuple(
        LicenseFile(name=f"{i}.gguf", format="gguf", facts={FactName.LICENSE: f"terms {i}"})
        for i in range(2000)
    )
    judged = judge(*files)
    assert class_of(judged.effective or "") is LicenseClass.UNKNOWN
    assert all(len(each.evidence) <= 20 for each in judged.findings)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["(" * 1900, "MIT AND " * 240 + "MIT", "a " * 990, "MIT OR (" * 15 + "x" + ")" * 15, "+" * 1999],
)
def test_no_expression_takes_long(text: str) -> None:
    assert class_of(normalise(text)) in LicenseClass
