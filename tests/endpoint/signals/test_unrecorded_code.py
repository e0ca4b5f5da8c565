"""Repositories in which nothing records which model wrote what."""

from pathlib import Path

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Repository
from ringfence.endpoint.signals.unrecorded_code import look


def repository(path: str, *, records: tuple[str, ...] = (), marks: tuple[str, ...] = ()) -> Repository:
    return Repository(path=Path(path), records=records, agent_marks=marks)


def test_repositories_where_agents_work_come_first() -> None:
    found = look(
        [
            repository("/b"),
            repository("/c", marks=("CLAUDE.md", ".cursor")),
            repository("/a"),
            repository("/d", records=("git-ai",), marks=("CLAUDE.md",)),
        ]
    )
    assert found == Signal(
        id=SignalId.UNRECORDED_CODE,
        raised=True,
        evidence=(
            Evidence(
                subject="/c",
                text="agents work here (.cursor, CLAUDE.md), and nothing records their models",
                confidence=Confidence.LIKELY,
            ),
            Evidence(subject="/a", text="code without a record of models", confidence=Confidence.POSSIBLE),
            Evidence(subject="/b", text="code without a record of models", confidence=Confidence.POSSIBLE),
        ),
    )


def test_recorded_repositories_and_none_at_all_raise_nothing() -> None:
    assert look([repository("/a", records=("agent-trace",))]).raised is False
    assert look([]).raised is False
    assert look(None).raised is None


def test_what_is_past_the_limit_is_counted() -> None:
    found = look(repository(f"/{i:05}") for i in range(LIMITS.signal_items + 7))
    assert len(found.evidence) == LIMITS.signal_items + 1
    assert found.evidence[-1] == Evidence(subject="", text="and 7 more", confidence=Confidence.POSSIBLE)
