"""Ten and fifty agents at once: what an operator sees and does is what it is for one."""

from pathlib import Path

import pytest

from viewing import Viewed, viewed
from watched import machine, post, push, session_id


@pytest.mark.parametrize("agents", [1, 10, 50])
def test_the_queue_does_not_grow_with_agents_that_ask_the_same(tmp_path: Path, agents: int) -> None:
    here = machine(tmp_path)
    for number in range(agents):
        for asked in (push(), post("q=1")):
            here.does(session_id(number), asked)
    here.door.approvals.look()
    assert len(here.door.approvals.asks) == 2 * agents

    async def answer(seen: Viewed) -> None:
        assert " 1 asks 2 " in await seen.read()
        for key in "aA":
            await seen.press(key, "G", "enter")
            await seen.shows(f" {agents} approved")
            await seen.press("escape")
        assert " 1 asks 0 " in await seen.read()

    viewed(here, answer)
