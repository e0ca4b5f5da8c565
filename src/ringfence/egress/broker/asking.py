"""A request on a connection: read, judged with the credentials that it wants, and sent on its way.

In this order: budgets; what the request is; what stands in it in a secret's place, and what else it brings
along; the policy's word, recorded; what the session will have read. Then it may go.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ringfence.core.actions import Action, CredentialUse, HttpRequest
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.core import ASKED_IN, Core, RefusedNow
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.releasing import check_bound
from ringfence.egress.broker.sealed import RefusedAfterAll, Sealed, answered
from ringfence.egress.broker.session import Connection, Decided, Exchange
from ringfence.egress.broker.steps import Exchanging
from ringfence.egress.broker.tabs import Tab
from ringfence.egress.broker.upstream import Upstream
from ringfence.egress.broker.upstream_http2 import opened_http2
from ringfence.egress.broker.ways import way_to
from ringfence.egress.injecting.bound import is_token_url
from ringfence.egress.injecting.places import Misplaced, Placed, placed
from ringfence.egress.injecting.tokens import Tokens
from ringfence.egress.messages import Ask, Leg, Manner, Proceed, Refused, Trouble
from ringfence.protocols.client_credentials import brought
from ringfence.protocols.git.pushes import push, refusal
from ringfence.protocols.grpc import speaks_grpc
from ringfence.protocols.http import BadHttp, RequestHead
from ringfence.protocols.interpreting import interpret, is_push, needs_body
from ringfence.protocols.mcp import speaks_mcp

__all__ = ["ask", "is_token_server", "read"]

_NOBODY = Refused(what="there is no such connection", hint="report this", status=400)


async def ask(core: Core, message: Ask, tokens: Tokens) -> tuple[Proceed, Sequence[int]]:
    """The exchange, known from now on; on the sealed leg a descriptor of its stream.

    Raises:
        RefusedNow, RingfenceError: it may not be.
        BadHttp: nobody can say what it is.
    """
    connection = core.connections.get(message.connection)
    if connection is None or connection.raw:
        raise RefusedNow(_NOBODY)
    session = connection.session
    _, said = core.current(session)
    core.spent(session, connection.host, session.budgets.request(said.budgets))
    if len(connection.exchanges) >= LIMITS.egress_exchanges:
        what = "too many requests at one time on one connection"
        raise RefusedNow(
            core.refusals.refuse(session, Trouble.BUDGET, connection.host, what, "wait for some first")
        )
    actions = read(message, connection)
    found = placed(message.head, message.body if message.is_whole else b"", core.placeholders.of(session.id))
    is_served = (
        bool(found)
        or speaks_mcp(message.head.headers)
        or core.is_served(connection)
        or is_token_server(connection)
    )
    if is_served:
        _check_brought(core, connection, message.head, message.body)
    uses = _uses(connection, found, actions[0])
    try:
        asked = (*actions, *uses.values())
        decided = await core.passed(connection, asked, is_counted=True, is_current=True)
    except RefusedNow as error:
        if error.refused.manner is Manner.HONEST and is_push(message.head):
            return _push_refused(core, message, error.refused)
        raise
    exchange = Exchange(number=next(core.numbers), decided=decided)
    await core.reads_from(connection)
    if not core.is_open(connection):  # it has ended meanwhile
        raise RefusedNow(_NOBODY)
    core.begun(connection, exchange)
    is_alone = is_served or speaks_grpc(message.head) or any(each.limits for each in decided)
    is_alone = is_alone or said.upstream(connection.host) is not None  # what the proxy wants is said here
    if not is_alone and core.is_whole(connection):
        return Proceed(exchange=exchange.number, leg=Leg.PLAIN), ()
    await asyncio.sleep(0)  # what is prompt has no task, which whoever waits for a time needs
    way = await way_to(core, session, connection.host, connection.port, tls=connection.tls)
    if (
        way.via is not None
        and not way.via.is_socks
        and not way.tls
        and not _takes_the_connection(message.head)
    ):
        way = replace(way, is_forwarded=True)  # many proxies connect to port 443 alone
    _check_private(way, found)
    fd = _begin(core, connection, exchange, message, way, tokens)
    return Proceed(exchange=exchange.number, leg=Leg.SEALED), (fd,)


def _takes_the_connection(head: RequestHead) -> bool:
    """Whether what follows is nothing that a proxy sends on as a request."""
    return speaks_grpc(head) or bool(head.headers.all("upgrade"))


def _push_refused(core: Core, message: Ask, refused: Refused) -> tuple[Proceed, Sequence[int]]:
    """A refusal as git tells it to its user: an answer of its own protocol."""
    headers, report = refusal(push(message.body), f"{refused.what} ({refused.hint})")
    here, there = socket.socketpair()
    core.keep(asyncio.create_task(answered(here, message, headers, report)))
    return Proceed(exchange=next(core.numbers), leg=Leg.SEALED), (there.detach(),)


def read(message: Ask, connection: Connection) -> tuple[Action, ...]:
    """What is asked for, by what stands in the request.

    Raises:
        BadHttp: nobody can say what it is.
    """
    session = connection.session
    if not message.is_whole and len(message.body) < needs_body(message.head):
        raise BadHttp("a body whose beginning must be read, and is not there")  # the proxy may lie
    return interpret(
        message.head,
        host=connection.host,
        port=connection.port,
        session=session.id,
        agent=session.agent,
        context=session.label,
        program=connection.program,
        body=message.body,
        is_whole=message.is_whole,
    )


def _begin(  # noqa: PLR0917 - what an exchange is made of
    core: Core, connection: Connection, exchange: Exchange, message: Ask, way: Way, tokens: Tokens
) -> int:
    """Starts the sealed leg: the proxy's end of its stream."""

    is_grpc = speaks_grpc(message.head)

    async def dial() -> Upstream:
        try:
            if is_grpc:
                return await opened_http2(await core.dialled(connection, way), way, trust=core.trust)
            return await core.upstream(connection, way)
        except RefusedNow as error:
            raise RefusedAfterAll(error.refused) from None

    def check(head: RequestHead, body: bytes) -> None:
        if core.is_served(connection):
            try:
                _check_brought(core, connection, head, body)
            except RefusedNow as error:
                raise RefusedAfterAll(error.refused) from None

    tab = Tab(core=core, connection=connection, exchange=exchange)
    uses = _Uses(core, connection, exchange, tab)
    steps = Exchanging(
        house=core.house,
        connection=connection,
        ask=message,
        way=way,
        request=exchange.decided[0],
        uses=uses.of,
        tab=tab,
        dial=dial,
        check=check,
        refusals=core.refusals,
        placeholders=core.placeholders,
        tokens=tokens,
    )
    here, there = socket.socketpair()
    scheme = "h2" if is_grpc else "https" if connection.tls else "http"
    sealed = Sealed(session=connection.session, ask=message, key=(way.host, way.port, scheme), steps=steps)
    exchange.task = asyncio.create_task(_run(sealed, here, connection))
    exchange.task.add_done_callback(lambda _task: core.over(connection, exchange))
    exchange.task.add_done_callback(lambda _task: tab.end())
    return there.detach()


