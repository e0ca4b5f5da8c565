"""A ledger whose file somebody wrote by hand is shown and exported harmlessly, or refused."""

import contextlib
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
    folder.mkdir()
    path = folder / "ledger.sqlite"
    ledger = opened(path)
    ledger.append(scan("before"), stream="one", durability=Durability.WRITTEN)
    done = EffectDone(action_type="x", decision_stream="s", decision_seq=1, result={})
    ledger.append(done, stream="one", durability=Durability.WRITTEN)
    ledger.close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE events SET {column} = ? WHERE seq = 2", (value,))
    return path


# One process reads all ledgers, as starting it takes longer: for each its code and what it wrote, as JSON.
_READ_ALL = """
import contextlib, io, json, os, sys
from ringfence.cli.main import main
for path in sys.argv[1].split(":"):
    os.environ["RINGFENCE_LEDGER"] = path
    out, told = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = main(["ledger", *sys.argv[2:]])
    print(json.dumps([code, *(each.buffer.getvalue().decode() for each in (out, told))]))
"""


@pytest.mark.parametrize("way", _WAYS, ids=" ".join)
def test_what_nobody_recorded_does_no_harm(way: tuple[str, ...], tmp_path: Path) -> None:
    """No traceback, nothing that moves a cursor, and JSON where JSON was promised."""
    values = [*_COLUMNS.items(), *(("body", body.encode()) for body in _BODIES)]
    paths = [tampered(tmp_path / str(at), column, value) for at, (column, value) in enumerate(values)]
    done = subprocess.run(
        [sys.executable, "-c", _READ_ALL, ":".join(map(str, paths)), *way],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert (len(results), done.returncode, done.stderr) == (len(values), 0, b"")
    for value, (code, out, told) in zip(values, results, strict=True):
        assert code in (0, 3), (value, told)
        assert all(char == "\n" or char.isprintable() for char in out + told), value
        if "--json" in way:
            json.loads(out, parse_constant=pytest.fail)
        elif "cef" not in way and way not in _WAYS[:2]:
            for line in out.splitlines():
                json.loads(line, parse_constant=pytest.fail)
