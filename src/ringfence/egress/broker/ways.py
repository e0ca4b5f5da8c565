"""Where a host is reached for a session, as the policy says: there, elsewhere, or through a proxy."""

from ringfence.core.actions import CredentialUse
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.authorities import authorities
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.deciding import decide, pass_all, with_context
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.proxies import Proxies, login_of, use_of
from ringfence.egress.broker.proxy_scripts import answer_of_script
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.unreached import NotReached
from ringfence.gate import refused as gate
from ringfence.policy.egressing import Egressing
from ringfence.policy.values import UpstreamProxy

__all__ = ["way_to"]


async def way_to(core: Core, session: Session, host: str, port: int, *, tls: bool) -> Way:
    """Where a host is reached; `tls`: the program speaks it.

    Raises:
        NotReached: the authority that the policy names for it cannot be read.
        AddressRefused: see `Proxies.via`.
    """
    _, said = core.known(session)
    to = said.connect_to(host, port)
    if to is None:
        return await _unled(core, session, said, host, port, tls=tls)
    ca_pem = await authorities(core, to.ca, to.at)
    tls = tls if to.tls is None else to.tls
    return Way(host=host, port=port, to=(to.to_host, to.to_port or port), tls=tls, ca_pem=ca_pem)


async def _unled(core: Core, session: Session, said: Egressing, host: str, port: int, *, tls: bool) -> Way:
    """Directly, or through a proxy."""
    named = said.private(host)

    async def ca(proxied: UpstreamProxy) -> str | None:
        return await authorities(core, proxied.ca, proxied.at)

    async def login(proxied: UpstreamProxy) -> str:
        return await _login(core, session, proxied)

    async def ask_pac(proxied: UpstreamProxy, url: str, host: str, address: str) -> str:
        async with session.asks_pac:
            return await answer_of_script(core, proxied, url, host, address)

    proxies = Proxies(
        resolve=core.house.dialer.resolve, trust=core.trust, ca=ca, ask_pac=ask_pac, keep=core.keep
    )
    found = await proxies.via(said, host, port, tls=tls, named=named, login=login)
    if found is None:
        return Way(host=host, port=port, named=named, tls=tls)
    via, ca_pem = found
    return Way(host=host, port=port, named=named, tls=tls, via=via, ca_pem=ca_pem, with_system=True)


async def _login(core: Core, session: Session, proxied: UpstreamProxy) -> str:
    """For one connection, or one request that the proxy sends on."""
    use = with_context(use_of(proxied, agent=session.agent, session=session.id), session.label)
    effects = [each.effect for each in decide(core.known(session)[0], [use], session.door)]
    made = await core.blocking(pass_all, session.door, [use], effects)
    if isinstance(made, gate.Refused):
        raise NotReached(made.what, hint=made.hint)
    receipt: Receipt[CredentialUse] = made[0].receipt  # type: ignore[assignment]
    return await core.blocking(login_of, core.house.releasing, receipt, proxied)
