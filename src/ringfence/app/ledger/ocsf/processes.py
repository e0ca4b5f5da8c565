"""Programs that started in a box, as Process Activity (1007): those of one event together, counted."""

from ringfence.app.ledger.ocsf.frame import Made, Severity, frame, text
from ringfence.app.ledger.telling import Told
from ringfence.ledger.chain import Row
from ringfence.ledger.events.process_started import ProcessStarted

__all__ = ["process_event"]

_LAUNCH = 1
_INFO = Severity(1, "Informational")
_MOST = 2**31 - 1  # of what OCSF counts


def process_event(row: Row, words: Told, event: ProcessStarted) -> Made:
    """The launch. Nothing was decided by it."""
    made = frame(row, words, class_=1007, activity=_LAUNCH, own="", severity=_INFO, correlation=event.session)
    path = event.program.text if event.program else "unknown"
    process: Made = {"uid": row.hash.hex(), "name": _name(path), "path": text(path)}
    if event.arguments is not None:
        process["cmd_line"] = text(" ".join([path, *(each.text for each in event.arguments)]))
    if event.pid is not None and 0 < event.pid <= _MOST:
        process["pid"] = event.pid
    actor: Made = {"app_name": "ringfence", "session": {"uid": text(event.session)}}
    if event.by is not None:
        by = event.by.text
        actor["process"] = {"uid": f"{row.hash.hex()}-by", "name": _name(by), "path": text(by)}
    return made | {"actor": actor, "process": process, "count": max(0, min(event.times, _MOST))}


def _name(path: str) -> str:
    return text(path.rpartition("/")[2] or path)
