"""Receipts: what holds, what does not, and how often."""

import dataclasses
import gc
import multiprocessing
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ringfence.core.actions import Action, HttpRequest, ListenerAsk, ModelQuarantine, ModelSign
from ringfence.core.dataclass import dataclass
from ringfence.core.receipts import Receipt
from ringfence.gate.seals import LONGEST, ReceiptRefused, Seals, open_seals
from ringfence.gate.state import StateRefused

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_SIGN = ModelSign(name="llama", path="/models/llama", signer="key:00")
_ASK = ListenerAsk(address="127.0.0.1", port=11434)


class _Clock:
    def __init__(self) -> None:
        self.at = _NOW

    def __call__(self) -> datetime:
        return self.at


def _seals(folder: Path, now: Callable[[], datetime] = lambda: _NOW) -> Seals:
    return open_seals(folder, now=now, randomness=lambda size: b"k" * size)


def _request(method: str) -> HttpRequest:
    return HttpRequest(host="e.com", port=443, method=method, path="/")


def test_only_receipts_for_what_changes_something_are_counted_for_every_process(tmp_path: Path) -> None:
    one, other = _seals(tmp_path), _seals(tmp_path)
    for action, counted in ((_request("POST"), True), (_request("GET"), False)):
        receipt = _receipt(one, action, seq=1 if counted else 2)
        assert one.redeem(receipt, HttpRequest) == action
        with pytest.raises(ReceiptRefused, match="used before"):
            (other if counted else one).redeem(receipt, HttpRequest)
        if not counted:
            assert other.redeem(receipt, HttpRequest) == action


def _receipt(seals: Seals, action: Action = _SIGN, *, seq: int = 7, uses: int = 1) -> Receipt[Action]:
    return seals.seal(action, stream="endpoint", seq=seq, lasts=timedelta(minutes=1), uses=uses)


