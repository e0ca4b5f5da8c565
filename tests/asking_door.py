"""Processes that go through one door at once.

`main(FOLDER, "pass", WAIT_S, N)`: tries N times, waits so long each time, writes `passed` or `refused`.
`main(FOLDER, "approve", NAME, ASK, USES)`: answers a question, and writes `granted` or what went wrong.
Each says `ready` first and begins when it reads a line.
"""

import sys
from pathlib import Path

from doors import door_in
from ringfence.app.approving import Answer, Approving, approve
from ringfence.core.actions import ModelSign
from ringfence.core.errors import RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.gate.operators import Operator


def main(folder: str, what: str, *rest: str) -> None:
    door = door_in(Path(folder))
    door.policy()
    print("ready", flush=True)
    sys.stdin.readline()
    if what == "pass":
        for _ in range(int(rest[1])):
            action = ModelSign(name="llama", path="/models/llama", signer="key:00")
            passed = isinstance(door.pass_(action, wait_s=float(rest[0])), Receipt)
            print("passed" if passed else "refused", flush=True)
    else:
        who = Approving(door=door, operator=Operator(name=rest[0], groups=()), check_free=lambda: None)
        try:
            approve(rest[1], Answer(uses=int(rest[2])), who)
            print("granted", flush=True)
        except RingfenceError as error:
            print(error.what, flush=True)
    door.ledger.close()
