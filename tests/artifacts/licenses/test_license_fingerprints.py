"""Fingerprints of texts: what they are of, and that a change stays where it was made."""

import re
from itertools import chain, pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from identify.vendor.licenses import LICENSES

from ringfence.artifacts.licenses import LicenseClass, class_of, fingerprints
from ringfence.artifacts.licenses.expressions import normalise
from ringfence.artifacts.licenses.fingerprints import (
    all_fingerprints,
    digest_of,
    known_digests,
    packed,
    parts_of,
)
from ringfence.artifacts.licenses.plain_words import plain_words
from ringfence.core.bounded_json import parse

WORDS = st.lists(st.text("abcdef", min_size=1, max_size=3), max_size=300)
EXPECTED = """
Apache-2.0 MIT BSD-2-Clause BSD-3-Clause GPL-2.0-only GPL-3.0-only AGPL-3.0-only LGPL-2.1-only LGPL-3.0-only
MPL-2.0 CC0-1.0 CC-BY-3.0 CC-BY-SA-3.0 CC-BY-NC-3.0 CC-BY-NC-SA-3.0 CC-BY-NC-ND-3.0 CC-BY-4.0 CC-BY-SA-4.0
CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-NC-ND-4.0 CC-BY-ND-4.0 LicenseRef-modified-mit LicenseRef-qwen-2024-09-19
LicenseRef-scancode-bigcode-open-rail-m-v1 LicenseRef-scancode-bigscience-open-rail-m
LicenseRef-scancode-bigscience-open-rail-m2 LicenseRef-scancode-bigscience-rail-1.0
LicenseRef-scancode-stable-diffusion-2022-08-22 LicenseRef-scancode-llama-license-2023
LicenseRef-scancode-llama-2-license-2023 LicenseRef-scancode-llama-3.1-license-2024
LicenseRef-scancode-llama-3.2-license-2024 LicenseRef-scancode-llama-3.3-license-2024
LicenseRef-scancode-llama-4-cla-2025 LicenseRef-scancode-gemma-tou-2024-04-01
LicenseRef-scancode-deepseek-la-1.0 LicenseRef-scancode-falcon-2-11b-1.0
LicenseRef-scancode-tongyi-qianwen-2023 LicenseRef-scancode-flux-1-nc
LicenseRef-scancode-stability-ai-community-2024 LicenseRef-scancode-stability-ai-nc-2023-12-06
LicenseRef-scancode-nvidia-open-model-2025-04-28 LicenseRef-scancode-exaone-ai-model-1.1-nc
"""
TABLE = Path(fingerprints.__file__).with_name("license_texts.json")


@settings(deadline=None)
@given(WORDS)
def test_the_parts_of_a_text_are_all_of_its_words(words: list[str]) -> None:
    sizes = [size for _, size in parts_of(words)]
    assert sum(sizes) == len(words)
    assert all(0 < size <= 64 for size in sizes)
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    for (digest, _), (start, end) in zip(parts_of(words), pairwise([0, *ends]), strict=True):
        assert digest == parts_of(words[start:end])[0][0] or len(parts_of(words[start:end])) > 1


@settings(deadline=None)
@given(WORDS, st.integers(0, 300), st.text("abcdef", min_size=1, max_size=3))
def test_a_word_put_in_changes_few_parts(words: list[str], at: int, word: str) -> None:
    before, after = parts_of(words), parts_of([*words[:at], word, *words[at:]])
    same_start = next(
        (number for number, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    assert sum(size for _, size in before[: same_start + 1]) >= min(at, len(words)) - 64


def test_every_text_that_can_be_had_here_has_the_digest_and_the_parts_of_the_table() -> None:
    by_digest = {each.digest: each for each in all_fingerprints()}
    for name, text in LICENSES:
        words = plain_words(text).words
        assert known_digests()[digest_of(words)] == normalise(name)
        assert by_digest[digest_of(words)].parts == parts_of(words)
        assert by_digest[digest_of(words)].words == len(words)


def test_the_table_holds_digests_with_their_sources_and_no_words() -> None:
    document = parse(TABLE.read_bytes())
    assert isinstance(document, dict)
    assert document.keys() == {"about", "texts"}
    for each in document["texts"]:
        assert each.keys() == {"expression", "source", "read", "sha256", "parts"}
        assert re.fullmatch(r"[0-9a-f]{64}", each["sha256"])
        assert re.fullmatch(r"[A-Za-z0-9+/]+=*", each["parts"])
        assert re.fullmatch(r"2\d{3}-\d\d-\d\d", each["read"])
        assert each["source"]


def test_every_license_of_the_table_is_one_of_which_something_is_known() -> None:
    expressions = {each.expression for each in all_fingerprints()}
    assert {normalise(each) for each in expressions} == expressions
    assert LicenseClass.UNKNOWN not in map(class_of, expressions)
    assert expressions >= set(EXPECTED.split())


def test_parts_are_packed_and_unpacked() -> None:
    first = all_fingerprints()[0]
    document = parse(TABLE.read_bytes())
    assert isinstance(document, dict)
    assert packed(first.parts) == document["texts"][0]["parts"]
    assert len(set(chain.from_iterable(each.parts for each in all_fingerprints()))) > 5_000
