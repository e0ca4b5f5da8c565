"""Killed anywhere between decision, record and effect: no effect without a record, no promise broken."""

import pickle
from pathlib import Path

import pytest

import crashing_door
from doors import now
from forked import started
from ledgers import assert_whole
from ringfence.core.actions import ModelSign
from ringfence.core.receipts import Receipt
from ringfence.gate.seals import ReceiptRefused, open_seals
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.open import open_ledger

_REDEEMED = 19  # the point from which on the receipt is used up


class Run:
    """One run of the program, up to a point, where it is killed; None: to its end."""

    def __init__(self, folder: Path, kill_at: int | None) -> None:
        (folder / "effects").mkdir(exist_ok=True)
        self.points: list[str] = []
        self.acknowledged: list[tuple[str, int]] = []
        self.receipts: list[Receipt[ModelSign]] = []
        with started(crashing_door.main, str(folder), text=True, bufsize=1) as child:
            assert child.stdin is not None and child.stdout is not None
            for line in child.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "acknowledged":
                    stream, seq = rest.split()
                    self.acknowledged.append((stream, int(seq)))
                elif word == "receipt":
                    self.receipts.append(pickle.loads(bytes.fromhex(rest)))
                elif len(self.points) == kill_at:
                    child.kill()
                    break
                else:
                    self.points.append(rest)
                    child.stdin.write("on\n")
        assert child.returncode == (0 if kill_at is None else -9)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("whole"), None)


def test_every_point_there_is_is_tried(whole: Run) -> None:
    assert whole.points == [
        *("before policy.loaded/1", "after policy.loaded/1"),
        *("before ask.opened/1", "after ask.opened/1"),
        *("before decision.made/1", "after decision.made/1"),
        *("before decision.made/1", "after decision.made/1", "sealed", "before redeeming", "redeemed"),
        *("before grant.given/1", "after grant.given/1"),
        *("before grant.used/1", "after grant.used/1"),
        *("before decision.made/1", "after decision.made/1", "sealed", "before redeeming", "redeemed"),
        *("half the effect", "the whole effect"),
        *("before effect.done/1", "after effect.done/1"),
    ]
    assert (whole.points[_REDEEMED], len(whole.points)) == ("redeemed", 24)


@pytest.mark.parametrize("point", range(24))
def test_a_kill_leaves_no_effect_without_a_record_and_loses_nothing(point: int, tmp_path: Path) -> None:
    killed = Run(tmp_path, point)
    assert len(killed.points) == point
    ledger = open_ledger(tmp_path / "state" / "ledger.sqlite", clock=now)
    for stream, seq in killed.acknowledged:
        assert ledger.event(stream, seq) is not None
    assert_whole(ledger.rows())
    for effect in (tmp_path / "effects").iterdir():
        stream, _, seq = effect.name.partition("-")
        recorded = ledger.event(stream, int(seq))
        assert recorded is not None and isinstance(recorded.event, DecisionMade)
        assert recorded.event.proceeds and recorded.event.grant is not None
    ledger.close()
    seals = open_seals(tmp_path / "state", now=now, randomness=lambda _size: b"")
    for receipt in killed.receipts:
        if point < _REDEEMED:
            assert seals.redeem(receipt, ModelSign) == receipt.action
        with pytest.raises(ReceiptRefused, match="used before"):
            seals.redeem(receipt, ModelSign)


@pytest.mark.parametrize("point", [3, 14, 20])
def test_what_was_killed_can_be_run_again(point: int, tmp_path: Path) -> None:
    Run(tmp_path, point)
    Run(tmp_path, None)
    done = [each.read_text() for each in (tmp_path / "effects").iterdir()]
    assert sorted(done) == sorted(["llama is signed", *(["llama"] if point == 20 else [])])
