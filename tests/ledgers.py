"""Ledgers for tests: opened with this machine's clock, checked link by link, written by many processes.

A writer appends until it is killed or its input ends, and writes the name of each event that was acknowledged
as a line of its own.
"""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from forked import started
from ringfence.core.action_types import Durability
from ringfence.ledger.chain import START, Head, Row, fault_of
from ringfence.ledger.event_types import ScanStarted
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.open import open_ledger

__all__ = ["assert_whole", "groups_of_40", "now", "opened", "scan", "scans", "writers"]


def now() -> datetime:
    return datetime.now(UTC)


def opened(where: str | Path, **more: object) -> Ledger:
    return open_ledger(where, **{"clock": now, **more})


def scan(name: str) -> ScanStarted:
    return ScanStarted(scan=name, scope=("/home",), tool_version="1")


def scans(ledger: Ledger, **filters: object) -> list[str]:
    """The names of what `scan` made, in order."""
    return [each.event.scan for each in ledger.read(**filters)]


def assert_whole(rows: Iterable[Row]) -> None:
    """Every event follows the one before it in its stream, and none is half."""
    heads: dict[str, Head] = {}
    for row in rows:
        assert fault_of(row, heads.get(row.stream, START)) is None
        assert row.body is not None
        heads[row.stream] = Head(row.seq, row.hash)


def writers(
    where: str | Path, name: str, *, threads: int, durability: Durability
) -> "subprocess.Popen[bytes]":
    """A process that appends from several threads."""
    return started(_write_all, str(where), name, str(threads), durability.value, bufsize=0)


def groups_of_40(where: str | Path, name: str) -> "subprocess.Popen[bytes]":
    """A process that appends groups of events, and writes a line for each group."""
    return started(_write_all, str(where), name, "groups", Durability.WRITTEN.value, bufsize=0)


def _write_groups(ledger: Ledger, name: str, durability: Durability) -> None:
    for count in itertools.count():
        events = [scan(f"{name}.{count}-{number}") for number in range(40)]
        ledger.append_all(events, stream="shared", durability=durability)
        os.write(1, f"{name}.{count}\n".encode())


def _write(ledger: Ledger, name: str, durability: Durability, ended: threading.Event) -> None:
    count = 0
    while not ended.is_set():
        count += 1
        ledger.append(scan(f"{name}-{count}"), stream="shared", durability=durability)
        os.write(1, f"{name}-{count}\n".encode())


def _write_all(where: str, name: str, threads: str, durability: str) -> None:
    threading.excepthook = lambda failed: (sys.excepthook(*failed[:3]), os._exit(70))
    ledger, ended = opened(where), threading.Event()
    if threads == "groups":
        _write_groups(ledger, name, Durability(durability))
    running = [
        threading.Thread(target=_write, args=(ledger, f"{name}/{number}", Durability(durability), ended))
        for number in range(int(threads))
    ]
    for each in running:
        each.start()
    sys.stdin.read()
    ended.set()
    for each in running:
        each.join()
    ledger.close()