async def _run(sealed: Sealed, stream: socket.socket, connection: Connection) -> None:
    ASKED_IN.set(connection.session)
    await sealed.run(stream)


class _Uses:
    """The uses of credentials in one exchange: decided with the request, or when its body was read."""

    def __init__(self, core: Core, connection: Connection, exchange: Exchange, tab: Tab) -> None:
        self._core, self._connection, self._exchange, self._tab = core, connection, exchange, tab
        self._redeemed: set[str] = set()

    async def of(self, found: tuple[Placed, ...]) -> Mapping[str, Decided]:
        """One that is not used yet for each credential that is placed."""
        connection, exchange = self._connection, self._exchange
        request = exchange.decided[0].action
        wanted = _uses(connection, found, request)
        known = {
            each.action.credential: each
            for each in exchange.decided
            if isinstance(each.action, CredentialUse)
        }
        missing = [use for name, use in wanted.items() if name not in known or name in self._redeemed]
        if missing:
            try:
                made = await self._core.passed(connection, missing, is_counted=self._tab.is_open)
            except RefusedNow as error:
                raise RefusedAfterAll(error.refused) from None
            exchange.decided = (*exchange.decided, *made)
            known |= {use.credential: each for use, each in zip(missing, made, strict=True)}
        self._redeemed |= wanted.keys()
        return {name: known[name] for name in wanted}


def _uses(connection: Connection, found: tuple[Placed, ...], request: Action) -> dict[str, CredentialUse]:
    """A use for each credential that is placed.

    Raises:
        Misplaced: one is not for this session, host, method or path.
    """
    assert isinstance(request, HttpRequest)
    session = connection.session
    made = {}
    for each in found:
        entry = session.entries.get(each.credential)
        use = CredentialUse(
            agent=session.agent,
            session=session.id,
            context=session.label,
            credential=each.credential,
            host=connection.host,
            method=request.method,
            path=request.path,
        )
        if entry is None:
            raise Misplaced(
                f"the credential {each.credential} is not there any more", hint="start a new session"
            )
        check_bound(entry.binding, each, use, port=connection.port)
        made[each.credential] = use
    return made


def is_token_server(connection: Connection) -> bool:
    """Whether tokens of a credential are got at this host, so that what it answers is looked into."""
    return any(
        each.kind == "oauth" and _is_at(each.public.get("token_url", ""), connection)
        for each in connection.session.entries.values()
    )


def _is_at(url: str, connection: Connection) -> bool:
    path = "/" + url.partition("://")[2].partition("/")[2]
    return is_token_url(url, connection.host, connection.port, path)


def _check_brought(core: Core, connection: Connection, head: RequestHead, body: bytes) -> None:
    """Nothing, where the client has no credentials of its own along.

    Raises:
        RefusedNow: it has, for a host that the vault serves: they would be somebody else's account.
    """
    meaning = core.placeholders.of(connection.session.id)
    for each in brought(head, body):
        if meaning(each.value) is None:
            what = f"a credential of the client's own ({each.place}), and the vault has one for this host"
            hint = "use the one that the session was given, and take the other one out"
            session, host = connection.session, connection.host
            raise RefusedNow(core.refusals.refuse(session, Trouble.FOREIGN_CREDENTIAL, host, what, hint))


def _check_private(way: Way, found: tuple[Placed, ...]) -> None:
    """Nothing, where secrets go over TLS, or where the policy says that they need not.

    Raises:
        Misplaced: anybody on the way could read them.
    """
    if found and not way.tls and way.to is None and not way.named:
        raise Misplaced(
            f"anybody could read what replaces the placeholder of {found[0].credential}: this is not TLS",
            hint="use https",
        )
