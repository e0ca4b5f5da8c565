"""What is wrong with a call that has no receipt, mypy says before it runs."""

import subprocess
import sys
from pathlib import Path

from effect_finding import SOURCE

_BEGINNING = """
from ringfence.app.signing.signers import KeySigner
from ringfence.core.actions import ListenerAsk, ModelSign
from ringfence.core.receipts import Receipt
from ringfence.endpoint.listeners.ask import ask
from ringfence.gate.door import Door
from ringfence.gate.refused import Refused
from ringfence.gate.seals import Seals


def act(
    signer: KeySigner,
    door: Door,
    seals: Seals,
    signing: ModelSign,
    of_signing: Receipt[ModelSign],
    asking: ListenerAsk,
    of_asking: Receipt[ListenerAsk],
) -> object:
"""

# Each line stands alone in a function; the words of mypy's error, None where there is none.
_CALLS = (
    ("return signer.sign(b'', receipt=of_signing, seals=seals)", None),
    ("return ask('/', own={}, receipt=of_asking, seals=seals)", None),
    ("return seals.redeem(of_signing, ModelSign).signer", None),
    ("return signer.sign(b'', seals=seals)", 'Missing named argument "receipt"'),
    ("return signer.sign(b'', receipt=of_asking, seals=seals)", 'expected "Receipt[ModelSign]"'),
    ("return signer.sign(b'', receipt=signing, seals=seals)", 'expected "Receipt[ModelSign]"'),
    ("return signer.sign(b'', receipt=None, seals=seals)", 'expected "Receipt[ModelSign]"'),
    ("return signer.sign(b'', receipt=door.pass_(signing), seals=seals)", '"Receipt[ModelSign] | Refused"'),
    ("return signer.sign(b'', receipt=door.decide(signing), seals=seals)", 'expected "Receipt[ModelSign]"'),
    ("return ask('/', own={}, seals=seals)", 'Missing named argument "receipt"'),
    ("return ask('/', own={}, receipt=of_signing, seals=seals)", 'expected "Receipt[ListenerAsk]"'),
    ("return seals.redeem(of_asking, ModelSign).signer", "ModelSign"),
    ("return Receipt(action='anything', stream='', seq=1, expires_at=None, uses=1, seal=b'')", "Receipt"),
)


def test_only_the_receipt_of_its_own_action_type_checks(tmp_path: Path) -> None:
    for number, (line, _) in enumerate(_CALLS):
        (tmp_path / f"call_{number}.py").write_text(f"{_BEGINNING}    {line}\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"),
            *("--follow-imports", "silent", "--cache-dir", str(tmp_path / "cache"), "."),
        ],
        cwd=tmp_path,
        env={"MYPYPATH": str(SOURCE.parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    said = {number: [] for number in range(len(_CALLS))}
    for line in done.stdout.splitlines():
        name, _, rest = line.partition(".py:")
        said[int(name.removeprefix("call_"))].append(rest)
    for number, (line, expected) in enumerate(_CALLS):
        if expected is None:
            assert said[number] == [], line
        else:
            assert any(expected in each for each in said[number]), (line, said[number])
