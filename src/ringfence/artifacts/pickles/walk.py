"""A whole stream: the pickles behind each other, those within bytes, and what hides behind the last one.

Two loaders may read one stream differently: one unpickler that keeps its memo over several pickles, or one
that knows nothing of joblib and takes an array's bytes for opcodes. Both are tried; of such another reading
only what is surely dangerous counts, because honest streams are nonsense when they are read the wrong way.
"""

from typing import Final

from ringfence.artifacts.pickles.machine import Machine
from ringfence.artifacts.pickles.seen import Seen
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["Readings", "begins_as_pickle", "walk"]

_CANDIDATE: Final = pattern(rb"\x80[\x02-\x05]|c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n")
_NAME: Final = pattern(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a stream does, and what it would do to loaders that read it another way."""

    main: Seen
    others: tuple[Seen, ...]


def walk(reader: Reader, seen: Seen, *, pickles: int | None = None, depth: int = 0) -> Readings:
    """Walks the stream from its first byte; `pickles` says how many there are when raw data follows them."""
    main = _walk(reader, seen, pickles=pickles)
    others = []
    if main.arrays:
        others.append(_walk(reader, main.fresh(), pickles=pickles, with_arrays=False))
    if main.pickles > 1:
        others.append(_walk(reader, main.fresh(), pickles=pickles, keep_memo=True))
    for each in (main, *others):
        _walk_nested(each, depth)
    return Readings(main=main, others=tuple(others))


def begins_as_pickle(head: bytes) -> bool:
    """Whether a loader of pickles would get to an import in these bytes, or to their end."""
    seen = Seen(lambda _module, _name: False)
    end, complete = Machine(Reader.of_bytes(head), seen).pickle(0)
    if complete and end == len(head) and not seen.anomalies:  # a small one is all there
        return True
    return any(_is_name(*each) for each in seen.imports)


def _walk(
    reader: Reader,
    seen: Seen,
    *,
    pickles: int | None,
    with_arrays: bool = True,
    keep_memo: bool = False,
) -> Seen:
    machine = Machine(reader, seen, with_arrays=with_arrays)
    at, complete = machine.pickle(0)
    count = 1
    while complete and at < reader.size_bytes and count != pickles:
        if count == LIMITS.pickles_stacked:
            seen.odd(at, f"more than {count} pickles behind each other", over_limit=True)
            return seen
        if not keep_memo:
            machine.memo.clear()
        if reader.at(at, 1) == b"\x80" or _is_flawless(reader, seen, at):
            at, complete = machine.pickle(at)
            count += 1
        else:
            seen.odd(at, f"{reader.size_bytes - at} bytes behind the pickle")
            _carve(reader, seen, at)
            return seen
    if not complete:
        _carve(reader, seen, min(at, reader.size_bytes))
    elif pickles is not None and count < pickles:
        seen.odd(at, f"{count} pickles where {pickles} should be")
    return seen


def _is_flawless(reader: Reader, seen: Seen, at: int) -> bool:
    """Whether a pickle begins there that has no mark, as protocols 0 and 1 write them."""
    trial = seen.fresh()
    _, complete = Machine(reader, trial).pickle(at)
    return complete and not trial.anomalies


def _carve(reader: Reader, seen: Seen, at: int) -> None:
    """Adds what pickles in the bytes from `at` on do. The stream is already known to be odd."""
    try:
        data = reader.at(at, min(reader.size_bytes - at, LIMITS.carved_bytes))
    except Malformed as wrong:
        seen.odd(at, wrong.problem.detail, over_limit=True)
        return
    places = [0] + [found.start() for _, found in zip(range(LIMITS.carved_places), _CANDIDATE.finditer(data))]  # noqa: B905
    end = -1
    for place in places:
        if place < end:
            continue
        tail = seen.fresh()
        stop, complete = Machine(Reader.of_bytes(data), tail).pickle(place)
        if tail.imports and all(_is_name(*each) for each in tail.imports):
            end = stop if complete else end
            tail.anomalies.clear()
            seen.add(tail, moved=at)


def _is_name(module: str, name: str) -> bool:
    return bool(_NAME.fullmatch(module) and _NAME.fullmatch(name))


def _walk_nested(seen: Seen, depth: int) -> None:
    """Adds what the pickles within bytes do, in case somebody loads them as well."""
    loaded = {each.start for each in seen.loaded}  # judged by the loader's own rules
    for each in seen.pickled:
        if each.start in loaded:
            continue
        if depth >= LIMITS.pickle_nesting:
            seen.odd(each.at, f"pickles nested deeper than {depth}", over_limit=True)
            return
        inner = seen.fresh()
        try:
            walk(each.opened(), inner, depth=depth + 1)
        except Malformed as wrong:
            seen.odd(each.at, wrong.problem.detail, over_limit=True)
            continue
        seen.walked_bytes = inner.walked_bytes
        flawless = inner.pickles > 0 and not inner.anomalies
        if any(_is_name(*name) for name in inner.imports) or (inner.extensions and flawless):
            seen.add(inner, moved=each.at)
        for odd in inner.anomalies.values():  # broken ones may be bytes that only begin as pickles do
            if odd.over_limit:
                seen.odd(odd.at + each.at, odd.detail, over_limit=True)
