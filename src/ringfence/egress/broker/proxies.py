"""Whether a host is reached through a proxy that the policy names, and with which login.

Names are the proxy's to resolve. Literal addresses, and names that this machine can resolve too, are judged
first, so that a proxy is no way to private addresses; nobody knows which of a name's addresses it takes, so
all must be such as boxes may reach. A name that only the proxy can resolve goes where whoever named the proxy
trusts it to lead. Nothing is tried directly where the proxy fails.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import ip_address

from ringfence.core.actions import CredentialUse
from ringfence.core.dataclass import dataclass
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.addresses import Address
from ringfence.egress.broker.dialing import Resolve, address_refused
from ringfence.egress.broker.releasing import Releasing
from ringfence.egress.broker.tunnels import Via
from ringfence.egress.broker.unreached import NotReached
from ringfence.egress.broker.upstream import Trust
from ringfence.egress.injecting.bound import serves
from ringfence.policy.egressing import Egressing
from ringfence.policy.values import Network, ProxyAddress, UpstreamProxy
from ringfence.protocols.pac import Direct, NoProxy, answer_of
from ringfence.vault.kinds import Basic

__all__ = ["Login", "Proxies", "login_of", "use_of"]

_METHOD, _PATH = "CONNECT", "/"  # of a use that is for no request
_LOOKED_UP_S = 2.0  # for a name that only the proxy may know

Login = Callable[[UpstreamProxy], Awaitable[str]]
"""The value of Proxy-Authorization: decided and recorded as a use of the credential. Raises NotReached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Of one broker."""

    resolve: Resolve
    trust: Trust
    ca: Callable[[UpstreamProxy], Awaitable[str | None]]  # raises NotReached
    ask_pac: Callable[[UpstreamProxy, str, str, str], Awaitable[str]]  # by URL, host, address; RingfenceError
    keep: Callable[["asyncio.Task[None]"], None]

    async def via(
        self, said: Egressing, host: str, port: int, *, tls: bool, named: tuple[Network, ...], login: Login
    ) -> tuple[Via, str | None] | None:
        """The proxy on the way to the host, with the authorities to trust there beside the system's, as PEM.

        None where it is reached directly.

        Raises:
            AddressRefused: it is no host that boxes reach.
            NotReached: the authorities that the policy names cannot be read, or a script not be had.
        """
        proxied = said.upstream(host)
        if proxied is None:
            return None
        addresses = await self._addresses(host, port)
        if any(one.version == net.version and one in net for one in addresses for net in proxied.direct):
            return None
        if proxied.pac is not None:
            proxied = replace(proxied, proxy=await self._chosen(proxied, host, port, addresses, tls=tls))
        if proxied.proxy is None:
            return None
        for each in addresses:
            if (refused := address_refused(host, each, named)) is not None:
                raise refused
        ca_pem = await self.ca(proxied)
        via = Via(
            host=proxied.proxy.host,
            port=proxied.proxy.port,
            context=self.trust.context(ca_pem, with_system=True) if proxied.proxy.tls else None,
            login=_no_login if proxied.credential is None else partial(login, proxied),
            keep=self.keep,
            is_socks=proxied.proxy.is_socks,
        )
        return via, ca_pem

    async def _chosen(
        self, proxied: UpstreamProxy, host: str, port: int, addresses: Sequence[Address], *, tls: bool
    ) -> ProxyAddress | None:
        """The proxy that a script of automatic configuration names; None where it says that there is none."""
        address = next((str(each) for each in addresses if each.version == 4), "")
        url = f"http{'s' * tls}://{f'[{host}]' if ':' in host else host}:{port}/"
        found = await self.ask_pac(proxied, url, host, address)
        try:
            chosen = answer_of(found)
        except NoProxy:
            raise NotReached(
                f"the proxy's script names nothing that is spoken here for {host}",
                hint="PROXY, HTTP, HTTPS, SOCKS5 and DIRECT are",
            ) from None
        return (
            None
            if isinstance(chosen, Direct)
            else ProxyAddress(host=chosen.host, port=chosen.port, tls=chosen.tls, is_socks=chosen.is_socks)
        )

    async def _addresses(self, host: str, port: int) -> Sequence[Address]:
        """Those that this machine knows; none where it knows nothing."""
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        try:
            async with asyncio.timeout(_LOOKED_UP_S):
                return await self.resolve(host, port)
        except (OSError, TimeoutError):
            return ()


def login_of(releasing: Releasing, receipt: Receipt[CredentialUse], proxied: UpstreamProxy) -> str:
    """What is said to the proxy, for whoever has the receipt.

    Raises:
        ReceiptRefused, VaultRefused, VaultLocked, NoSuchCredential: see `Releasing.release`.
        NotReached: the credential is of another kind, or not bound to the proxy.
    """
    proxy = proxied.proxy
    assert proxy is not None
    credential = releasing.release(receipt, (), port=proxy.port)
    login = credential.authentication
    if not isinstance(login, Basic):
        raise NotReached(
            f"the login {credential.name} is not of kind basic", hint="ringfence vault set --kind basic"
        )
    if not serves(credential.binding, proxy.host, proxy.port):
        raise NotReached(
            f"the login {credential.name} is not for {proxy.host}:{proxy.port}",
            hint=f"bind it: ringfence vault set --host {proxy.host}:{proxy.port}",
        )
    text = f"{login.user}:{login.password.reveal().decode()}"
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def use_of(proxied: UpstreamProxy, *, agent: str, session: str) -> CredentialUse:
    """What is decided before a login is used."""
    assert proxied.credential is not None and proxied.proxy is not None
    return CredentialUse(
        agent=agent,
        session=session,
        credential=proxied.credential,
        host=proxied.proxy.host,
        method=_METHOD,
        path=_PATH,
    )


async def _no_login() -> None:
    return None
