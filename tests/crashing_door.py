"""A process that goes through the door and has an effect, and stops at every point in between.

`main(FOLDER)`: writes the name of each point as a line and goes on when it reads one. The line
`acknowledged STREAM SEQ` says what the ledger has promised, `receipt HEX` what was in its hands (pickled).
"""

import dataclasses
import pickle
import sys
from datetime import timedelta
from pathlib import Path

from doors import STREAM, door_in, now
from ringfence.app.approving import Answer, Approving, approve
from ringfence.core.actions import ModelSign
from ringfence.core.receipts import Receipt
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused
from ringfence.gate.seals import Seals
from ringfence.gate.uses import Uses
from ringfence.ledger.ledger import Ledger, Position
from ringfence.ledger.open import open_ledger

POLICY = """
version: 1
models: {mode: enforce, rules: [{actions: [model.sign], then: ask}]}
"""


def say(line: str) -> None:
    print(line, flush=True)


def stop(point: str) -> None:
    say(f"point {point}")
    if not sys.stdin.readline():
        sys.exit(1)


class StoppingLedger:
    """The real one, with stops around each append."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def append(self, event, **how) -> Position:
        stop(f"before {event.TYPE}")
        position = self._ledger.append(event, **how)
        say(f"acknowledged {position.stream} {position.seq}")
        stop(f"after {event.TYPE}")
        return position

    def __getattr__(self, name: str):
        return getattr(self._ledger, name)


class StoppingSeals(Seals):
    """The real ones, with stops around each receipt's making and redeeming."""

    def seal(self, action, **how):
        receipt = super().seal(action, **how)
        if isinstance(action, ModelSign):
            say(f"receipt {pickle.dumps(receipt).hex()}")
        stop("sealed")
        return receipt

    def redeem(self, receipt, made):
        stop("before redeeming")
        action = super().redeem(receipt, made)
        stop("redeemed")
        return action


def sign(folder: Path, receipt: Receipt[ModelSign], seals: Seals) -> None:
    """The effect: a file that names its decision, in two halves."""
    action = seals.redeem(receipt, ModelSign)
    with (folder / "effects" / f"{receipt.stream}-{receipt.seq}").open("w") as file:
        file.write(action.name)
        file.flush()
        stop("half the effect")
        file.write(" is signed")
    stop("the whole effect")


def main(where: str) -> None:
    folder = Path(where)
    ledger = open_ledger(folder / "state" / "ledger.sqlite", clock=now)
    door = door_in(folder, POLICY, ledger=StoppingLedger(ledger))
    key = (folder / "state" / "receipts.key").read_bytes()
    uses = Uses(folder / "state" / "receipts.sqlite")
    door = dataclasses.replace(door, seals=StoppingSeals(key=key, uses=uses, now=now))
    action = ModelSign(name="llama", path="/models/llama", signer="key:00")
    receipt = door.pass_(action, lasts=timedelta(minutes=5))
    if isinstance(receipt, Refused):
        who = Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)
        approve(receipt.ask, Answer(), who)
        receipt = door.pass_(action)
    assert isinstance(receipt, Receipt)
    sign(folder, receipt, door.seals)
    door.done(receipt)
    assert receipt.stream == STREAM
    ledger.close()
