"""The corpus is what it says it is and is judged rightly. `make bench-scan` asks other scanners too."""

from collections import Counter

import pytest

from corpus.all_samples import BLIND, BROKEN, INFORMED, samples
from corpus.corpus_samples import Label, Sample
from ringfence.core.verdicts import Verdict
from zip_judging import judged

# How many samples of a kind are not flagged yet; all of them are inconclusive or unknown, none is clean.
_NOT_YET = {
    "around_tensors": 1,
    "remote_code": 14,  # names code of another repository, which nobody has looked at
    "rare_archives": 9,  # ar and cpio are not opened
    "keras_reaches": 4,  # names classes that have to be there already
    "comfy_plugins": 4,  # nodes that run what their user writes
    "hidden_programs": 3,
    "compiled_modules": 3,
    "imported_only": 2,
    "package_gadgets": 1,
}

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
def test_what_acts_is_flagged_and_never_clean(kind: str) -> None:
    verdicts = {sample.name: _verdict(sample) for _, sample in samples({kind: _ACTING[kind]})}
    assert [name for name, verdict in verdicts.items() if verdict < Verdict.UNKNOWN] == []
    wrong = [name for name, verdict in verdicts.items() if verdict < Verdict.SUSPICIOUS]
    assert len(wrong) <= _NOT_YET.get(kind, 0), wrong


def test_what_is_broken_is_never_clean() -> None:
    assert all(sample.label is Label.MALFORMED for sample in _BROKEN)
    assert [sample.name for sample in _BROKEN if _verdict(sample) < Verdict.INCONCLUSIVE] == []


def _verdict(sample: Sample) -> Verdict:
    return judged(sample.data, sample.name).judgement.verdict
