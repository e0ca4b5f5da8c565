"""Whether this machine can reach anybody, and over a VPN: links by rtnetlink, routes out of /proc/net.

Asks the kernel only, and only about the own network namespace (/sys/class/net may show another one).
Source: rtnetlink(7), uapi/linux/if_link.h, ipv6_route and route in proc_pid_net(5).
"""

import os
import re
import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Network
from ringfence.core.text import clip, printable
from ringfence.endpoint.linux.reading import read_proc

__all__ = ["Link", "default_interfaces", "look_at_network", "parse_links", "weigh"]

_RTM_NEWLINK, _RTM_GETLINK, _NLMSG_DONE = 16, 18, 3
_REQUEST_DUMP = 0x301
_IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 10, 18, 1
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING = 0x1, 0x8, 0x40
_RTF_UP = 0x1  # an unreachable route stands on no interface or on loopback, so it never counts
_TUNNEL_KINDS = frozenset({"wireguard", "amneziawg", "tun", "ppp", "xfrm", "vti", "vti6", "ovpn", "ipsec"})
_TUNNEL_NAMES = re.compile(r"(?:tun|tap|wg|ppp|ipsec|tailscale|zt|nordlynx|proton|utun|vpn)[\w-]*")
_PROFILES = ("wireguard/*.conf", "openvpn/*.conf", "openvpn/client/*.conf", "openvpn/*.ovpn")
_CONNECTIONS = "NetworkManager/system-connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One network interface."""

    name: str
    flags: int
    kind: str | None  # what made it, e.g. wireguard; None for hardware
    bridged: bool = False

    @property
    def up(self) -> bool:
        """Switched on, and somebody at the other end."""
        return bool(self.flags & _IFF_UP and self.flags & _IFF_RUNNING)

    @property
    def tunnel(self) -> bool:
        """Looks like a VPN's. A bridged one is a virtual machine's cable."""
        return not self.bridged and (
            self.kind in _TUNNEL_KINDS if self.kind else bool(_TUNNEL_NAMES.fullmatch(self.name))
        )


def look_at_network(proc: Path, etc: Path) -> Network:
    """The state of links, routes and VPN profiles now."""
    try:
        links = tuple(parse_links(_dump_links()))
    except OSError:
        links = None
    return weigh(links, default_interfaces(proc), vpn_profile=_vpn_profile(etc))


def weigh(links: tuple[Link, ...] | None, defaults: Iterable[str], *, vpn_profile: bool | None) -> Network:
    """What links and default routes come to. `links` is None when the kernel did not list them."""
    if links is None:
        return Network(online=None, vpn_configured=vpn_profile or None, vpn_up=None, interfaces=())
    up = {link.name for link in links if link.up and not link.flags & _IFF_LOOPBACK}
    tunnels = [link for link in links if link.tunnel]
    return Network(
        online=not up.isdisjoint(defaults),
        vpn_configured=True if tunnels else vpn_profile,
        vpn_up=any(link.up for link in tunnels),
        interfaces=tuple(sorted(clip(printable(name), chars=LIMITS.name_chars) for name in up)),
    )


def default_interfaces(proc: Path) -> frozenset[str]:
    """Interfaces with a default route, IPv4 or IPv6; the two halves that VPNs lay over it count as well."""
    found = set()
    for line in read_proc(proc / "net/route").decode("ascii", "replace").splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 8 and fields[1] == "00000000" and fields[7] in ("00000000", "00000080"):
            found.update([fields[0]] if _usable(fields[3]) else [])
    for line in read_proc(proc / "net/ipv6_route").decode("ascii", "replace").splitlines():
        fields = line.split()
        if len(fields) >= 10 and fields[0] == "0" * 32 and fields[1] in ("00", "01"):
            found.update([fields[9]] if _usable(fields[8]) else [])
    return frozenset(found)


def parse_links(data: bytes) -> Iterator[Link]:
    """The interfaces in a dump of RTM_NEWLINK messages; ends at the first message that does not fit."""
    at = 0
    while at + 16 <= len(data):
        size, message = struct.unpack_from("=IH", data, at)
        if size < 16 or at + size > len(data):
            return
        if message == _RTM_NEWLINK and size >= 32:
            (flags,) = struct.unpack_from("=I", data, at + 24)
            attributes = dict(_attributes(data[at + 32 : at + size]))
            about = dict(_attributes(attributes.get(_IFLA_LINKINFO, b"")))
            kind = about.get(_IFLA_INFO_KIND)
            yield Link(
                name=os.fsdecode(attributes.get(_IFLA_IFNAME, b"").rstrip(b"\0")),
                flags=flags,
                kind=os.fsdecode(kind.rstrip(b"\0")) if kind else None,
                bridged=_IFLA_MASTER in attributes,
            )
        at += (size + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if size < 4 or at + size > len(data):
            return
        yield kind & 0x3FFF, data[at + 4 : at + size]
        at += (size + 3) & ~3


def _dump_links() -> bytes:
    """What the kernel answers to a request for all links, at most limits.proc_file_bytes."""
    request = struct.pack("=IHHII", 32, _RTM_GETLINK, _REQUEST_DUMP, 1, 0) + bytes(16)
    parts: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as kernel:
        kernel.settimeout(LIMITS.probe_request_s)
        kernel.send(request)
        while sum(map(len, parts)) < LIMITS.proc_file_bytes:
            part = kernel.recv(1 << 16)
            parts.append(part)
            if len(part) < 16 or struct.unpack_from("=H", part, 4)[0] in (_NLMSG_DONE, 2):
                break
    return b"".join(parts)


def _usable(flags: str) -> bool:
    value = int(flags, 16) if re.fullmatch(r"[0-9a-fA-F]{1,8}", flags) else 0
    return bool(value & _RTF_UP)


def _vpn_profile(etc: Path) -> bool | None:
    """Whether a VPN is set up; None when none was seen but a folder or profile may not be read."""
    unseen = False
    for pattern in _PROFILES:
        folder = (etc / pattern).parent
        if any(folder.glob(Path(pattern).name)):
            return True
        unseen |= folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK)
    for path in (etc / _CONNECTIONS).glob("*"):
        unseen |= not os.access(path, os.R_OK)
        if re.search(rb"(?m)^type=(?:vpn|wireguard)\s*$", read_proc(path)):
            return True
    return None if unseen else False
