"""A ledger whose file somebody wrote by hand is shown and exported harmlessly, or refused."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ledgers import opened, scan
from ringfence.core.action_types import Durability
from ringfence.ledger.events.effect_done import EffectDone

_EVIL = "\x1b]0;pwned\x07\r\n\u202e"
_COLUMNS = {
    "stream": _EVIL,
    "type": f"scan.started{_EVIL}/1",
    "at": -(2**62),
    "seq": -5,
    "hash": b"",
    "commitment": b"x",
}
_BODIES = (
    '{"action_type":"x","decision_seq":1,"decision_stream":"s","result":{"name":NaN,"b":1e400,"c":0.5}}',
    '{"a":NaN,"b":-Infinity,"c":1e999,"d":"\\ud800","\\udc00":1}',
    "[" * 2000 + "]" * 2000,
    "[[1.5]]",
    "9" * 5000,
    '"text"',
    "null",
    '{"a":1,"a_base64":"!!"}',
)
_WAYS = (
    ("show",),
    ("show", "--verbose"),
    ("show", "--json"),
    ("show", "--format", "jsonl", "--grep", "a"),
    ("export", "--format", "ocsf"),
    ("export", "--format", "cef"),
    ("export", "--format", "jsonl"),
)


def tampered(folder: Path, column: str, value: object) -> Path:
    path = folder / "ledger.sqlite"
    ledger = opened(path)
    ledger.append(scan("before"), stream="one", durability=Durability.WRITTEN)
    done = EffectDone(action_type="x", decision_stream="s", decision_seq=1, result={})
    ledger.append(done, stream="one", durability=Durability.WRITTEN)
    ledger.close()
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE events SET {column} = ? WHERE seq = 2", (value,))
    return path


def holds(path: Path, way: tuple[str, ...]) -> None:
    """No traceback, nothing that moves a cursor, and JSON where JSON was promised."""
    done = subprocess.run(
        [sys.executable, "-m", "ringfence.cli.main", "ledger", *way],
        env={**os.environ, "RINGFENCE_LEDGER": str(path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
    )
    out, told = done.stdout.decode(), done.stderr.decode()
    assert done.returncode in (0, 3), told
    assert "Traceback" not in told
    assert all(char == "\n" or char.isprintable() for char in out + told)
    if "--json" in way:
        json.loads(out, parse_constant=pytest.fail)
    elif "cef" not in way and way not in _WAYS[:2]:
        for line in out.splitlines():
            json.loads(line, parse_constant=pytest.fail)


@pytest.mark.parametrize("way", _WAYS, ids=" ".join)
@pytest.mark.parametrize("column", _COLUMNS)
def test_columns_that_nobody_recorded_do_no_harm(column: str, way: tuple[str, ...], tmp_path: Path) -> None:
    holds(tampered(tmp_path, column, _COLUMNS[column]), way)


@pytest.mark.parametrize("way", _WAYS, ids=" ".join)
def test_bodies_that_nobody_recorded_do_no_harm(way: tuple[str, ...], tmp_path: Path) -> None:
    for number, body in enumerate(_BODIES):
        folder = tmp_path / str(number)
        folder.mkdir()
        holds(tampered(folder, "body", body.encode()), way)
