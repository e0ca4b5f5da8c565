"""What happened on the way out, in words."""

import pytest

from making_events import row_of
from ringfence.app.ledger.telling import subject_of, told
from ringfence.core.actions import GitChange, GitUpdate
from ringfence.core.ids import session_name
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.egress_opened import EgressOpened
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.events.ports_published import PortsPublished
from ringfence.ledger.events.session_lowered import SessionLowered
from ringfence.ledger.events.tool_changed import ToolChanged
from ringfence.ledger.events.tool_untold import ToolUntold
from ringfence.ledger.recorded import recorded_of
from ringfence.ledger.values import Foreign
from ringfence.policy.facts import facts_of

_SESSION = "0190f5a0-0000-7000-8000-0000000000ab"


@pytest.mark.parametrize(
    ("event", "what", "subject"),
    [
        (
            EgressOpened(session=_SESSION, ports=(80, 443), catches_all_ports=False, credentials=("gh",)),
            "way out of {} opened: ports 80, 443, 1 credential outside",
            "gh",
        ),
        (
            EgressOpened(session=_SESSION, ports=(443,), catches_all_ports=True, credentials=("a", "b")),
            "way out of {} opened: all ports, 2 credentials outside",
            "a, b",
        ),
        (
            PortsPublished(session=_SESSION, host_ports=(3000, 18000), ports=(3000, 8000)),
            "ports of the machine lead into {}: 3000 to 3000, 18000 to 8000",
            "3000 to 3000, 18000 to 8000",
        ),
        (
            EgressRefused(
                session=_SESSION,
                trouble="mismatch",
                host=Foreign(text="a.test"),
                what=Foreign(text="SNI"),
                times=3,
            ),
            "way out of {} refused: mismatch, 3 times",
            "a.test: SNI",
        ),
        (
            EgressRefused(
                session=_SESSION, trouble="malformed", host=None, what=Foreign(text="a bare LF"), times=1
            ),
            "way out of {} refused: malformed",
            "a bare LF",
        ),
        (
            SessionLowered(
                session=_SESSION, integrity="untrusted", sensitivity="internal", by=Foreign(text="b.test")
            ),
            "session {} lowered to untrusted, internal",
            "b.test",
        ),
        (
            ToolChanged(
                session=_SESSION, server="files", tool=Foreign(text="read"), was="ab" * 32, now="cd" * 32
            ),
            "a tool in {} is described otherwise",
            "files.read",
        ),
        (
            ToolChanged(session=_SESSION, server="files", tool=Foreign(text="send"), was=None, now="cd" * 32),
            "a tool in {} is new",
            "files.send",
        ),
        (
            ToolUntold(session=_SESSION, server="files", times=1),
            "tools in {} changed once more than is told one by one",
            "files",
        ),
        (
            ToolUntold(session=_SESSION, server="files", times=49),
            "tools in {} changed 49 times more than is told one by one",
            "files",
        ),
    ],
)
def test_what_happened_on_the_way_out_is_told(event: Event, what: str, subject: str) -> None:
    words = told(recorded_of(row_of(event)))
    assert (words.what, words.subject) == (what.format(session_name(_SESSION)), subject)


def test_a_push_is_told_by_what_it_moves() -> None:
    pushed = GitUpdate(
        agent="claude",
        host="git.test",
        port=443,
        repository="/org/repo",
        ref="refs/heads/main",
        change=GitChange.UPDATE,
    )
    assert subject_of(facts_of(pushed)) == "/org/repo refs/heads/main at git.test by claude"
