"""Processes that write are killed at random moments: nothing acknowledged is lost, nothing half."""

import contextlib
import random
import signal
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest

from ledgers import assert_whole, groups_of_40, opened, scan, scans, writers
from ringfence.core.action_types import Durability

_ROUNDS = 6


@pytest.mark.parametrize("durability", list(Durability))
def test_a_writer_with_eight_threads_is_killed_again_and_again(
    ledger_file: Path, durability: Durability
) -> None:
    acknowledged: list[str] = []
    for turn in range(_ROUNDS):
        with writers(ledger_file, f"t{turn}", threads=8, durability=durability) as process:
            acknowledged += _killed_after(process, lines=random.randint(1, 120))
        _check(ledger_file, acknowledged)


def test_a_server_s_writer_is_killed_again_and_again(ledger_dsn: str) -> None:
    acknowledged: list[str] = []
    for turn in range(_ROUNDS):
        with writers(ledger_dsn, f"t{turn}", threads=8, durability=Durability.FSYNC) as process:
            acknowledged += _killed_after(process, lines=random.randint(1, 120))
        _check(ledger_dsn, acknowledged)


def test_processes_go_on_when_the_one_they_append_through_is_killed(ledger_file: Path) -> None:
    """Four processes with two threads each are killed one by one, the one that writes among them."""
    acknowledged: list[str] = []
    running = [
        writers(ledger_file, f"p{number}", threads=2, durability=Durability.FSYNC) for number in range(4)
    ]
    listening = [threading.Thread(target=_gather, args=(each, acknowledged)) for each in running]
    for each in listening:
        each.start()
    doomed = random.sample(running, 3)
    for victim in doomed:
        _wait_for(acknowledged, len(acknowledged) + random.randint(40, 120))
        victim.kill()
    (last,) = set(running) - set(doomed)
    _wait_for(acknowledged, len(acknowledged) + 40)
    last.stdin.close()
    for each in listening:
        each.join()
    assert [each.wait() for each in doomed] == [-signal.SIGKILL] * 3
    assert last.wait() == 0
    _check(ledger_file, acknowledged)


def _killed_after(process: "subprocess.Popen[bytes]", *, lines: int) -> list[str]:
    """What it acknowledged until it was killed, after so many lines and a moment."""
    seen = [process.stdout.readline().decode() for _ in range(lines)]
    process.kill()
    seen += process.stdout.read().decode().splitlines(keepends=True)
    return [line.strip() for line in seen if line.endswith("\n")]


def _gather(process: "subprocess.Popen[bytes]", acknowledged: list[str]) -> None:
    left = b""
    while arrived := process.stdout.read(1 << 16):
        *whole, left = (left + arrived).split(b"\n")
        with _GREW:
            acknowledged += [line.decode() for line in whole]
            _GREW.notify_all()


_GREW = threading.Condition()


def _wait_for(acknowledged: list[str], count: int) -> None:
    with _GREW:
        assert _GREW.wait_for(lambda: len(acknowledged) >= count, timeout=120)


def _check(where: str | Path, acknowledged: list[str]) -> None:
    ledger = opened(where)
    ledger.append(scan("afterwards"), stream="shared", durability=Durability.FSYNC)
    found = Counter(scans(ledger))
    del found["afterwards"]
    assert max(found.values()) == 1
    assert set(acknowledged) <= found.keys()
    assert_whole(ledger.rows())
    ledger.close()


@pytest.mark.parametrize("through", ["itself", "another"])
def test_of_many_events_that_go_together_a_killed_writer_leaves_all_or_none(
    ledger_file: Path, through: str
) -> None:
    """A process appends groups of 40; it is killed, or the one that it appends through."""
    for turn in range(_ROUNDS):
        with contextlib.ExitStack() as ending:
            first = ending.enter_context(groups_of_40(ledger_file, f"t{turn}"))
            ending.callback(first.kill)
            first.stdout.readline()
            second = first
            if through == "another":
                second = ending.enter_context(groups_of_40(ledger_file, f"u{turn}"))
                ending.callback(second.kill)
            for _ in range(random.randint(1, 40)):
                second.stdout.readline()
            first.kill()
            if through == "another":
                for _ in range(3):
                    second.stdout.readline()
        found = Counter(name.rsplit("-", 1)[0] for name in scans(opened(ledger_file)))
        assert set(found.values()) == {40}
        assert_whole(opened(ledger_file).rows())
