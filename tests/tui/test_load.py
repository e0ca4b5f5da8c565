"""Much at once: what is kept and drawn stays the same, however much there was."""

from pathlib import Path

from ledgers import scan
from ringfence.core.action_types import Durability
from ringfence.core.limits import LIMITS
from viewing import Viewed, viewed
from watched import machine

_MANY = LIMITS.watched_events + 1_000
_AT_ONCE = 1_000
_LINES = 24


def test_more_events_than_are_kept_cost_no_more_lines_than_the_screen_has(tmp_path: Path) -> None:
    here = machine(tmp_path)
    events = [scan(str(number)) for number in range(_AT_ONCE)]

    async def look(seen: Viewed) -> None:
        await seen.read()
        await seen.press("2")
        before, looks = seen.view.events.drawn, 0
        for _ in range(_MANY // _AT_ONCE):
            here.door.ledger.append_all(events, stream="endpoint", durability=Durability.WRITTEN)
            await seen.read()
            looks += 1
        shown = seen.text()
        assert f"2 events {_MANY:,}" in shown.splitlines()[0]
        assert f"{LIMITS.watched_events:,} events" in shown.splitlines()[-2]
        assert looks < seen.view.events.drawn - before < looks * 3 * _LINES
        await seen.press("k")
        chosen = seen.view.events.chosen
        here.door.ledger.append_all(events, stream="endpoint", durability=Durability.WRITTEN)
        assert "stopped" in await seen.read()
        assert seen.view.events.chosen == chosen, "whoever stopped stays where they were"

    viewed(here, look)
