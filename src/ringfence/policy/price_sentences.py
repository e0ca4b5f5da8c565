"""What a policy says that models cost, in words."""

from collections.abc import Iterator
from decimal import Decimal

from ringfence.policy.prices import HostPrices, ModelPrice
from ringfence.policy.sentences import Sentence, Value, listed

__all__ = ["amounts_words", "of_prices"]


def of_prices(said: HostPrices) -> Iterator[Sentence]:
    """A sentence for each model, and for what is free or told."""
    day = f" as of {said.as_of}" if said.as_of else ""
    where: Sentence = ("At ", Value(said.host))
    if said.free:
        yield (*where, " nothing is paid for ", *_any(said.free), ".")
    paths: Sentence = () if said.paths == ("**",) else (" for ", *_any(said.paths))
    if said.is_told:
        yield (*where, " answers say themselves what they cost", *paths, ".")
    for each in said.models:
        yield (*where, " the model ", Value(each.model), f" costs{day}", *paths, f" {amounts_words(each)}.")


def amounts_words(price: ModelPrice) -> str:
    """`3 USD for a million tokens read, 15 USD for as many written …`"""
    said = [f"{_usd(price.input)} for a million tokens read", f"{_usd(price.output)} for as many written"]
    cached = (price.cache_read, price.cache_write, price.cache_write_long)
    if cached != (price.input,) * 3:
        read, write, long = map(_usd, cached)
        said.append(f"{read} for as many read from a cache, {write} written into one, {long} for an hour")
    if price.dearer_from is not None:
        said.append(f"more beyond {price.dearer_from} tokens")
    if price.most_output is not None:
        said.append(f"and writes {price.most_output} tokens at most")
    return ", ".join(said)


def _any(patterns: tuple[str, ...]) -> Sentence:
    return listed([(Value(each),) for each in patterns], "or")


def _usd(amount: int) -> str:
    return f"{(Decimal(amount) / 1_000_000).normalize():f} USD"
