"""Ways to make a license's text pass for one that permits more, each of which phrases alone let through."""

from typing import Literal
from unicodedata import normalize

import pytest
from identify.vendor.licenses import LICENSES

from ringfence.artifacts.licenses import LicenseClass, LicenseFile, LicenseInput, class_of, judge_license
from ringfence.artifacts.licenses.catalogue import catalogue, words
from ringfence.artifacts.licenses.fingerprints import all_fingerprints
from ringfence.artifacts.licenses.texts import license_of_text, read_license_text
from ringfence.core.limits import LIMITS

TEXTS = dict(LICENSES)
MIT, APACHE, AGPL, BSD = (TEXTS[name] for name in ("MIT", "Apache-2.0", "AGPL-3.0", "BSD-3-Clause"))


def passes_by_phrases(text: str, name: str) -> bool:
    """Whether nothing but the text's other words tells it from that license."""
    said, known = words(text), catalogue().by_name[name]
    return (
        any(all(phrase in said for phrase in every) for every in known.texts)
        and said.count(" ") - 1 <= (known.max_words or 0)
        and not any(phrase in said for phrase in catalogue().amendments)
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MIT.replace("including without limitation", "excluding"), "mit"),
        (MIT.replace("to deal\nin the", "to look\nat the"), "mit"),
        (MIT[: MIT.index("The above copyright notice")] + MIT[MIT.index("THE SOFTWARE IS") :], "mit"),
        (MIT + "\nWhoever asks is told to ask " + "the one next to them " * 9 + ".\n", "mit"),
        (MIT + "\nHospitals and schools only.\n", "mit"),
        (MIT + "\nUso comercial prohibido.\n", "mit"),
        (MIT + "\n仅限非商业用途\n", "mit"),
        (MIT + "\nЛишь лягушкам\n", "mit"),
        (MIT.replace("Copyright (c)", "Copyright (c) 2026 Acme, personal use only (c)"), "mit"),
        ("Copyright (c) 2026 Acme. Pay us one dollar each day.\n" + MIT, "mit"),
        (BSD.replace("HOLDER OR CONTRIBUTORS BE", "OR ANYBODY OUTSIDE TOWN BE"), "bsd-3-clause"),
        (BSD.replace("nor the names of its", "nor copies of the code nor its"), "bsd-3-clause"),
        (APACHE.replace("no-charge", "costly"), "apache-2.0"),
        (APACHE.replace("perpetual,", "perpetual (within the city of Paris),"), "apache-2.0"),
    ],
)  # fmt: skip
def test_a_free_text_with_a_changed_word_is_not_free(text: str, name: str) -> None:
    assert passes_by_phrases(text, name)
    read = read_license_text(text.encode())
    assert read is not None
    assert class_of(read.expression) is LicenseClass.UNKNOWN
    assert read.differences


def test_a_title_does_not_make_another_license_of_a_text() -> None:
    body = AGPL.replace("GNU AFFERO GENERAL PUBLIC LICENSE", "MIT License", 1).replace(
        "Version 3, 19 November 2007", ""
    )
    assert not any(
        phrase in words(body) for every in catalogue().by_name["agpl-3.0"].texts for phrase in every
    )
    judged = judge_license(
        LicenseInput(
            subject="m",
            files=(
                LicenseFile(name="README.md", text=b"---\nlicense: mit\n---\n"),
                LicenseFile(name="LICENSE", text=body.encode()),
            ),
        )
    )
    assert judged.effective == "AGPL-3.0-only"
    assert [each.check for each in judged.findings] == [
        "license-text-differs",
        "license-conflict",
        "license-review",
    ]
    assert judged.findings[0].evidence[0].endswith("(text of LICENSE, taken for AGPL-3.0-only)")


def test_a_restrictive_text_behind_a_free_one_counts_even_without_its_title() -> None:
    body = AGPL[AGPL.index("Preamble") :]
    assert license_of_text(f"{MIT}\n\n{body}".encode()) == "MIT AND AGPL-3.0-only"


def test_a_name_alone_with_other_terms_below_is_told() -> None:
    text = "Apache License, Version 2.0\n\n" + "You ask us before you do anything with this. " * 20
    assert read_license_text(text.encode()) is not None
    judged = judge_license(
        LicenseInput(subject="m", files=(LicenseFile(name="LICENSE", text=text.encode()),))
    )
    assert "license-text-differs" in [each.check for each in judged.findings]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "a " * LIMITS.license_text_bytes,
        "\ufdfa" * LIMITS.license_text_bytes,
        "neither the name of a b " * 12_000,
        "copyright (c) 2020 a\n" * 12_000,
        "(a) 1.1. " * 30_000,
        (APACHE[200:-200] + " ") * 30,
        MIT * 250,
        "".join(TEXTS.values()),
    ],
    ids=["one letter", "long letters", "names", "copyrights", "marks", "most of one", "one again", "all"],
)
def test_no_text_takes_long(text: str) -> None:
    assert read_license_text(text.encode()[: LIMITS.license_text_bytes]) is not None


def test_a_run_of_accents_is_never_put_in_order_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []

    def counted(form: Literal["NFKC"], text: str) -> str:
        together.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr("ringfence.artifacts.licenses.plain_words.normalize", counted)
    read = read_license_text(("a" + "\u0301\u0316" * (LIMITS.license_text_bytes // 4 - 1)).encode())
    assert read is not None
    assert max(together) == LIMITS.license_word_chars


def test_places_that_are_looked_at_are_counted() -> None:
    assert len(all_fingerprints()) * LIMITS.license_texts_in_one < LIMITS.license_text_places
