"""Licenses are found by their whole texts, or by how much of one stands there."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identify.vendor.licenses import LICENSES

from ringfence.artifacts.licenses.expressions import normalise
from ringfence.artifacts.licenses.resembling import Added, Found, Resemblance, resemblance

TEXTS = dict(LICENSES)
NAMES = st.sampled_from(sorted(TEXTS))


def whole(expression: str) -> Found:
    return Found(expression=expression, alike=1.0, whole=True)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_whole_text_is_known(name: str) -> None:
    assert resemblance(TEXTS[name]) == Resemblance(found=(whole(normalise(name)),), added=())


@settings(deadline=None)
@given(NAMES, st.randoms(use_true_random=False))
def test_a_text_is_known_however_its_lines_are_drawn_and_its_letters_written(
    name: str, chosen: random.Random
) -> None:
    lines = [
        chosen.choice(("", "  ", "# ", " * "))
        + chosen.choice((str.upper, str.lower, str))(line).replace(" ", chosen.choice((" ", "  ", "\t")))
        + chosen.choice(("", " ", "\r", "\n"))
        for line in TEXTS[name].replace('"', chosen.choice("'”«")).splitlines()
    ]
    assert resemblance("\n".join(lines)).found == (whole(normalise(name)),)


@settings(deadline=None)
@given(NAMES, st.floats(0.05, 0.95), st.lists(st.sampled_from(("not", "commercial", "weights"))))
def test_words_put_into_a_text_are_never_silent(name: str, at: float, words: list[str]) -> None:
    before = TEXTS[name].split(" ")
    place = int(len(before) * at)
    text = " ".join([*before[:place], "only", *words, *before[place:]])
    held = resemblance(text)
    assert held.added or not all(each.whole for each in held.found) or not held.found


@pytest.mark.parametrize(
    "name", ["MIT", "BSD-3-Clause", "ISC", "Apache-2.0", "GPL-3.0", "MPL-2.0", "CC-BY-4.0"]
)
@pytest.mark.parametrize("other", ["Zlib", "LGPL-2.1", "CC-BY-SA-4.0", "AGPL-3.0"])
def test_two_texts_in_one_file_are_both_found(name: str, other: str) -> None:
    held = resemblance(f"{TEXTS[name]}\n---\n\n{TEXTS[other]}")
    assert set(held.found) == {whole(normalise(name)), whole(normalise(other))}
    assert held.added == ()


def test_a_clause_that_was_put_in_is_shown_where_it_stands() -> None:
    text = TEXTS["Apache-2.0"]
    line = text[: text.index("2. Grant of Copyright License")].count("\n") + 1
    held = resemblance(text.replace("2. Grant of", "Weights are for non-commercial purposes.\n2. Grant of"))
    notice, found = held.found
    assert notice == whole("Apache-2.0")  # what stands beside each file
    (added,) = held.added
    assert (found.expression, found.whole, found.alike > 0.9) == ("Apache-2.0", False, True)
    assert "weights are for non commercial purposes" in added.words
    assert added.line in range(line - 2, line + 1)


def test_a_text_that_was_cut_off_is_alike_as_much_as_is_left_of_it() -> None:
    words = TEXTS["MPL-2.0"].split()
    (found,) = resemblance(" ".join(words[: int(len(words) * 0.6)])).found
    assert (found.expression, found.whole, round(found.alike, 1)) == ("MPL-2.0", False, 0.6)
    assert resemblance(" ".join(words[: len(words) // 4])).found == ()


def test_a_title_that_names_the_license_is_nothing_added_and_another_is() -> None:
    body = TEXTS["MIT"].split("\n\n", 2)[2]
    assert resemblance(f"The MIT License (MIT)\n\n{body}").added == ()
    held = resemblance(f"Apache License 2.0\n\n{body}")
    assert held == Resemblance(found=(whole("MIT"),), added=(Added(line=1, words="apache license 2.0"),))


def test_the_license_of_a_family_of_which_most_stands_there_is_the_one() -> None:
    changed = TEXTS["AGPL-3.0"].replace("conveying", "handing over").replace("covered work", "work")
    assert [each.expression for each in resemblance(changed).found] == ["AGPL-3.0-only"]
    changed = (
        TEXTS["BSD-3-Clause"].replace("direct, indirect, incidental", "indirect").replace("AS IS", "as found")
    )
    assert [each.expression for each in resemblance(changed).found] == ["BSD-3-Clause"]


def test_prose_is_like_no_license() -> None:
    text = "The model was trained on open data, and it answers questions about the weather. " * 50
    assert resemblance(text) == Resemblance(found=(), added=())


def test_a_sentence_that_many_licenses_share_is_none_of_them() -> None:
    words = TEXTS["0BSD"].split()
    assert resemblance(" ".join(words[-45:])).found == ()


def test_of_a_text_and_the_same_with_more_before_it_the_one_is_taken_that_explains_more() -> None:
    text = TEXTS["BSD-3-Clause"].replace("incidental", "accidental").replace("strict liability", "guilt")
    assert [each.expression for each in resemblance(text).found] == ["BSD-3-Clause"]
