from dataclasses import replace
from pathlib import Path

import pytest

from doors import door_in
from ringfence.core.labels import Integrity, Label, Sensitivity
from ringfence.gate.lowering import FRESH, Lowering, is_worse, label_of, lower

_UNTRUSTED = Label(integrity=Integrity.UNTRUSTED)
_SECRET = Label(integrity=Integrity.USER, sensitivity=Sensitivity.RESTRICTED)


def test_a_session_counts_as_the_worst_that_it_has_read_whoever_recorded_it(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    assert label_of(door) == FRESH
    assert lower(door, "s", FRESH, _UNTRUSTED, "web.example.com") == _UNTRUSTED
    both = Label(integrity=Integrity.UNTRUSTED, sensitivity=Sensitivity.RESTRICTED)
    assert lower(door, "s", FRESH, _SECRET, "files") == both
    assert label_of(door) == both


def test_what_was_lowered_meanwhile_is_seen_and_what_other_sessions_read_is_not(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    other = replace(door, stream="session/other")
    lowering = Lowering(door=door)
    assert lowering.look() == FRESH
    lower(door, "s", FRESH, _SECRET, "files")
    lower(other, "other", FRESH, _UNTRUSTED, "web.example.com")
    assert lowering.look() == _SECRET
    lower(other, "other", FRESH, _UNTRUSTED, "web.example.com")
    lower(door, "s", FRESH, _SECRET, "files")
    assert lowering.look() == _SECRET
    lower(door, "s", FRESH, _UNTRUSTED, "web.example.com")
    assert lowering.look().integrity is Integrity.UNTRUSTED


@pytest.mark.parametrize(
    ("origin", "worse"),
    [(FRESH, False), (_UNTRUSTED, True), (_SECRET, True), (Label(integrity=Integrity.SYSTEM), False)],
)
def test_what_is_less_trusted_or_more_sensitive_is_worse(origin: Label, worse: bool) -> None:
    assert is_worse(origin, FRESH) is worse
