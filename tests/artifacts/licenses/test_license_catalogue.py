"""The table of licenses keeps its own rules."""

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
from license_expression import get_spdx_licensing

from ringfence.artifacts.licenses.catalogue import License, LicenseClass, catalogue, link_key, name_key, words

LICENSES = catalogue().licenses
GRAMMAR = get_spdx_licensing()
EACH = pytest.mark.parametrize("license_", LICENSES, ids=lambda each: each.id)


@EACH
def test_every_entry_says_where_it_was_read_and_when(license_: License) -> None:
    assert license_.source.startswith("https://")
    assert date(2026, 1, 1) <= date.fromisoformat(license_.checked)


@EACH
def test_every_expression_is_one_that_the_spdx_grammar_allows(license_: License) -> None:
    own = license_.expression.startswith("LicenseRef-") and "scancode" not in license_.expression
    parsed = GRAMMAR.parse(license_.expression, validate=not own)
    assert str(parsed) == license_.expression


@EACH
def test_every_obligation_has_words(license_: License) -> None:
    assert set(license_.obligations) <= catalogue().obligations.keys()


@EACH
def test_a_family_covers_licenses_of_the_table(license_: License) -> None:
    assert license_.covers <= {each.id for each in LICENSES} - {license_.id}


def test_no_name_link_or_expression_stands_for_two_licenses() -> None:
    names = {
        (name_key(name), each.id)
        for each in LICENSES
        for name in (each.id, each.name, each.expression, *each.aliases)
    }
    links = {(link_key(link), each.id) for each in LICENSES for link in each.links}
    for pairs in (names, links):
        assert [key for key, count in Counter(key for key, _ in pairs).items() if count > 1] == []
    assert "" not in {key for key, _ in names}
    assert len(catalogue().by_expression) == len(LICENSES)


def test_the_table_is_sorted_by_class() -> None:
    order = list(LicenseClass)
    assert all(order.index(a.kind) <= order.index(b.kind) for a, b in pairwise(LICENSES))


def test_what_forbids_commercial_use_is_never_called_less() -> None:
    forbidding = {"no-commercial-use", "research-only", "no-production-use"}
    assert {each.kind for each in LICENSES if forbidding & set(each.obligations)} == {
        LicenseClass.NON_COMMERCIAL
    }
    assert all(
        "no-commercial-use" in each.obligations
        for each in LICENSES
        if each.kind is LicenseClass.NON_COMMERCIAL
    )


def test_every_permissive_text_has_a_length() -> None:
    permissive = [each for each in LICENSES if each.kind is LicenseClass.PERMISSIVE and each.texts]
    assert [each.id for each in permissive if not each.max_words] == []


def test_no_phrase_that_identifies_a_license_is_a_short_one() -> None:
    assert [p for each in LICENSES for every in each.texts for p in every if len(p) < 14] == []


def test_obligations_tell_in_which_use_they_hold() -> None:
    assert catalogue().obligations["share-alike"].text == (
        "when you pass it on: works made from it go out under the same license"
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Apache License, Version 2.0", "apache-2.0"),
        ("The MIT License (MIT)", "mit"),
        ("  LLaMA 3.1  community LICENSE agreement ", "llama-3.1-community"),
        ("≠MIT", "≠mit"),
        ("MIT/Apache-2.0", "mit/apache-2.0"),
        ("license", ""),
    ],
)
def test_spellings_of_one_name_share_a_key(text: str, key: str) -> None:
    assert name_key(text) == key


def test_an_address_loses_what_does_not_tell_licenses_apart() -> None:
    assert (
        link_key("HTTPS://www.Apache.org/licenses/LICENSE-2.0.txt?x=1#top")
        == "apache.org/licenses/license-2.0"
    )
    assert link_key("https://creativecommons.org/licenses/by-nc/4.0/legalcode.en") == (
        "creativecommons.org/licenses/by-nc/4.0"
    )


def test_words_of_a_text_are_free_of_layout() -> None:
    assert (
        words("**Apache License**\n\nVersion 2.0, January 2004.")
        == " apache license version 2.0 january 2004 "
    )
