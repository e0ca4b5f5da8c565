"""Every field of an event under its own name, as people read it."""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum

from ringfence.app.approving import ShownFact
from ringfence.app.documents import as_json
from ringfence.ledger.ledger import Recorded, Unknown
from ringfence.ledger.values import Foreign

__all__ = ["fields_of"]


def fields_of(recorded: Recorded) -> Iterator[ShownFact]:
    """Parts of larger fields are joined: decision.reasons[0].rule. What others wrote is called untrusted."""
    event = recorded.event
    yield ShownFact(name="type", value=recorded.type)
    yield ShownFact(name="recorded at", value=str(as_json(recorded.at)))
    yield ShownFact(name="hash", value=recorded.position.hash.hex())
    if event is None:
        yield ShownFact(name="body", value="forgotten, as the policy's retention says")
    elif isinstance(event, Unknown):
        yield ShownFact(name="body", value="of a kind that this ringfence does not know; as it is recorded:")
        yield from _flat("body", event.body)
    else:
        for field in dataclasses.fields(event):
            yield from _flat(field.name, getattr(event, field.name))


def _flat(name: str, value: object) -> Iterator[ShownFact]:
    match value:
        case Enum():
            yield from _flat(name, value.value)
        case None | bool() | int() | str():
            yield ShownFact(name=name, value=value)
        case datetime():
            yield ShownFact(name=name, value=str(as_json(value)))
        case Foreign(text=text, cut=cut):
            yield ShownFact(name=f"{name} (untrusted)", value=text)
            if cut:
                yield ShownFact(name=f"{name}, characters left out", value=cut)
        case Mapping():
            for key, item in value.items():
                yield from _flat(f"{name}.{key}", item)
        case () | [] | frozenset() if not value:
            yield ShownFact(name=f"{name}, how many", value=0)
        case tuple() | list() | frozenset():
            for number, item in enumerate(value):
                yield from _flat(f"{name}[{number}]", item)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from _flat(f"{name}.{field.name}", getattr(value, field.name))
