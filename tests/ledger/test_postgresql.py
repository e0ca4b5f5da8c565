"""A server that goes away in the middle, and several hosts at once."""

import os
import select
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from ledgers import assert_whole, opened, scan, scans
from ringfence.core.action_types import Durability
from ringfence.ledger.entry import Entry
from ringfence.ledger.errors import LedgerUnavailable
from ringfence.ledger.postgresql import ServerLedger
from ringfence.ledger.recorded import entry_of

_FSYNC = Durability.FSYNC


def test_a_connection_that_the_server_ended_is_made_again(ledger_dsn: str) -> None:
    ledger = opened(ledger_dsn)
    for name in ("a", "b", "c"):
        ledger.append(scan(name), stream="one", durability=_FSYNC)
        _end_all_other_connections(ledger_dsn)
    assert scans(ledger) == ["a", "b", "c"]
    assert_whole(ledger.rows())
    ledger.close()


def test_an_event_whose_answer_was_lost_is_recorded_once(ledger_dsn: str) -> None:
    """The connection breaks after the commit: the first attempt is lost on its way back."""
    ledger = opened(ledger_dsn)
    assert isinstance(ledger, ServerLedger)
    committed, lost = ledger._committed, []

    def loses_the_first(entries: list[Entry]) -> object:
        outcome = committed(entries)
        if not lost:
            lost.append(outcome)
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return outcome

    ledger._committed = loses_the_first  # type: ignore[method-assign, assignment]
    position = ledger.append(scan("once"), stream="one", durability=_FSYNC)
    assert lost == [[position]]
    assert scans(ledger) == ["once"]
    ledger.close()


def test_two_hosts_append_to_one_chain(ledger_dsn: str) -> None:
    one, other = opened(ledger_dsn), opened(ledger_dsn)
    for number in range(10):
        (one if number % 2 else other).append(scan(str(number)), stream="one", durability=_FSYNC)
    assert scans(one) == [str(number) for number in range(10)]
    assert_whole(other.rows())
    for each in (one, other):
        each.close()


def test_a_group_in_which_one_entry_expects_another_end_records_the_others(ledger_dsn: str) -> None:
    ledger = opened(ledger_dsn)
    assert isinstance(ledger, ServerLedger)
    entries = [
        entry_of(scan(name), stream="one", durability=_FSYNC, expect_seq=expected)
        for name, expected in (("a", 0), ("b", 0), ("c", 1))
    ]
    outcomes = ledger._group.append_all(entries)
    assert [getattr(each, "seq", None) for each in outcomes] == [1, None, 2]
    assert scans(ledger) == ["a", "c"]
    ledger.close()


def test_a_server_that_is_not_there_is_told_with_what_to_look_at() -> None:
    ledger = opened("postgresql:///db?host=/nonexistent&connect_timeout=2")
    for ask in (
        lambda: ledger.append(scan("a"), stream="one", durability=_FSYNC),
        lambda: list(ledger.read()),
        ledger.heads,
    ):
        with pytest.raises(LedgerUnavailable, match="server cannot be used") as refused:
            ask()
        assert "RINGFENCE_LEDGER" in refused.value.hint
    ledger.close()


def _end_all_other_connections(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_a_server_ends_with_the_process_that_started_it_even_if_that_is_killed(server: str) -> None:
    """The tests' own: nothing of it stays behind on the machine."""
    program = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
        from postgresql_server import binaries, running_server
        with running_server(binaries()) as dsn:
            print(dsn, flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        folder = Path(process.stdout.readline().decode().split("host=")[1].split("&")[0])
        running = os.pidfd_open(int((folder / "data/postmaster.pid").read_text().split()[0]))
        process.kill()
    try:
        assert select.select([running], [], [], 20)[0] == [running]
    finally:
        os.close(running)
        shutil.rmtree(folder)
