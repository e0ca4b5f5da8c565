"""What one exchange costs: held before its request goes, and settled by what its answer says that it used.

| the answer | counts as |
|-|-|
| tells its usage to the end | that, by the dearer price of the models asked for and answering |
| of a host that says what it costs | that |
| tells nothing, breaks off, or says what nobody believes | all that it may |
| is an error | nothing |

At most it is a token for each byte that was sent, and as many as the request lets be written, or the model
writes; all that is left, where the request has the host read what it does not send.

What nobody knows a price of is refused, and so is what carries on where nobody reads: WebSockets, gRPC.
"""

from collections.abc import AsyncIterator
from dataclasses import field
from functools import partial

from ringfence.core.action_types import Durability
from ringfence.core.actions import HttpRequest
from ringfence.core.dataclass import dataclass
from ringfence.core.text import clip, printable
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.money import Account, Limit
from ringfence.egress.broker.sealed import RefusedAfterAll
from ringfence.egress.broker.session import Connection, Exchange
from ringfence.egress.messages import Trouble
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.spend_counted import SpendBasis, SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.policy.known_prices import prices_of
from ringfence.policy.prices import Priced, Prices
from ringfence.protocols.grpc import speaks_grpc
from ringfence.protocols.http import BadHttp, RequestHead, ResponseHead
from ringfence.protocols.model_requests import ModelRequest, model_request
from ringfence.protocols.usage import Usage, UsageReader

__all__ = ["Tab"]

