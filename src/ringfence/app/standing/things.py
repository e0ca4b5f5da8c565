"""What was seen as things of the ledger: the same thing has the same id from scan to scan.

| kind | is the same thing as long as these are the same |
|-|-|
| model | store, name in the store, place; of loose files the place alone |
| runtime | name, who installed it, place |
| listener | address and port |
| agent | name, and whose home it is set up in |

What else is known of it are facts, which change. Processes, accelerators and the network come and go all the
time: they are no things, and nothing of them is recorded.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from ringfence.app.standing.actions import Seen, use_of
from ringfence.app.standing.naming import Paths
from ringfence.core.actions import Action, Purpose
from ringfence.core.machine import Agent, Listener, Runtime
from ringfence.core.models import Model
from ringfence.gate.hiding import without_keys
from ringfence.ledger.events.thing import Thing, ThingKind
from ringfence.ledger.values import Facts
from ringfence.policy.facts import facts_of

__all__ = ["Told", "home_of", "things_of"]

_ID_CHARS = 32
_NOT_OF_THE_THING = frozenset({"action", "session", "context"})

Told = tuple[Thing, Action]
"""A thing, and the action that it was judged as."""


def things_of(
    seen: Iterable[Seen], paths: Paths, *, homes: tuple[Path, ...], purpose: Purpose | None
) -> Iterator[Told]:
    """Each thing once, though it was met twice. A purpose that nobody named is none of its facts."""
    known: set[str] = set()
    for each in seen:
        action = use_of(each, purpose=purpose)
        thing = _thing(each, action, paths, homes)
        if purpose is None and "purpose" in thing.facts:
            thing = replace(thing, facts={**thing.facts, "purpose": None})
        if thing.id not in known:
            known.add(thing.id)
            yield thing, action


def home_of(agent: Agent, homes: Iterable[Path]) -> Path | None:
    """The innermost of `homes` that it is set up in; None when it is in none of them."""
    around = [home for home in homes if any(place.is_relative_to(home) for place in agent.locations)]
    return max(around, key=lambda home: len(home.parts), default=None)


def _thing(each: Seen, action: Action, paths: Paths, homes: tuple[Path, ...]) -> Thing:
    key: tuple[str | None, ...]
    facts = {name: fact for name, fact in facts_of(action).items() if name not in _NOT_OF_THE_THING}
    match each:
        case Model():
            del facts["agent"]
            facts["location"] = place = paths.told(each.location)
            kind, key = ThingKind.MODEL, (each.store, each.name if each.store else None, place)
        case Runtime():
            del facts["agent"]
            facts["path"] = place = paths.told(each.location)
            kind, key = ThingKind.RUNTIME, (each.name, each.source, place)
        case Listener():
            del facts["agent"]
            kind, key = ThingKind.LISTENER, (each.address, str(each.port))
        case Agent():
            home = home_of(each, homes)
            facts["home"] = None if home is None else paths.told_whole(home)
            kind, key = ThingKind.AGENT, (each.name, cast("str | None", facts["home"]))
    return Thing(
        kind=kind, id=_id(kind, *key), facts=without_keys(cast("Facts", facts)), standing=each.standing
    )


def _id(kind: ThingKind, *key: str | None) -> str:
    text = json.dumps([kind.value, *key], ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_ID_CHARS]
