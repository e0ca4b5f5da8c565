"""Which proxy a host is reached through, and which host by none."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from loading import of_tier
from ringfence.egress.broker.addresses import Address, Network
from ringfence.egress.broker.proxies import Proxies
from ringfence.egress.broker.unreached import AddressRefused, NotReached
from ringfence.egress.broker.upstream import Trust
from ringfence.policy.egressing import egressing
from ringfence.policy.load import read
from ringfence.policy.values import UpstreamProxy

_PROXY = "proxy: 'http://proxy.test:3128'"
_ADDRESSES = {"public.test": "93.184.216.34", "inside.test": "10.1.2.3"}


async def _resolve(host: str, _port: int) -> Sequence[Address]:
    if host not in _ADDRESSES:
        raise OSError("no such name")
    return [ip_address(_ADDRESSES[host])]


async def _login(_proxied: UpstreamProxy) -> str:
    return "Basic x"


async def _ca(_proxied: UpstreamProxy) -> None:
    return None


def _through(
    host: str, entry: str = _PROXY, *, pac: str = "", named: tuple[Network, ...] = ()
) -> tuple[str, int, bool] | None:
    """The proxy, and whether TLS is spoken to it."""
    asked: list[tuple[str, ...]] = []

    async def ask_pac(proxied: UpstreamProxy, url: str, asked_host: str, address: str) -> str:
        asked.append((str(proxied.pac), url, asked_host, address))
        return pac

    text = (
        f"version: 1\nagents: {{profiles: {{claude: {{egress: {{upstream: [{{host: '*', {entry}}}]}}}}}}}}\n"
    )
    said = egressing(read([of_tier(text)]), "claude")
    proxies = Proxies(resolve=_resolve, trust=Trust(), ca=_ca, ask_pac=ask_pac, keep=lambda _task: None)
    found = asyncio.run(proxies.via(said, host, 443, tls=True, named=named, login=_login))
    if pac:
        assert asked == [("/etc/proxy.pac", f"https://{host}:443/", host, _ADDRESSES.get(host, ""))]
    return None if found is None else (found[0].host, found[0].port, found[0].context is not None)


def test_every_host_goes_through_the_proxy_but_those_that_are_direct() -> None:
    there = ("proxy.test", 3128, False)
    assert _through("public.test") == there
    assert _through("nobody-here-knows.test") == there
    direct = f"{_PROXY}, direct: ['*.corp.test', 10.0.0.0/8, 192.0.2.1]"
    for host in ("git.corp.test", "inside.test", "192.0.2.1", "localhost"):
        assert _through(host, direct) is None
    assert _through("public.test", direct) == there


def test_what_is_private_is_refused_before_the_proxy_hears_of_it_unless_the_policy_names_it() -> None:
    for host in ("inside.test", "10.1.2.3", "169.254.169.254", "::1"):
        with pytest.raises(AddressRefused):
            _through(host)
    assert _through("inside.test", named=(ip_network("10.0.0.0/8"),)) == ("proxy.test", 3128, False)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("PROXY one.test:8080; DIRECT", ("one.test", 8080, False)),
        ("HTTPS one.test:443", ("one.test", 443, True)),
        ("SOCKS four.test:1080; SOCKS5 five.test:1080", ("five.test", 1080, False)),
        ("DIRECT", None),
    ],
)
def test_a_file_of_automatic_configuration_names_it(answer: str, found: tuple[str, int, bool] | None) -> None:
    assert _through("public.test", "pac: /etc/proxy.pac", pac=answer) == found


def test_an_answer_that_cannot_be_used_reaches_nobody() -> None:
    with pytest.raises(NotReached, match="names nothing that is spoken here"):
        _through("public.test", "pac: /etc/proxy.pac", pac="SOCKS s.test:1080")