_FREE = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})  # without a body
_MODEL_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a request may cost, and what that is made of."""

    accounts: tuple[Account, ...]
    prices: Prices
    priced: Priced
    asked: ModelRequest
    most_output: int | None  # tokens; None: nobody knows
    amount: int  # millionths of a dollar


@dataclass(slots=True, kw_only=True, eq=False)
class Tab:
    """One exchange's. Where no limit in money is on it, it does nothing."""

    core: Core
    connection: Connection
    exchange: Exchange
    is_open: bool = True  # what is decided now is still counted
    _held: _Held | None = None
    _seq: int = 0
    _is_sent: bool = True
    _status: int | None = None
    _reader: UsageReader | None = field(default=None, repr=False)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Under which the exchange was let through."""
        return tuple(limit for each in self.exchange.decided for limit in each.limits)

    async def begin(self, head: RequestHead, body: bytes | None) -> None:
        """Holds what the request may cost. `body` is all of it, None where it is too long.

        Raises:
            RefusedAfterAll: nothing is left, or nobody knows what it costs.
            LedgerError: it could not be recorded.
        """
        self.is_open = False
        limits = self.limits
        if not limits:
            return
        if head.headers.all("upgrade") or speaks_grpc(head):
            raise self._refused("a connection whose costs nobody can count", "limit how often, with `rate`")
        if head.method in _FREE and body == b"":
            return
        policy, _ = self.core.known(self.connection.session)
        prices = await self.core.blocking(prices_of, policy.document)
        if prices.is_free(self.connection.host, self._path):
            return
        held = self._worked_out(limits, prices, body)
        spent = self.core.purses.check(limits)
        if spent is not None:
            raise self._refused(spent.what, spent.hint, status=429)
        self.core.purses.hold(held.accounts, held.amount)
        try:
            self._seq = await self.core.blocking(self._reserve, held)
        except BaseException:
            self.core.purses.settle(held.accounts, held.amount, 0)
            raise
        self._held = held

    def unsent(self) -> None:
        """The request did not go."""
        self._is_sent = False

    async def read(self, head: ResponseHead, kind: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The answer's body as it is, read along. It is settled before its end is passed on."""
        if self._held is None:
            async for piece in pieces:
                yield piece
            return
        self._status, self._reader = head.status, UsageReader(kind)
        async for piece in pieces:
            self._reader.feed(piece)
            yield piece
        self._reader.finish()
        self.end()

    def end(self) -> None:
        """Settles it, once."""
        held, self._held = self._held, None
        if held is None:
            return
        usage = None if self._reader is None else self._reader.usage
        basis, amount = self._worth(held, usage)
        self.core.purses.settle(held.accounts, held.amount, amount)
        session = self.connection.session
        is_known = usage is not None and basis is not SpendBasis.NOTHING
        event = SpendCounted(
            session=session.id,
            agent=session.agent,
            rules=tuple(each.rule for each in held.accounts),
            reserved=self._seq,
            host=foreign(self.connection.host),
            model=foreign(_model(held, usage)),
            basis=basis,
            input_tokens=_read(usage) if usage is not None and is_known else None,
            output_tokens=usage.output if usage is not None and is_known else None,
            usd_micro=amount,
            prices_of=None if basis is SpendBasis.COST else held.priced.as_of or None,
        )
        append = session.door.ledger.append
        self.core.soon(partial(append, event, stream=session.door.stream, durability=Durability.WRITTEN))

    @property
    def _path(self) -> str:
        request = self.exchange.decided[0].action
        assert isinstance(request, HttpRequest)
        return request.path

    def _worked_out(self, limits: tuple[Limit, ...], prices: Prices, body: bytes | None) -> _Held:
        if body is None:
            raise self._refused("a body that is too long to be read for what it costs", "send less at a time")
        try:
            asked = model_request(self._path, body)
        except BadHttp as error:
            hint = "money is limited here: `prices` in the policy says where nothing is paid"
            raise self._refused(str(error), hint) from None
        priced = prices.of(self.connection.host, self._path, asked.model)
        if priced is None:
            model = clip(printable(asked.model), chars=_MODEL_CHARS)
            what = f"nobody knows what the model {model} costs there, and money is limited"
            raise self._refused(what, "`prices` in the policy says what models cost")
        price, most = priced.model, asked.most_output
        if price is not None and most is None and price.most_output is not None:
            most = price.most_output * asked.answers
        if price is not None and most is not None and asked.is_whole:
            amount = price.most(read=len(body), written=most)
        else:
            amount = self.core.purses.left(limits)
        return _Held(
            accounts=tuple(dict.fromkeys(each.account for each in limits)),
            prices=prices,
            priced=priced,
            asked=asked,
            most_output=most,
            amount=amount,
        )

    def _reserve(self, held: _Held) -> int:
        session = self.connection.session
        event = SpendReserved(
            session=session.id,
            agent=session.agent,
            rules=tuple(each.rule for each in held.accounts),
            host=foreign(self.connection.host),
            model=foreign(held.asked.model),
            usd_micro=held.amount,
        )
        door = session.door
        return door.ledger.append(event, stream=door.stream, durability=Durability.WRITTEN).seq

    def _worth(self, held: _Held, usage: Usage | None) -> tuple[SpendBasis, int]:
        """What the exchange cost, and how that is known."""
        is_whole = usage is not None and usage.is_last
        is_error = self._status is not None and not 200 <= self._status < 300
        if not self._is_sent or (is_error and not is_whole):
            return SpendBasis.NOTHING, 0
        price = held.priced.model
        if usage is None or price is None:
            if usage is not None and usage.is_last and usage.cost is not None:
                return SpendBasis.COST, usage.cost
            return SpendBasis.BOUND, held.amount
        known = price.cost(**_counts(usage))
        if not usage.is_last:
            most = max(held.most_output or 0, usage.output)
            bound = price.cost(**{**_counts(usage), "output": most})
            return SpendBasis.BOUND, held.amount if held.most_output is None else bound
        answered = held.prices.of(self.connection.host, self._path, usage.model or held.asked.model)
        if answered is None or answered.model is None:
            return SpendBasis.BOUND, max(held.amount, known)
        return SpendBasis.USAGE, max(known, answered.model.cost(**_counts(usage)))

    def _refused(self, what: str, hint: str, *, status: int = 403) -> RefusedAfterAll:
        session, host = self.connection.session, self.connection.host
        return RefusedAfterAll(
            self.core.refusals.refuse(session, Trouble.BUDGET, host, what, hint, status=status)
        )


def _counts(usage: Usage) -> dict[str, int]:
    return {
        "input": usage.input,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write,
        "cache_write_long": usage.cache_write_long,
        "output": usage.output,
    }


def _read(usage: Usage) -> int:
    return usage.input + usage.cache_read + usage.cache_write + usage.cache_write_long


def _model(held: _Held, usage: Usage | None) -> str:
    return (usage.model if usage is not None else None) or held.asked.model
