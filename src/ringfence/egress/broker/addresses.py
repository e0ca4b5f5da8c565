"""Which addresses boxes may reach: those of the internet, and what the policy names for a host by network.

An address that holds another one (IPv4 in IPv6, 6to4, NAT64, Teredo) is judged as both. What answers with a
machine's own credentials to whoever asks is refused although it may be an address of the internet.

Sources: IANA's registries of special-purpose addresses, RFC 4291, 3056, 6052, 4380; the clouds' own pages on
their metadata services.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Address", "Network", "refusal"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"))
)
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
_NEVER = tuple(
    map(ip_network, ("192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "fec0::/10", "2001::/23", "5f00::/16"))
)


def refusal(address: Address, named: Iterable[Network] = ()) -> str | None:
    """Why nobody connects there; None where one may. `named`: networks that the policy names for the host.

    An address that another one holds is not named by naming that one.
    """
    allowed = tuple(named)
    for each in _judged(address):
        if any(each.version == network.version and each in network for network in allowed):
            continue
        if each in _METADATA:
            return "it is where a machine's own credentials are given out"
        if each.is_loopback or each.is_unspecified:
            return "it is this machine itself"
        if each.is_link_local:
            return "it is of the local link"
        if each.is_multicast:
            return "it is of many machines"
        if not each.is_global or any(each.version == one.version and each in one for one in _NEVER):
            return "it is private"
    return None


def _judged(address: Address) -> Iterator[Address]:
    """The address, or what it holds, where it is only another spelling; both, where it is a way to that."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    held: list[IPv4Address] = []
    if address.sixtofour is not None:
        held.append(address.sixtofour)
    if address.teredo is not None:
        held += address.teredo
    if any(address in each for each in _NAT64) or (address in _COMPATIBLE and int(address) > 1):
        held.append(IPv4Address(int(address) & 0xFFFFFFFF))
    yield from held
    if not any(address in each for each in _NAT64[:1]) and not (address in _COMPATIBLE and int(address) > 1):
        yield address
