"""What a sealed exchange needs of the broker: its request made and written, a connection, why it failed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import field

from ringfence.core.actions import CredentialUse, HttpRequest
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.bodies import Cleaning, RequestBody
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.house import House
from ringfence.egress.broker.preparing import Prepared, prepared, written
from ringfence.egress.broker.refusing import Refusals
from ringfence.egress.broker.session import Connection, Decided
from ringfence.egress.broker.switching import Switching
from ringfence.egress.broker.tabs import Tab
from ringfence.egress.broker.tool_lists import listed_tools
from ringfence.egress.broker.tunnels import forwarded, shown_instead, unauthorised
from ringfence.egress.broker.upstream import BrokenOff, Upstream
from ringfence.egress.injecting.places import Placed
from ringfence.egress.injecting.tokens import NoToken, Tokens
from ringfence.egress.messages import Ask, Refused
from ringfence.policy.possible import may_be_called
from ringfence.protocols.http import BadHttp, RequestHead, ResponseHead
from ringfence.protocols.mcp import speaks_mcp
from ringfence.vault.credential import Credential
from ringfence.vault.placeholders import Placeholders

__all__ = ["Exchanging"]

_HTTPS = 443

Uses = Callable[[tuple[Placed, ...]], Awaitable[Mapping[str, Decided]]]
"""A decided CredentialUse for each credential that is placed. Raises RefusedAfterAll, Misplaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanging:
    """The steps of one exchange."""

    house: House
    connection: Connection
    ask: Ask
    way: Way
    request: Decided  # of the HttpRequest
    uses: Uses
    tab: Tab
    check: Callable[[RequestHead, bytes], None]  # raises RefusedAfterAll for what a whole body brings along
    dial: Callable[[], Awaitable[Upstream]]
    refusals: Refusals
    placeholders: Placeholders = field(repr=False)
    tokens: Tokens = field(repr=False)

    async def prepare(self, body: RequestBody) -> Prepared:
        """The request as it goes out."""
        session = self.connection.session
        request = await prepared(
            self.ask,
            body,
            session,
            self.placeholders.of(session.id),
            authority=authority(self.way.host, self.way.port, tls=self.connection.tls),
            check=self.check,
            release=self.release,
            tokens=self.tokens,
            now=self.house.now,
            is_read=bool(self.tab.limits),
        )
        await self.tab.begin(self.ask.head, request.body)
        return request

    async def release(self, placed: tuple[Placed, ...]) -> Mapping[str, Credential]:
        """The credentials, each against its receipt."""
        decided = await self.uses(placed)
        made = {}
        for name, each in decided.items():
            made[name] = await asyncio.get_running_loop().run_in_executor(
                self.house.blocking, self._release, each, placed
            )
        return made

    async def write(self, request: Prepared) -> bytes:
        """The head as bytes, once."""
        head = request.head
        if self.way.via is not None and self.way.is_forwarded:
            login = await self.way.via.login()
            if login is not None:  # proxies answer some requests themselves, and may say them back
                self.connection.session.released(shown_instead(login))
            head = forwarded(head, self.way.host, self.way.port, login)
        return await asyncio.get_running_loop().run_in_executor(
            self.house.blocking, self._written, self.ask.head, head
        )

    async def connect(self) -> Upstream:
        """A new connection to the host."""
        try:
            return await self.dial()
        except BaseException:
            self.tab.unsent()
            raise

    def told(self, error: RingfenceError | BrokenOff | BadHttp) -> Refused:
        """Why it failed, recorded."""
        return self.refusals.of(self.connection.session, self.way.host, error)

    async def sealed_answer(self, request: Prepared, head: ResponseHead, upstream: Upstream) -> bytes | None:
        """A token server's answer with placeholders; None for all others."""
        named = {each.credential for each in request.used if each.meant.part == "refresh_token"}
        if not named or head.status not in range(200, 300):
            return None
        body = bytearray()
        cleaning = Cleaning(head.headers.listed("content-encoding"), self.connection.session.secrets)
        async for piece in cleaning.decoded(upstream):
            body += piece
            if len(body) > LIMITS.token_answer_bytes:
                raise NoToken("a token server's answer is too long", hint="is it a token server?")
        (name,) = named
        session = self.connection.session
        return await self.tokens.sealed(
            bytes(body), request.credentials[name], session=session.id, table=self.placeholders
        )

    def check_answer(self, head: ResponseHead) -> None:
        """Nothing, for an answer of the host. Raises NotReached for a proxy's that wants a login."""
        if head.status == 407 and self.way.via is not None and self.way.is_forwarded:
            raise unauthorised(self.way.via)

    def may_shorten(self, head: ResponseHead) -> bool:
        """Whether it may list tools."""
        return speaks_mcp(self.ask.head.headers) and _kind(head) in ("application/json", "text/event-stream")

    def passed_on(self, head: ResponseHead, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """An answer's body, without tools that nobody lets the session call."""
        pieces = self.tab.read(head, _kind(head), pieces)
        return listed_tools(pieces, _kind(head), self._may_call) if self.may_shorten(head) else pieces

    async def switch(
        self,
        request: Prepared,
        upstream: Upstream,
        head: ResponseHead,
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Carries on after a 101."""
        session, (reader, writer) = self.connection.session, stream
        switching = Switching(
            session=session,
            meaning=self.placeholders.of(session.id),
            upstream=upstream,
            reader=reader,
            writer=writer,
            release=self.release,
            randomness=self.house.randomness,
        )
        await switching.run(request.head, head)

    def _may_call(self, tool: str) -> bool:
        session, at = self.connection.session, self.connection
        server = (
            at.host + ("" if at.port == _HTTPS else f":{at.port}") + self.ask.head.target.partition("?")[0]
        )
        return session.policy is None or may_be_called(session.policy, session.agent, server, tool)

    def _release(self, decided: Decided, placed: tuple[Placed, ...]) -> Credential:
        receipt: Receipt[CredentialUse] = decided.receipt  # type: ignore[assignment]
        return self.house.releasing.release(receipt, placed, port=self.way.port)

    def _written(self, asked: RequestHead, sent: RequestHead) -> bytes:
        receipt: Receipt[HttpRequest] = self.request.receipt  # type: ignore[assignment]
        return written(receipt, asked, sent, host=self.way.host, seals=self.house.seals)


def _kind(head: ResponseHead) -> str:
    return ",".join(head.headers.all("content-type")).partition(";")[0].strip().lower()


def authority(host: str, port: int, *, tls: bool) -> str:
    """As a Host header has it."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port == (443 if tls else 80) else f"{shown}:{port}"
