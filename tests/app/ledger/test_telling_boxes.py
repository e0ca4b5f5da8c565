"""Programs that started in boxes, in words."""

import pytest

from making_events import row_of
from ringfence.app.ledger.ocsf.events import ocsf_event
from ringfence.app.ledger.telling import told
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy
from ringfence.ledger.recorded import recorded_of
from ringfence.ledger.values import Foreign

_SESSION = "0190f5a0-0000-7000-8000-0000000000ab"


def started(program: str | None = "/usr/bin/cc", *arguments: str, **said: object) -> ProcessStarted:
    fields = {
        "session": _SESSION,
        "program": None if program is None else Foreign(text=program),
        "by": Foreign(text="/usr/bin/make"),
        "pid": 7,
        "arguments": tuple(Foreign(text=each) for each in arguments),
        "more_arguments": False,
        "times": 1,
    }
    return ProcessStarted(**{**fields, **said})


@pytest.mark.parametrize(
    ("event", "what", "subject"),
    [
        (
            started(None, by=None, times=9),
            "program started in box 000000ab",
            "9x others",
        ),
        (
            started("/usr/bin/cc", "-c", "a.c"),
            "program started in box 000000ab",
            "/usr/bin/cc -c a.c by /usr/bin/make",
        ),
        (
            started(arguments=None, times=20),
            "program started in box 000000ab",
            "20x /usr/bin/cc by /usr/bin/make",
        ),
        (
            started("/usr/bin/cc", "-c", by=None, more_arguments=True),
            "program started in box 000000ab",
            "/usr/bin/cc -c …",
        ),
        (
            ProcessUntold(session=_SESSION, why=UntoldWhy.POLICY),
            "programs that start in box 000000ab are not told",
            "a profile says that they are not recorded",
        ),
        (
            ProcessUntold(session=_SESSION, why=UntoldWhy.KERNEL),
            "programs that start in box 000000ab are not told",
            "this kernel cannot tell of them: Linux 5.19 can",
        ),
    ],
)
def test_an_event_says_what_started_and_who_started_it(event: Event, what: str, subject: str) -> None:
    words = told(recorded_of(row_of(event)))
    assert (words.what, words.subject) == (what, subject)


def test_a_start_is_process_activity_with_its_count_and_its_parent() -> None:
    row = row_of(started("/usr/bin/cc", "-c", "a\x1b[2J", times=12))
    made = ocsf_event(row, recorded_of(row))
    assert made is not None
    said = {name: made[name] for name in ("class_uid", "activity_id", "count", "process", "actor")}
    uid = row.hash.hex()
    assert said == {
        "class_uid": 1007,
        "activity_id": 1,
        "count": 12,
        "process": {
            "uid": uid,
            "name": "cc",
            "path": "/usr/bin/cc",
            "cmd_line": "/usr/bin/cc -c a\\x1b[2J",
            "pid": 7,
        },
        "actor": {
            "app_name": "ringfence",
            "session": {"uid": _SESSION},
            "process": {"uid": f"{uid}-by", "name": "make", "path": "/usr/bin/make"},
        },
    }
