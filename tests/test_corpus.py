"""The corpus is what it says it is and is judged rightly. `make bench-scan` asks other scanners too."""

from collections import Counter

import pytest

from corpus.all_samples import BLIND, BROKEN, INFORMED, REFERRING, samples
from corpus.corpus_samples import Label, Sample
from ringfence.core.verdicts import Verdict
from zip_judging import judged

_ACTING = BLIND | INFORMED
_BROKEN = [sample for _, sample in samples(BROKEN)]


def test_there_are_enough_samples_of_enough_kinds_and_half_of_them_were_made_without_looking() -> None:
    count = Counter(kind for kind, _ in samples(_ACTING))
    assert len(count) >= 25
    assert sum(count.values()) >= 1000
    assert sum(count[kind] for kind in BLIND) >= sum(count.values()) / 2


def test_the_same_seed_makes_the_same_samples() -> None:
    kinds = {kind: BLIND[kind] for kind in ("disguises", "templates", "torch_pickles")}
    assert list(samples(kinds, seed=7)) == list(samples(kinds, seed=7))
    assert list(samples(kinds, seed=7)) != list(samples(kinds, seed=8))


@pytest.mark.parametrize("kind", _ACTING)
def test_what_acts_is_flagged(kind: str) -> None:
    verdicts = {sample.name: _verdict(sample) for _, sample in samples({kind: _ACTING[kind]})}
    assert [name for name, verdict in verdicts.items() if verdict < Verdict.SUSPICIOUS] == []


def test_what_refers_to_code_elsewhere_is_never_clean_or_known() -> None:
    verdicts = {sample.name: _verdict(sample) for _, sample in samples(REFERRING)}
    assert [name for name, verdict in verdicts.items() if verdict < Verdict.UNKNOWN] == []


def test_what_is_broken_is_never_clean() -> None:
    assert all(sample.label is Label.MALFORMED for sample in _BROKEN)
    assert [sample.name for sample in _BROKEN if _verdict(sample) < Verdict.INCONCLUSIVE] == []


def _verdict(sample: Sample) -> Verdict:
    return judged(sample.data, sample.name).judgement.verdict
