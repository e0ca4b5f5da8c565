"""What this endpoint is called in records: an id made at random once, which tells nothing of anybody."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ringfence.core.ids import RANDOM_BYTES, uuid7
from ringfence.core.patterns import pattern
from ringfence.gate.state import StateRefused, read_private, write_private

__all__ = ["endpoint_id"]

_ID = pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def endpoint_id(state: Path, *, now: Callable[[], datetime], randomness: Callable[[int], bytes]) -> str:
    """The id kept in the state folder; made when there is none. Of several makers at once one wins.

    Raises:
        StateRefused: it can neither be read nor made.
    """
    path = state / "endpoint.id"
    found = read_private(path)
    if found is None:
        write_private(path, uuid7(now(), randomness(RANDOM_BYTES)).encode("ascii"), replace=False)
        found = read_private(path)
    text = (found or b"").decode("ascii", errors="replace").strip()
    if not _ID.fullmatch(text):
        raise StateRefused(
            f"{path.name} in the state folder is no id of an endpoint",
            hint="remove it: a new one is made, and records go into a new stream from then on",
        )
    return text
