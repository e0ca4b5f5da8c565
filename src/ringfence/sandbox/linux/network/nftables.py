"""One table of the kernel's filter, in the box's network: all of TCP goes to one port of the loopback.

But connections to the loopback itself, which are the box's own, and those to DNS, which has a socket. Who
accepts one asks for SO_ORIGINAL_DST. Written as the kernel reads it; no program is run for it.

Source: the kernel's include/uapi/linux/netfilter/nf_tables.h; nft(8) with `--debug=netlink` shows the like.
"""

import socket
import struct
from collections.abc import Iterable, Iterator

from ringfence.sandbox.linux.network.netlink import ACK, CREATE, attribute, message, nested, told

__all__ = ["redirect", "redirection"]

_NETFILTER = 12  # NETLINK_NETFILTER
_BEGIN, _END, _SUBSYSTEM = 0x10, 0x11, 10
_NEW_TABLE, _NEW_CHAIN, _NEW_RULE = 0, 3, 6
_APPEND = 0x800
_INET, _IPV4, _IPV6, _TCP = 1, 2, 10, 6
_NAME = b"ringfence\0"
_OUTPUT, _DESTINATION_NAT, _ACCEPT = 3, -100, 1
_VERDICT, _FIRST = 0, 1  # registers
_NETWORK, _TRANSPORT = 1, 2  # headers
_FAMILY_OF, _PROTOCOL_OF = 15, 16  # NFT_META_NFPROTO, NFT_META_L4PROTO
_DNS = 53


def redirect(table: bytes) -> None:
    """From now on, as `redirection` wrote it.

    Raises:
        OSError: the kernel has no such table, or no right to it is had.
    """
    told(_NETFILTER, table)


def redirection(port: int) -> bytes:
    """The table that sends all of it to this port, as one message to the kernel."""
    hook = nested(4, (attribute(1, _be(_OUTPUT)), attribute(2, _be(_DESTINATION_NAT))))
    chain = attribute(1, _NAME) + attribute(3, _NAME) + hook + attribute(7, b"nat\0")
    messages = [
        (_NEW_TABLE, CREATE, attribute(1, _NAME)),
        (_NEW_CHAIN, CREATE, chain),
        *((_NEW_RULE, CREATE | _APPEND, _rule(each)) for each in _rules(port)),
    ]
    packet = [_edge(_BEGIN)]
    for number, (kind, flags, body) in enumerate(messages, 1):
        last = ACK if number == len(messages) else 0
        header = struct.pack(">BBH", _INET, 0, 0)
        packet.append(message(_SUBSYSTEM << 8 | kind, header + body, flags=flags | last, number=number))
    return b"".join((*packet, _edge(_END)))


def _rules(port: int) -> Iterator[Iterable[bytes]]:
    own = socket.inet_pton(socket.AF_INET6, "::1")
    yield (*_is_meta(_FAMILY_OF, _IPV4), *_is_at(_NETWORK, 16, b"\x7f"), _accept())
    yield (*_is_meta(_FAMILY_OF, _IPV6), *_is_at(_NETWORK, 24, own), _accept())
    yield (
        *_is_meta(_PROTOCOL_OF, _TCP),
        *_is_at(_TRANSPORT, 2, struct.pack(">H", _DNS)),
        _accept(),
    )
    yield (
        *_is_meta(_PROTOCOL_OF, _TCP),
        _expression("immediate", _register(1, _FIRST), _data(2, struct.pack(">H", port))),
        _expression("redir", _register(1, _FIRST)),
    )


def _rule(expressions: Iterable[bytes]) -> bytes:
    return attribute(1, _NAME) + attribute(2, _NAME) + nested(4, expressions)


def _is_meta(key: int, value: int) -> tuple[bytes, bytes]:
    return _expression("meta", _register(1, _FIRST), attribute(2, _be(key))), _is(bytes((value,)))


def _is_at(header: int, offset: int, value: bytes) -> tuple[bytes, bytes]:
    place = (attribute(n, _be(each)) for n, each in ((2, header), (3, offset), (4, len(value))))
    return _expression("payload", _register(1, _FIRST), *place), _is(value)


def _is(value: bytes) -> bytes:
    return _expression("cmp", _register(1, _FIRST), attribute(2, _be(0)), _data(3, value))


def _accept() -> bytes:
    verdict = nested(2, (nested(2, (attribute(1, _be(_ACCEPT)),)),))
    return _expression("immediate", _register(1, _VERDICT), verdict)


def _expression(name: str, *attributes: bytes) -> bytes:
    return nested(1, (attribute(1, name.encode() + b"\0"), nested(2, attributes)))


def _register(kind: int, register: int) -> bytes:
    return attribute(kind, _be(register))


def _data(kind: int, value: bytes) -> bytes:
    return nested(kind, (attribute(1, value),))


def _be(value: int) -> bytes:
    return struct.pack(">i", value)


def _edge(kind: int) -> bytes:
    return message(kind, struct.pack(">BBH", 0, 0, _SUBSYSTEM))
