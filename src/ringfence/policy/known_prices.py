"""What models cost where no document says it: the list prices that come with ringfence."""

from functools import cache

from ringfence.policy.document import Document
from ringfence.policy.files import PolicyFile
from ringfence.policy.prices import HostPrices, Prices
from ringfence.policy.rule import Tier

__all__ = ["known_prices", "prices_of"]


def prices_of(document: Document) -> Prices:
    """The prices that hold: the system's before the user's, and these before what comes with ringfence."""
    return Prices((*document.prices, *known_prices()))


@cache
def known_prices() -> tuple[HostPrices, ...]:
    """What comes with ringfence."""
    from ringfence.policy.built_in import PRICES, text_of
    from ringfence.policy.load import read

    return read((PolicyFile(tier=Tier.BUILT_IN, name="built-in/prices.yaml", data=text_of(PRICES)),)).prices
