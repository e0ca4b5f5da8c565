"""What questions cost operators: counted from the ledger, and never less than it was."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ringfence.app.approving import Answer, AskStats, OperatorStats, ask_stats
from ringfence.app.watching.answering import answer_all
from ringfence.cli.main import main
from watched import machine, post, session_id

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_ONE, _TWO = map(session_id, (1, 2))


def test_hours_of_agents_and_minutes_of_operators_are_counted(tmp_path: Path) -> None:
    at = [_AT]
    here = machine(tmp_path, clock=lambda: at[0])
    who, queue = here.watching.who, here.watching.queue

    def later(**how: int) -> None:
        at[0] += timedelta(**how)

    here.starts(_ONE, "/bin/true")
    here.starts(_TWO, "/bin/true")
    here.does(_ONE, post("q=1"))
    here.does(_TWO, post("q=2"))
    later(seconds=30)
    one, two = queue.look(at[0])
    answer_all(one.asks, Answer(), who)  # 30 s after it was there
    later(seconds=10)
    answer_all(two.asks, None, who)  # 10 s after the answer before
    here.does(_ONE, post("q=3"))
    later(minutes=59, seconds=20)
    (three,) = queue.look(at[0])
    answer_all(three.asks, Answer(), who)  # lay there: five minutes
    here.ends(_ONE)
    later(hours=1)
    assert ask_stats(here.door.ledger, since=None, now=at[0]) == AskStats(
        started_at=at[0],
        complete=True,
        since=None,
        sessions=2,
        agents_s=3 * 3600,
        asked=3,
        approved=2,
        denied=1,
        waited_median_s=40,
        waited_longest_s=59 * 60 + 20,
        attended_s=340,
        attended_s_per_agent_hour=113,
        operators=(OperatorStats(operator="olga", answers=3, attended_s=340),),
    )
    recent = ask_stats(here.door.ledger, since=_AT + timedelta(minutes=30), now=at[0])
    assert (recent.asked, recent.approved, recent.agents_s) == (0, 1, 1800), "of a box that ends, since then"


def test_they_are_told_and_where_nothing_ran_nothing_is_divided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = machine(tmp_path)
    here.does(_ONE, post("q=1"))
    here.door.ledger.close()
    monkeypatch.setenv("RINGFENCE_LEDGER", str(tmp_path / "state" / "ledger.sqlite"))
    assert main(["asks", "--stats"]) == 0
    assert capsys.readouterr().out == (
        "operators  no agent ran\n"
        "agents     0.0 hours in boxes, 0 sessions\n"
        "questions  1 asked, 0 approved, 0 denied\n"
    )
    assert main(["asks", "--stats", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["asked"], found["attended_s_per_agent_hour"]) == (
        "ringfence.ask-stats/1",
        1,
        None,
    )
    assert main(["asks", "--since", "1h"]) == 2
