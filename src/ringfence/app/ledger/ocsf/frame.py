"""What every OCSF event has: its class and activity, time, severity, where it stands in the ledger.

Source: the OCSF schema, version 1.8.0 (schema.ocsf.io).
"""

from collections.abc import Mapping

from ringfence import __version__
from ringfence.app.ledger.telling import Told
from ringfence.core.dataclass import dataclass
from ringfence.core.text import clip, printable
from ringfence.ledger.chain import Row

__all__ = ["CLASSES", "OCSF_VERSION", "Made", "OcsfClass", "Severity", "device_of", "frame", "text"]

OCSF_VERSION = "1.8.0"
_TEXT_CHARS = 4_000

Made = dict[str, object]
"""An event of OCSF, or an object in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcsfClass:
    """A class of events."""

    name: str
    category: str
    activities: Mapping[int, str]

    def activity(self, number: int, own: str) -> str:
        """What an activity is called; `own` where the class has no word for it."""
        return self.activities.get(number, own)


_CRUD = {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
_FOUND = {1: "Create", 2: "Update", 3: "Close"}
_SEEN = {1: "Log", 2: "Collect"}
_DIALLED = {1: "Open", 5: "Refuse"}
_HTTP = ("Connect", "Delete", "Get", "Head", "Options", "Post", "Put", "Trace", "Patch")

CLASSES: Mapping[int, OcsfClass] = {
    1001: OcsfClass(name="File System Activity", category="System Activity", activities=_CRUD),
    1007: OcsfClass(name="Process Activity", category="System Activity", activities={1: "Launch"}),
    2003: OcsfClass(name="Compliance Finding", category="Findings", activities=_FOUND),
    2004: OcsfClass(name="Detection Finding", category="Findings", activities=_FOUND),
    3005: OcsfClass(
        name="User Access Management",
        category="Identity & Access Management",
        activities={1: "Assign Privileges", 2: "Revoke Privileges"},
    ),
    4001: OcsfClass(name="Network Activity", category="Network Activity", activities=_DIALLED),
    4002: OcsfClass(
        name="HTTP Activity", category="Network Activity", activities=dict(enumerate(_HTTP, start=1))
    ),
    5001: OcsfClass(name="Device Inventory Info", category="Discovery", activities=_SEEN),
    5020: OcsfClass(name="Software Inventory Info", category="Discovery", activities=_SEEN),
    6003: OcsfClass(name="API Activity", category="Application Activity", activities=_CRUD),
}


@dataclass(frozen=True, slots=True)
class Severity:
    """How bad it is, in the words of OCSF."""

    number: int
    word: str


def frame(
    row: Row,
    words: Told,
    *,
    class_: int,
    activity: int,
    own: str,
    severity: Severity,
    profiles: tuple[str, ...] = (),
    correlation: str | None = None,
    labels: tuple[str, ...] = (),
) -> Made:
    """The attributes that all classes share. `own` says what happened where `activity` is 99."""
    of = CLASSES[class_]
    has_device = (
        of.category != "Findings"
    )  # whose readers want a host name and an address, which nobody records
    activity_name = of.activity(activity, own)
    message = f"{words.what}: {words.subject}" if words.subject else words.what
    metadata: Made = {
        "version": OCSF_VERSION,
        "uid": row.hash.hex(),
        "event_code": row.type,
        "log_name": row.stream,
        "log_provider": "ringfence",
        "sequence": row.seq,
        "profiles": [*(["host"] if has_device else []), *profiles],
        "product": {"name": "ringfence", "vendor_name": "ringfence", "version": __version__},
    }
    if correlation:
        metadata["correlation_uid"] = text(correlation)
    if labels:
        metadata["labels"] = [text(each) for each in labels]
    return {
        "class_uid": class_,
        "class_name": of.name,
        "category_uid": class_ // 1000,
        "category_name": of.category,
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": class_ * 100 + activity,
        "type_name": f"{of.name}: {activity_name}",
        "time": row.at // 1000,
        "severity_id": severity.number,
        "severity": severity.word,
        "message": text(message),
        "metadata": metadata,
        **({"device": device_of(row)} if has_device else {}),
    }


def device_of(row: Row) -> Made:
    """The endpoint whose stream it is."""
    return {"type_id": 0, "type": "Unknown", "uid": row.stream.removeprefix("endpoint/")}


def text(value: str) -> str:
    """Text of anybody's, bounded, with nothing in it that hides or moves."""
    return clip(printable(value), chars=_TEXT_CHARS)
