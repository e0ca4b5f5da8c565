"""Soaks the terminal view: so many events a second for so long, and whether it grows or lags.

A process of its own records requests as a box would make them; the view, 80 by 24 and without a terminal,
follows the same ledger. Exit status 1: memory grew by more than MIB after the first minute, or one event in a
hundred took longer than LAG seconds to be shown. `make soak`; MINUTES=2 for less.
"""

import argparse
import asyncio
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ringfence.app.approving import Approving
from ringfence.app.watching.asking import Queue
from ringfence.app.watching.watch import Watch
from ringfence.core.action_types import Durability
from ringfence.core.decisions import Decision, Effect, Mode
from ringfence.core.limits import LIMITS
from ringfence.gate.operators import Operator
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.open import open_ledger
from ringfence.ledger.streams import session_stream
from ringfence.tui.view import View
from ringfence.wiring.gate import open_door
from ringfence.wiring.watching import Watching

_MIB = 1024 * 1024
_SESSIONS = 50
_BEATS = 10  # a second: how often events are recorded together


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How the view stands at one time."""

    at_s: float
    rss_bytes: int
    lag_s: float  # between the newest event's record and now, when it is shown
    shown: int
    drawn: int  # lines, since the start


def main() -> int:
    """Writes, or watches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--grows", type=int, default=16, metavar="MIB")
    parser.add_argument("--lag", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--write", type=Path, metavar="LEDGER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write is not None:
        _write(options.write, options.rate)
        return 0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        path = Path(folder) / "ledger.sqlite"
        os.environ |= {"RINGFENCE_LEDGER": str(path), "XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder}
        command = [sys.executable, __file__, "--write", str(path), "--rate", str(options.rate)]
        writer = subprocess.Popen(command, stdin=subprocess.PIPE)
        try:
            samples = asyncio.run(_watch(options.minutes * 60))
        finally:
            writer.communicate()
    return _told(samples, options)


def _write(path: Path, rate: int) -> None:
    """Until standard input ends."""
    ledger = open_ledger(path, clock=lambda: datetime.now(UTC))
    due, number = time.monotonic(), 0
    while not select.select([0], [], [], max(0.0, due - time.monotonic()))[0]:
        events = [_event(number + each) for each in range(rate // _BEATS)]
        number += len(events)
        stream = session_stream(f"0199c0de-0000-7000-8000-{number // len(events) % _SESSIONS:012x}")
        ledger.append_all(events, stream=stream, durability=Durability.WRITTEN)
        due += 1 / _BEATS
    ledger.close()


def _event(number: int) -> DecisionMade:
    allowed = number % 20 != 0
    return DecisionMade(
        action={
            "action": "http.request",
            "agent": "claude",
            "host": "api.example.com" if allowed else "elsewhere.example.net",
            "method": "GET",
            "path": f"/items/{number}/" + "x" * (number % 400),
        },
        decision=Decision(
            effect=Effect.ALLOW if allowed else Effect.DENY, mode=Mode.ENFORCE, reasons=(), policy_digest="00"
        ),
        proceeds=allowed,
    )


async def _watch(seconds: float) -> list[Sample]:
    door = open_door()
    queue = Queue(door.approvals)
    started, begun = datetime.now(UTC), time.monotonic()
    watched = Watching(
        watch=Watch(door.ledger, queue, since=started, now=lambda: datetime.now(UTC)),
        queue=queue,
        who=Approving(door=door, operator=Operator(name="soak", groups=()), check_free=lambda: None),
        now=lambda: datetime.now(UTC),
        notes=deque(maxlen=LIMITS.watched_notes),
    )
    view, samples = View(watched), list[Sample]()
    async with view.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        while time.monotonic() - begun < seconds:
            await asyncio.sleep(min(5.0, seconds / 20))
            newest = view.events.chosen
            if newest is not None:
                samples.append(
                    Sample(
                        at_s=time.monotonic() - begun,
                        rss_bytes=_rss_bytes(),
                        lag_s=(datetime.now(UTC) - newest.at).total_seconds(),
                        shown=newest.ordinal,
                        drawn=view.events.drawn,
                    )
                )
    door.ledger.close()
    return samples


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _told(samples: list[Sample], options: argparse.Namespace) -> int:
    first = next((each for each in samples if each.at_s >= min(60, options.minutes * 30)), samples[0])
    last = samples[-1]
    lags = sorted(each.lag_s for each in samples)
    grown = (last.rss_bytes - first.rss_bytes) / _MIB
    print(f"events {last.shown:,} in {last.at_s:.0f} s: {last.shown / last.at_s:.0f} a second")
    print(f"memory {first.rss_bytes / _MIB:.1f} MiB after {first.at_s:.0f} s, {grown:+.1f} MiB at the end")
    late_s = lags[len(lags) * 99 // 100]
    print(f"lag    {lags[len(lags) // 2]:.2f} s median, {late_s:.2f} s in 99 of 100, {lags[-1]:.2f} s worst")
    print(f"drawn  {last.drawn / last.at_s:.0f} lines a second")
    return 1 if grown > options.grows or late_s > options.lag else 0


if __name__ == "__main__":
    sys.exit(main())
