"""Two spellings of one license's text are the same words, and what a person can read is one."""

import pytest

from ringfence.artifacts.licenses.plain_words import PlainWords, plain_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("THE SOFTWARE IS PROVIDED", "the  software\n\tis\r\nprovided"),
        ("the “Software”, as-is", "the 'Software' as is"),
        ("1. Definitions\n(a) You\n  iv) must", "* Definitions\n- You\n\nmust"),
        ("1.1. Grant\n2. Term (b) of it, **3.** or 4\\. That", "Grant Term of it or That"),
        ("# You may\n# copy", "// You may\n * copy"),
        ("**You** may _copy_", "You may copy"),
        ("Llama™ and ﬁles", "Llama and files"),
        ("see https://gnu.org/", "see http://gnu.org"),
        ("Copyright (c) 2020-2026 Acme, Inc. and others\nYou may", "© 2026 The Acme Research Group\nYou may"),
        ("Copyright [yyyy] [name of owner]\nYou may", "You may"),
        ("All rights reserved.\nYou may", "You may"),
        (
            "Neither the name of Acme nor the names of its contributors may be used",
            "neither the name of may be used",
        ),
        ("IN NO EVENT SHALL THE REGENTS OR ACME BE LIABLE", "in no event shall the authors be liable"),
    ],
)
def test_what_only_looks_otherwise_is_the_same_words(one: str, other: str) -> None:
    assert plain_words(one).words == plain_words(other).words != ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Copyright (c) 2026 Acme, for research use only", "copyright 2026 acme for research use only"),
        ("Copyright (c) 2026 Acme. Must pay.", "copyright 2026 acme must pay"),
        ("Copyright (c) 2026 " + "and others " * 6, "copyright 2026" + " and others" * 6),
        ("copyright notice of the owner", "copyright notice of the owner"),
        ("(c) You must retain", "you must retain"),
        ("仅限非商业用途", "仅限非商业用途"),
        ("только для себя", "только для себя"),
        ("in no event shall you use it or be liable", "in no event shall you use it or be liable"),
        ("version 2.0, e.g. in the U.S. and 10 users", "version 2.0 e.g in the u.s and 10 users"),
    ],
)
def test_what_says_more_stays(text: str, words: str) -> None:
    assert " ".join(plain_words(text).words) == words


def test_each_word_has_its_line() -> None:
    text = "Title\n\nCopyright 2026 Acme\n1. You may\nin no event shall Acme be\n"
    assert plain_words(text + "liable") == PlainWords(
        words=("title", "you", "may", "in", "no", "event", "shall", "be", "liable"),
        lines=(1, 4, 4, 5, 5, 5, 5, 5, 6),
    )
