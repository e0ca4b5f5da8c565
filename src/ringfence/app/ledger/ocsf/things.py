"""Things of an inventory: inventory events, and findings as long as the policy has something against them.

A finding is created when a thing is first met as `review` or `forbidden`, updated while it stays so, and
closed when the thing is gone or stands better. It has the same id from scan to scan.
"""

from ringfence.app.ledger.ocsf.actions import software
from ringfence.app.ledger.ocsf.frame import Made, Severity, frame, text
from ringfence.app.ledger.telling import Told, action_type, facts_in, thing_name
from ringfence.core.standings import Standing, StandingWord
from ringfence.ledger.chain import Row
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished

__all__ = ["thing_event"]

_CREATE, _UPDATE, _CLOSE = 1, 2, 3
_INFO = Severity(1, "Informational")
_SEVERITIES = {
    StandingWord.REVIEW: Severity(2, "Low"),
    StandingWord.FORBIDDEN: Severity(3, "Medium"),
}
_NEW, _IN_PROGRESS, _RESOLVED = (1, "New"), (2, "In Progress"), (4, "Resolved")
_COMPLIANCE = {
    StandingWord.APPROVED: (1, "Pass"),
    StandingWord.REVIEW: (2, "Warning"),
    StandingWord.FORBIDDEN: (3, "Fail"),
}

_Event = ThingAppeared | ThingChanged | ThingVanished


def thing_event(row: Row, words: Told, event: _Event) -> Made:
    """The thing as inventory or as a finding."""
    before, now = _before(event), event.thing.standing
    if _is_bad(before) or (_is_bad(now) and not isinstance(event, ThingVanished)):
        return _finding(row, words, event)
    facts = facts_in(event)
    listens = action_type(facts) == "listener.serve"
    made = frame(
        row,
        words,
        class_=5001 if listens else 5020,
        activity=1,
        own="",
        severity=_INFO,
        correlation=event.scan,
        labels=now.controls if now else (),
    )
    return made if listens else made | {"sbom": software(facts)}


def _finding(row: Row, words: Told, event: _Event) -> Made:
    thing, standing = event.thing, event.thing.standing
    is_bad = _is_bad(standing) and not isinstance(event, ThingVanished)
    activity = _CLOSE if not is_bad else _UPDATE if _is_bad(_before(event)) else _CREATE
    status = {_CREATE: _NEW, _UPDATE: _IN_PROGRESS, _CLOSE: _RESOLVED}[activity]
    word = standing.word.value if standing else "unjudged"
    made = frame(
        row,
        words,
        class_=2003,
        activity=activity,
        own="",
        severity=_SEVERITIES.get(standing.word, _INFO) if standing and is_bad else _INFO,
        correlation=event.scan,
        labels=standing.controls if standing else (),
    )
    name = text(thing_name(thing))
    return made | {
        "finding_info": {
            "uid": f"{thing.kind}:{thing.id}",
            "title": text(f"{thing.kind} {name} is {word}"),
            "types": [word],
        },
        "compliance": _compliance(standing),
        "resources": [{"uid": thing.id, "name": name, "type": thing.kind.value, "labels": [word]}],
        "status_id": status[0],
        "status": status[1],
    }


def _compliance(standing: Standing | None) -> Made:
    if standing is None:
        return {"status_id": 0, "status": "Unknown"}
    status = _COMPLIANCE.get(standing.word, (0, "Unknown"))
    made: Made = {
        "status_id": status[0],
        "status": status[1],
        "category": standing.section.value,
        "standards": sorted({text(each.partition(":")[0]) for each in standing.controls}),
        "requirements": [text(each) for each in standing.controls],
    }
    if standing.rule:
        made["control"] = text(standing.rule)
    if standing.at:
        made["desc"] = text(f"{standing.at}: {standing.why}" if standing.why else str(standing.at))
    return made


def _before(event: _Event) -> Standing | None:
    """How it stood; that of a thing that vanished is what it was last seen with."""
    match event:
        case ThingAppeared():
            return None
        case ThingChanged():
            return event.standing_before if "standing" in event.changed else event.thing.standing
        case ThingVanished():
            return event.thing.standing


def _is_bad(standing: Standing | None) -> bool:
    return standing is not None and standing.word in _SEVERITIES
