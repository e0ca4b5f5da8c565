"""Events in the Common Event Format, one to a line: a header of seven fields, then key=value pairs.

Whatever hides or breaks a line is spelled out first, so that what is left to escape is `|` in the header, `=`
in values, and the backslash in both: no text can end a field, begin a key or break the line.
Source: ArcSight Common Event Format, implementation standard, version 26.
"""

from collections.abc import Iterator, Mapping

from ringfence import __version__
from ringfence.app.ledger.choosing import agent_of
from ringfence.app.ledger.telling import action_type, fact, facts_in, told
from ringfence.core.text import clip, printable
from ringfence.ledger.chain import Row
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.ledger import Recorded, Unknown
from ringfence.ledger.values import Facts

__all__ = ["cef_line", "severity_of"]

_VALUE_CHARS = 1023  # the least that CEF has for a key
_HEADER_CHARS = 512
_LOWEST = 1

# Facts of actions and things that CEF has a key for. What a path is depends on the action.
_KEYS: Mapping[str, str] = {
    "address": "dst",
    "digest": "fileHash",
    "host": "dhost",
    "method": "requestMethod",
    "name": "fname",
    "port": "dpt",
    "program": "dproc",
}


def cef_line(row: Row, recorded: Recorded) -> str:
    """The event as CEF. Everything has a place; what was forgotten has no more than its header."""
    words = told(recorded)
    what = f"{words.what}: {words.subject}" if words.subject else words.what
    head = (
        "CEF:0",
        "ringfence",
        "ringfence",
        __version__,
        row.type,
        words.what,
        str(severity_of(words.effect, words.mode)),
    )
    pairs = {
        "rt": str(row.at // 1000),
        "externalId": f"{row.stream}:{row.seq}",
        "msg": what,
        "act": words.effect,
        "app": agent_of(recorded),
        **dict(_facts(facts_in(recorded.event))),
        "suser": getattr(recorded.event, "asked_by", None),
        "duser": getattr(recorded.event, "operator", None),
        **_labelled("cs1", "policy line", words.place),
        **_labelled("cs2", "rule", words.rule),
        **_labelled("cs3", "mode", words.mode),
        **_labelled("cs4", "controls", _controls(recorded.event)),
        **_labelled("cs5", "hash", row.hash.hex()),
    }
    extension = " ".join(f"{key}={_value(text)}" for key, text in pairs.items() if text)
    return "|".join([*map(_header, head), extension])


def severity_of(effect: str | None, mode: str | None) -> int:
    """From 1 to 10: a denial that is carried out weighs most, an observation little."""
    carried_out = mode == "enforce"
    match effect:
        case "deny" | "forbidden":
            return 8 if carried_out else 5
        case "ask" | "review":
            return 5 if carried_out else 3
    return _LOWEST


def _facts(facts: Facts) -> Iterator[tuple[str, str]]:
    for name, key in _KEYS.items():
        yield key, fact(facts, name)
    of_request = action_type(facts) in ("http.request", "credential.use")
    yield "request" if of_request else "filePath", fact(facts, "path")


def _labelled(key: str, label: str, text: str | None) -> dict[str, str]:
    """A value that CEF has no key of its own for."""
    return {f"{key}Label": label, key: text} if text else {}


def _controls(event: Event | Unknown | None) -> str:
    match event:
        case DecisionMade(decision=decision):
            return " ".join(decision.controls)
        case ThingAppeared(thing=thing) | ThingChanged(thing=thing) if thing.standing:
            return " ".join(thing.standing.controls)
    return ""


def _header(text: str) -> str:
    return clip(printable(text), chars=_HEADER_CHARS).replace("\\", "\\\\").replace("|", "\\|")


def _value(text: str) -> str:
    return clip(printable(text), chars=_VALUE_CHARS).replace("\\", "\\\\").replace("=", "\\=")