def test_a_receipt_is_redeemed_as_often_as_it_says_and_no_more(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    for action in (_SIGN, _ASK):
        receipt = _receipt(seals, action, uses=2)
        assert seals.redeem(receipt, type(action)) is action
        assert seals.redeem(receipt, type(action)) is action
        with pytest.raises(ReceiptRefused, match="used before"):
            seals.redeem(receipt, type(action))


def test_two_decisions_on_the_same_action_are_two_receipts(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    assert seals.redeem(_receipt(seals, seq=1), ModelSign) == _SIGN
    assert seals.redeem(_receipt(seals, seq=2), ModelSign) == _SIGN


def test_no_field_of_a_receipt_can_be_changed(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    true = _receipt(seals)
    other = dataclasses.replace(_SIGN, path="/models/other")
    for changed in (
        {"action": other},
        {"stream": "session"},
        {"seq": 8},
        {"expires_at": true.expires_at + timedelta(seconds=1)},
        {"uses": 2},
        {"seal": bytes(32)},
        {"seal": b""},
        {"expires_at": None},
        {"expires_at": true.expires_at.replace(tzinfo=None)},
        {"stream": None},
        {"seq": "7"},
        {"uses": True},
        {"uses": 1.0},
        {"seal": true.seal.hex()},
    ):
        with pytest.raises(ReceiptRefused, match="not made by the gate"):
            seals.redeem(dataclasses.replace(true, **changed), ModelSign)
    assert seals.redeem(true, ModelSign) == _SIGN


def test_another_key_makes_no_receipts(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    strange = open_seals(tmp_path / "other", now=lambda: _NOW, randomness=lambda size: b"x" * size)
    with pytest.raises(ReceiptRefused, match="not made by the gate"):
        _seals(tmp_path).redeem(_receipt(strange), ModelSign)


def test_a_receipt_for_another_type_of_action_is_refused_whatever_its_annotation_says(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    same_words = ModelQuarantine(name="llama", path="/models/llama")
    with pytest.raises(ReceiptRefused, match="another kind"):
        seals.redeem(_receipt(seals, same_words), ModelSign)

    class Cast(Receipt[ModelSign]):
        pass

    true = _receipt(seals)
    fields = {field.name: getattr(true, field.name) for field in dataclasses.fields(true)}
    with pytest.raises(ReceiptRefused, match="another kind"):
        seals.redeem(Cast(**fields), ModelSign)


def test_an_action_of_a_type_made_up_is_refused(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Mine(ModelSign):
        pass

    seals = _seals(tmp_path)
    true = _receipt(seals)
    made_up = dataclasses.replace(true, action=Mine(name="llama", path="/models/llama", signer="key:00"))
    with pytest.raises(ReceiptRefused, match="another kind"):
        seals.redeem(made_up, ModelSign)


def test_a_receipt_is_over_when_its_time_is_and_a_clock_put_back_does_not_bring_it_again(
    tmp_path: Path,
) -> None:
    clock = _Clock()
    seals = _seals(tmp_path, clock)
    receipt, long_past = _receipt(seals), _receipt(seals, seq=8)
    clock.at += timedelta(minutes=1)
    with pytest.raises(ReceiptRefused, match="time is over"):
        seals.redeem(receipt, ModelSign)
    clock.at = _NOW - LONGEST
    with pytest.raises(ReceiptRefused, match="time is over"):
        seals.redeem(receipt, ModelSign)
    clock.at = _NOW + timedelta(hours=2)
    later = _seals(tmp_path, clock)
    assert later.redeem(_receipt(later, seq=9), ModelSign) == _SIGN  # forgets what is over
    clock.at = _NOW
    with pytest.raises(ReceiptRefused, match="used before"):
        later.redeem(long_past, ModelSign)


def test_a_receipt_holds_in_another_process_and_a_replay_there_does_not(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    for fresh, expected in ((True, _SIGN), (False, "used before")):
        receipt = _receipt(seals, seq=20 + fresh)
        if not fresh:
            seals.redeem(receipt, ModelSign)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            said = pool.apply(_redeem_elsewhere, (tmp_path, receipt))
        assert said == expected if fresh else expected in str(said)


def test_of_many_processes_that_redeem_one_receipt_as_many_succeed_as_it_has_uses(tmp_path: Path) -> None:
    receipt = _receipt(_seals(tmp_path), uses=3)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        said = pool.starmap(_redeem_elsewhere, [(tmp_path, receipt)] * 12)
    assert sum(each == _SIGN for each in said) == 3


def _redeem_elsewhere(folder: Path, receipt: Receipt[ModelSign]) -> object:
    try:
        return _seals(folder).redeem(receipt, ModelSign)
    except ReceiptRefused as error:
        return error.what


def test_a_receipt_without_end_or_use_is_not_made(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    for lasts, uses in ((timedelta(0), 1), (LONGEST * 2, 1), (timedelta(minutes=1), 0)):
        with pytest.raises(ValueError):
            seals.seal(_SIGN, stream="endpoint", seq=1, lasts=lasts, uses=uses)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    _seals(tmp_path)
    key = tmp_path / "receipts.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    open_seals(tmp_path, now=lambda: _NOW, randomness=lambda size: b"n" * size)
    assert (key.read_bytes(), [each.name for each in tmp_path.iterdir()]) == (before, ["receipts.key"])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_get_at_is_refused_with_a_hint(tmp_path: Path, mode: int) -> None:
    _seals(tmp_path)
    (tmp_path / "receipts.key").chmod(mode)
    with pytest.raises(StateRefused) as refused:
        _seals(tmp_path)
    assert refused.value.what == f"{tmp_path}/receipts.key: others can get at it"
    assert refused.value.hint == f"run: chmod go-rwx {tmp_path}/receipts.key"


def test_a_key_that_is_a_link_a_folder_or_cut_short_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "receipts.key"
    (tmp_path / "elsewhere").write_bytes(b"k" * 32)
    key.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateRefused, match="cannot be read"):
        _seals(tmp_path)
    key.unlink()
    key.mkdir(mode=0o700)
    with pytest.raises(StateRefused, match="not a regular file"):
        _seals(tmp_path)
    key.rmdir()
    key.write_bytes(b"k" * 31)
    key.chmod(0o600)
    with pytest.raises(StateRefused, match="no key"):
        _seals(tmp_path)


def test_makers_of_the_key_at_once_agree_on_one(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        sealed = pool.map(_sealed_elsewhere, [tmp_path] * 8)
    assert len(set(sealed)) == 1


def _sealed_elsewhere(folder: Path) -> bytes:
    return _receipt(open_seals(folder, now=lambda: _NOW, randomness=os.urandom)).seal


def test_uses_that_cannot_be_counted_redeem_nothing(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    (tmp_path / "receipts.sqlite").write_bytes(b"no database at all, whatever its name says" * 100)
    with pytest.raises(StateRefused, match="cannot be counted"):
        seals.redeem(_receipt(seals), ModelSign)


def test_nothing_stays_open_of_a_count_that_failed_or_was_given_back(tmp_path: Path) -> None:
    seals = _seals(tmp_path)
    receipt = _receipt(seals)
    gc.disable()  # which would come to it some time
    try:
        before = os.listdir("/proc/self/fd")
        (tmp_path / "receipts.sqlite").write_bytes(b"no database at all, whatever its name says" * 100)
        with pytest.raises(StateRefused):
            seals.redeem(receipt, ModelSign)
        assert os.listdir("/proc/self/fd") == before
        (tmp_path / "receipts.sqlite").unlink()
        seals.redeem(receipt, ModelSign)
        seals.close()
        assert os.listdir("/proc/self/fd") == before
    finally:
        gc.enable()
    with pytest.raises(ReceiptRefused, match="used before"):
        seals.redeem(receipt, ModelSign)
