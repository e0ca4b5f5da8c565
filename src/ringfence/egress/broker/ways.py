"""Where a host is reached for a session, as the policy says: there, elsewhere, or through a proxy."""

from pathlib import Path

from ringfence.core.actions import CredentialUse
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.core import Core, RefusedNow
from ringfence.egress.broker.deciding import decide, pass_all, with_context
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.proxies import Proxies, login_of, use_of
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.unreached import NotReached
from ringfence.egress.messages import Trouble
from ringfence.gate import refused as gate
from ringfence.gate.finding import stamp
from ringfence.policy.egressing import Egressing
from ringfence.policy.values import UpstreamProxy
from ringfence.protocols.pac import PacQuestion

__all__ = ["way_to"]


async def way_to(core: Core, session: Session, host: str, port: int, *, tls: bool) -> Way:
    """Where a host is reached; `tls`: the program speaks it.

    Raises:
        RefusedNow: the authority that the policy names for it cannot be read.
        AddressRefused, NotReached: see `Proxies.via`.
    """
    _, said = core.known(session)
    to = said.connect_to(host, port)
    if to is None:
        return await _unled(core, session, said, host, port, tls=tls)
    ca_pem = None
    if to.ca is not None:
        try:
            ca_pem = await _ca(core, Path(to.ca))
        except (OSError, ValueError):
            what = f"the authority that {to.at} names cannot be read"
            hint = "it is a file of certificates in PEM"
            raise RefusedNow(core.refusals.refuse(session, Trouble.UPSTREAM, host, what, hint)) from None
    tls = tls if to.tls is None else to.tls
    return Way(host=host, port=port, to=(to.to_host, to.to_port or port), tls=tls, ca_pem=ca_pem)


async def _unled(core: Core, session: Session, said: Egressing, host: str, port: int, *, tls: bool) -> Way:
    """Directly, or through a proxy."""
    named = said.private(host)

    async def ca(path: Path) -> str:
        return await _ca(core, path)

    async def login(proxied: UpstreamProxy) -> str:
        return await _login(core, session, proxied)

    async def ask_pac(path: Path, url: str, host: str, address: str) -> str:
        async with session.asks_pac:
            return await _pac(core, path, url, host, address)

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


async def _pac(core: Core, path: Path, url: str, host: str, address: str) -> str:
    """What the file says of a host: asked once for as long as it stays the same."""
    key = (path, stamp(path), url, address)
    known = core.pac_answers.get(key)
    if known is None:
        try:
            script = await core.blocking(core.house.read_pac, path)
        except (OSError, ValueError):
            what = "the file of automatic proxy configuration cannot be read"
            raise NotReached(what, hint=f"`pac` of `egress: {{upstream}}` names {path}") from None
        question = PacQuestion(script=script, url=url, host=host, address=address)
        known = await core.blocking(core.house.ask_pac, question)
        if len(core.pac_answers) >= LIMITS.pac_hosts:
            core.pac_answers.clear()
        core.pac_answers[key] = known
    return known


async def _ca(core: Core, path: Path) -> str:
    """The file's text, read once for as long as it stays the same."""
    now, known = stamp(path), core.authorities.get(path)
    if known is None or known[0] != now:
        known = core.authorities[path] = (now, await core.blocking(core.house.read_ca, path))
    return known[1]
