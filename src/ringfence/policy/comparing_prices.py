"""What another policy's prices let agents spend beyond the first's: less for the same, or a price at last.

Hosts, paths and models are told apart by the patterns of both policies and of what comes with ringfence.
Without limits in money none of it matters; it is told all the same, as limits may come.
"""

from collections.abc import Callable, Iterator, Sequence

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.policy.document import Document
from ringfence.policy.glob_sets import witnesses
from ringfence.policy.globs import glob
from ringfence.policy.known_prices import known_prices
from ringfence.policy.price_sentences import amounts_words
from ringfence.policy.prices import HostPrices, ModelPrice, Priced, Prices
from ringfence.policy.sentences import Sentence, Value, backquoted

__all__ = ["PriceGain", "price_gains"]

_Amount = tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceGain:
    """One kind of requests that counts for less, in words of both policies."""

    before: str
    after: str


def price_gains(before: Document, after: Document, *, count: Callable[[int], None]) -> Iterator[PriceGain]:
    """Each difference once, for the first request that has it. `count` is told of steps beforehand."""
    if before.prices == after.prices:
        return
    known = known_prices()
    old, new = Prices((*before.prices, *known)), Prices((*after.prices, *known))
    told: set[tuple[object, object]] = set()
    for host in witnesses(tuple(each.host for each in (*before.prices, *after.prices)), FieldKind.HOST):
        there = _at(host, (*before.prices, *after.prices, *known))
        paths = _texts([path for each in there for path in (*each.paths, *each.free)], FieldKind.NAME)
        models = _texts([one.model for each in there for one in each.models], FieldKind.TEXT)
        count(len(paths) * len(models) * (1 + sum(1 + len(each.models) for each in there)))
        for path in paths:
            for model in models:
                was, will = (_of(prices, host, path, model) for prices in (old, new))
                if _is_less(was, will) and (was, will) not in told:
                    told.add((was, will))
                    about = ("at ", Value(host + path), " the model ", Value(model))
                    yield PriceGain(before=_words(about, was), after=_words(about, will))


def _at(host: str, said: Sequence[HostPrices]) -> list[HostPrices]:
    return [each for each in said if glob(each.host, FieldKind.HOST).fits(host)]


def _texts(patterns: Sequence[str], kind: FieldKind) -> tuple[str, ...]:
    return witnesses(tuple(patterns), kind) if patterns else ("",)


def _of(prices: Prices, host: str, path: str, model: str) -> Priced | None:
    """What it costs; without model and word where it is free."""
    if prices.is_free(host, path):
        return Priced(model=None, is_told=False, as_of="")
    return prices.of(host, path, model)


def _is_less(was: Priced | None, will: Priced | None) -> bool:
    if will is None or was == will:
        return False
    if was is None or will.is_told != was.is_told:
        return was is None or was.model is not None or was.is_told
    theirs, ours = _amounts(was.model), _amounts(will.model)
    return any(one < other for one, other in zip(ours, theirs, strict=True))


def _amounts(price: ModelPrice | None) -> _Amount:
    """What the larger of is the dearer; all nothing where it is free."""
    if price is None:
        return (0, 0, 0, 0, 0, 0)
    cached = (price.cache_read, price.cache_write, price.cache_write_long)
    return (price.input, price.output, *cached, -(price.dearer_from or 2**63))


def _words(about: Sentence, priced: Priced | None) -> str:
    if priced is None:
        said = " has no price, and is refused where money is limited"
    elif priced.is_told:
        said = " costs what the answer says"
    elif priced.model is None:
        said = " costs nothing"
    else:
        said = f" costs {amounts_words(priced.model)}"
    return backquoted((*about, said))
