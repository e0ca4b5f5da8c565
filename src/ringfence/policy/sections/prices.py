"""Part `prices`: what models cost by the token, for limits in money."""

from collections.abc import Iterator

from ringfence.core.actions import FieldKind
from ringfence.policy.prices import HostPrices, ModelPrice
from ringfence.policy.sections.making import Maker
from ringfence.policy.shapes.amounts import COUNT, DOLLARS
from ringfence.policy.shapes.tables import Entry, Key, ListOf, Table
from ringfence.policy.shapes.texts import LINE, YES_NO, Patterns, Text

__all__ = ["PRICES", "prices"]

_ALL = ("**",)
_MODEL = Table(
    "model-price",
    "What a model costs, in dollars for a million tokens.",
    (
        Key("model", Patterns((FieldKind.TEXT,)), "its name in requests and answers", needed=True),
        Key("input", DOLLARS, "tokens that are read", needed=True),
        Key("output", DOLLARS, "tokens that are written, with those of thinking", needed=True),
        Key("cache_read", DOLLARS, "tokens that are read from a cache; default: as input"),
        Key("cache_write", DOLLARS, "tokens that are written into a cache; default: as input"),
        Key("cache_write_long", DOLLARS, "the same for an hour or more; default: as cache_write"),
        Key("most_output", COUNT, "tokens that one answer has at most, where a request says nothing of that"),
        Key(
            "dearer_from",
            COUNT,
            "tokens of input beyond which input costs twice, and output half as much again; default: none",
        ),
    ),
)
_HOST = Table(
    "host-prices",
    "What is paid at a host. Of several entries that fit a request the first with its model holds.",
    (
        Key("host", Patterns((FieldKind.HOST,)), "the host that is asked for", needed=True),
        Key("paths", Patterns((FieldKind.NAME,)), "where it is paid by the token; default: everywhere"),
        Key("free", Patterns((FieldKind.NAME,)), "where nothing is paid"),
        Key("told", YES_NO, "whether answers say what they cost, as `usage.cost` in dollars; default: false"),
        Key("models", ListOf(_MODEL), "which models; the first that fits holds"),
    ),
)
PRICES = Table(
    "prices",
    "What models cost, for limits in money. They stand before the list prices that come with ringfence.",
    (
        Key("as_of", Text("a day such as 2026-11-23", "[0-9]{4}-[0-9]{2}-[0-9]{2}"), "of which day they are"),
        Key("source", LINE, "where they are from"),
        Key("hosts", ListOf(_HOST), "by host", needed=True),
    ),
)


def prices(entry: Entry, maker: Maker) -> Iterator[HostPrices]:
    """The part as values."""
    for each in entry.get("hosts"):
        if each.get("told") and each.get("models"):
            maker.problems.add(each.at("models"), "its answers say what they cost", hint="remove one of both")
        models = tuple(one for model in each.get("models") or () for one in _models(model))
        for host in each.get("host"):
            yield HostPrices(
                host=host.text,
                paths=_texts(each, "paths") or _ALL,
                free=_texts(each, "free"),
                is_told=bool(each.get("told")),
                models=models,
                as_of=entry.get("as_of") or "",
                at=maker.place(each),
            )


def _models(entry: Entry) -> Iterator[ModelPrice]:
    read: int = entry.get("input")
    cache_read, cache_write = entry.get("cache_read"), entry.get("cache_write")
    write = read if cache_write is None else cache_write
    long = entry.get("cache_write_long")
    for model in entry.get("model"):
        yield ModelPrice(
            model=model.text,
            input=read,
            output=entry.get("output"),
            cache_read=read if cache_read is None else cache_read,
            cache_write=write,
            cache_write_long=write if long is None else long,
            most_output=entry.get("most_output"),
            dearer_from=entry.get("dearer_from"),
        )


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    return tuple(each.text for each in entry.get(key) or ())
