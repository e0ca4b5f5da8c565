"""A question that operators are told of."""

from datetime import UTC, datetime

from ringfence.app.notices.noticing import Happened, Notice

__all__ = ["ASKED", "AT"]

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ASKED = Notice(
    started_at=AT,
    complete=True,
    happened=Happened.ASKED,
    ask="7f3a90",
    short_id="7f",
    action_type="git.push",
    subject="/our-org/site refs/heads/main at github.example",
    facts=("force: yes", 'ref: "refs/heads/main"'),
    agent="claude",
    session="0199c0de-0000-7000-8000-000000000001",
    rules=("pushes",),
    opened_at=AT,
    expires_at=datetime(2026, 2, 1, 12, 0, tzinfo=UTC),
)
