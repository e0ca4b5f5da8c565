"""What models cost by the token, as documents say it; and what an answer comes to.

Amounts are whole millionths of a dollar. What a fraction is left of counts as a whole one.
"""

from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Place
from ringfence.policy.globs import glob

__all__ = ["HostPrices", "ModelPrice", "Priced", "Prices"]

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """One model's: millionths of a dollar for a million tokens."""

    model: str  # glob, compared without regard to case
    input: int
    output: int
    cache_read: int
    cache_write: int
    cache_write_long: int  # into a cache that lasts an hour or more
    most_output: int | None  # tokens of one answer, where a request names no bound
    dearer_from: int | None  # tokens of input beyond which input costs twice, and output half as much again

    def cost(
        self,
        *,
        input: int = 0,  # noqa: A002 - as everybody calls it
        cache_read: int = 0,
        cache_write: int = 0,
        cache_write_long: int = 0,
        output: int = 0,
    ) -> int:
        """What so many tokens cost, in millionths of a dollar. `input` is what no cache had a part in."""
        read = (
            input * self.input
            + cache_read * self.cache_read
            + cache_write * self.cache_write
            + cache_write_long * self.cache_write_long
        )
        written = output * self.output
        is_long = input + cache_read + cache_write + cache_write_long > (self.dearer_from or 0)
        if self.dearer_from is not None and is_long:
            return -(-(4 * read + 3 * written) // (2 * _MILLION))
        return -(-(read + written) // _MILLION)

    def most(self, *, read: int, written: int) -> int:
        """What so many tokens cost at most, whatever part caches have in what is read."""
        return max(
            self.cost(output=written, **{kind: read})
            for kind in ("input", "cache_read", "cache_write", "cache_write_long")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPrices:
    """What is paid at one host."""

    host: str  # glob
    paths: tuple[str, ...]  # globs: where it is paid by the token; elsewhere nobody knows
    free: tuple[str, ...]  # globs: where nothing is paid
    is_told: bool  # its answers say themselves what they cost
    models: tuple[ModelPrice, ...]  # of several that fit the first holds
    as_of: str  # a day, YYYY-MM-DD; empty: nobody says
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """What is known of a request's price. Neither told nor with a model: it costs nothing."""

    model: ModelPrice | None
    is_told: bool
    as_of: str


@dataclass(frozen=True, slots=True)
class Prices:
    """All that hold; of several that fit the first does."""

    hosts: tuple[HostPrices, ...]

    def is_free(self, host: str, path: str) -> bool:
        """Whether nothing is paid there, whatever is asked."""
        return any(_fits(each.free, path) for each in self._at(host))

    def of(self, host: str, path: str, model: str) -> Priced | None:
        """What such a request costs; None where nobody knows."""
        for each in self._at(host):
            if not _fits(each.paths, path):
                continue
            if each.is_told:
                return Priced(model=None, is_told=True, as_of=each.as_of)
            for one in each.models:
                if glob(one.model, FieldKind.TEXT).fits(model):
                    return Priced(model=one, is_told=False, as_of=each.as_of)
        return None

    def _at(self, host: str) -> tuple[HostPrices, ...]:
        return tuple(each for each in self.hosts if glob(each.host, FieldKind.HOST).fits(host))


def _fits(patterns: tuple[str, ...], path: str) -> bool:
    return any(glob(each, FieldKind.NAME).fits(path) for each in patterns)
