"""What changed between what the ledger says was there and what was seen now. Pure.

A scan that looked less closely makes nothing unknown that was known: a digest, a verdict or what a model was
asked about for stays until the thing changes in any other way. What only a smaller scan did not come to is
there as before (`looked`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ringfence.app.standing.judging import Decide, standing_for
from ringfence.app.standing.looked import Looked
from ringfence.app.standing.things import Told
from ringfence.core.actions import Action, ModelUse, Purpose
from ringfence.core.dataclass import dataclass
from ringfence.core.standings import Standing
from ringfence.core.verdicts import Verdict
from ringfence.ledger.chain import Row, is_row
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.thing import Thing, ThingKind
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.ledger import Recorded
from ringfence.ledger.recorded import recorded_of
from ringfence.ledger.values import Facts, Json

__all__ = ["STANDING", "Known", "changes", "known_things"]

STANDING = "standing"
"""What a change of standing is called among the names of facts."""

_TELLING = frozenset(each.TYPE for each in (ThingAppeared, ThingChanged, ThingVanished))
_EXACT = b"_base64"  # stands beside text whose bytes were no UTF-8
_LOOKED_FOR = ("digest", "findings", "purpose", "verdict")  # only where a scan is asked to


@dataclass(frozen=True, slots=True)
class Known:
    """What is there, by its id, as the ledger tells. Only the events that are asked for are read whole.

    Raises LedgerDamaged where such an event is none.
    """

    rows: Mapping[str, Row]

    def get(self, id_: str) -> Thing | None:
        """The thing as it was last told of."""
        row = self.rows.get(id_)
        return None if row is None else _thing(recorded_of(row))

    def gone(self, met: Collection[str], misses: Callable[[Thing], bool]) -> Iterator[Thing]:
        """Those that are not among `met` and that `misses` is true of."""
        for id_, row in self.rows.items():
            if id_ not in met and ((quick := _quickly(row)) is None or misses(quick)):
                thing = self.get(id_)
                if thing is not None and misses(thing):
                    yield thing


def known_things(rows: Iterable[Row]) -> Known:
    """What these events leave behind, in their order.

    Raises:
        LedgerDamaged: one of them is no event.
    """
    known: dict[str, Row] = {}
    for row in rows:
        id_ = _id_in(row)
        if id_ is None:  # of another version, or pruned
            continue
        if row.type == ThingVanished.TYPE:
            known.pop(id_, None)
        else:
            known[id_] = row
    return Known(known)


def _id_in(row: Row) -> str | None:
    if not is_row(row):
        recorded_of(row)  # says so
    if row.body is None or row.type not in _TELLING:
        return None
    try:
        thing = json.loads(row.body)["thing"]
        id_ = thing["id"]
    except (ValueError, RecursionError, LookupError, TypeError):
        found = _thing(recorded_of(row))
        return None if found is None else found.id
    return id_ if isinstance(id_, str) else None


def _quickly(row: Row) -> Thing | None:
    """The thing without its standing; None where only reading it whole says what it is."""
    body = row.body or b""
    if _EXACT in body:
        return None
    try:
        told = json.loads(body)["thing"]
        facts = told["facts"]
        kind = ThingKind(told["kind"])
        return (
            Thing(kind=kind, id=told["id"], facts=facts, standing=None) if isinstance(facts, dict) else None
        )
    except (ValueError, RecursionError, LookupError, TypeError):
        return None


def _thing(recorded: Recorded) -> Thing | None:
    event = recorded.event
    return event.thing if isinstance(event, ThingAppeared | ThingChanged | ThingVanished) else None


def changes(
    known: Known, seen: Iterable[Told], looked: Looked, *, scan: str, decide: Decide | None
) -> Iterator[Event]:
    """What to record: first what is there, then what is there no more. `decide` is None without a policy."""
    met: set[str] = set()
    for thing, action in seen:
        met.add(thing.id)
        before = known.get(thing.id)
        if before is None:
            yield ThingAppeared(scan=scan, thing=thing)
        elif event := _changed(before, thing, action, scan=scan, decide=decide):
            yield event
    for thing in known.gone(met, looked.misses):
        yield ThingVanished(scan=scan, thing=thing)


def _changed(
    before: Thing, now: Thing, action: Action, *, scan: str, decide: Decide | None
) -> ThingChanged | None:
    kept = _kept(before.facts, now.facts)
    if kept:
        now = replace(now, facts={**now.facts, **kept})
        if decide is not None and isinstance(action, ModelUse):
            now = replace(now, standing=standing_for(_with(action, kept), decide))
    changed = [name for name in sorted({*before.facts, *now.facts}) if _of(before, name) != _of(now, name)]
    if now.standing is None:
        now = replace(now, standing=before.standing)
    elif _word(before.standing) != _word(now.standing):
        changed.append(STANDING)
    if not changed:
        return None
    return ThingChanged(scan=scan, thing=now, changed=tuple(changed), standing_before=before.standing)


def _kept(before: Facts, now: Facts) -> dict[str, Json]:
    """What was found out before and not looked for now, of a thing that is otherwise the same."""
    if any(before.get(name) != fact for name, fact in now.items() if name not in _LOOKED_FOR):
        return {}
    return {
        name: before[name]
        for name in _LOOKED_FOR
        if name in now and now[name] is None and before.get(name) is not None
    }


def _with(action: ModelUse, kept: Mapping[str, Json]) -> ModelUse:
    made: dict[str, Any] = dict(kept)
    if "verdict" in made:
        made["verdict"] = Verdict(made["verdict"])
    if "purpose" in made:
        made["purpose"] = Purpose(made["purpose"])
    if "findings" in made:
        made["findings"] = tuple(made["findings"])
    return replace(action, **made)


def _of(thing: Thing, name: str) -> Json:
    """As the ledger would give it back."""
    fact = thing.facts.get(name)
    return list(fact) if isinstance(fact, tuple) else fact


def _word(standing: Standing | None) -> tuple[object, ...] | None:
    """What counts as another standing. A rule that only moved, or is called otherwise, makes none."""
    return None if standing is None else (standing.word, standing.effect, standing.mode)
