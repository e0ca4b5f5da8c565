"""Connections through a proxy that speaks SOCKS 5: what is said to it, and what its answers come to.

Names go to it as names. A login goes where it wants one, as it is: SOCKS hides nothing.

Source: RFC 1928, RFC 1929.
"""

import asyncio
import base64
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import NoReturn

from ringfence.egress.broker.unreached import NotReached

__all__ = ["ask_socks"]

_VERSION, _LOGIN_VERSION, _CONNECT = 5, 1, 1
_NO_LOGIN, _LOGIN = 0, 2
_IPV4, _NAME, _IPV6 = 1, 3, 4
_MOST = 255  # bytes of a name, a user, a password
_WHY = {
    1: "it failed",
    2: "its rules refuse it",
    3: "the network is not reached",
    4: "the host is not reached",
    5: "the host refuses it",
    6: "the host does not answer",
    7: "it does not connect for others",
    8: "it knows no such addresses",
}
_SLOW = 6


async def ask_socks(
    sock: socket.socket, host: str, port: int, *, named: str, login: Callable[[], Awaitable[str | None]]
) -> None:
    """Has the proxy that the socket leads to connect it to the host. `named` is the proxy, in words.

    `login` gives what a header would have: `Basic …`; None: there is none.

    Raises:
        NotReached: it does not, or not without a login, or it does not speak SOCKS 5.
        RingfenceError: the login is not to be had.
    """
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(sock, bytes((_VERSION, 2, _NO_LOGIN, _LOGIN)))
        version, method = await _read(sock, 2)
        if version != _VERSION:
            raise OSError
        if method == _LOGIN and (said := await login()) is not None:
            await loop.sock_sendall(sock, _login(said))
            if (await _read(sock, 2))[1]:
                _unauthorised(named)
        elif method != _NO_LOGIN:
            _unauthorised(named)
        await loop.sock_sendall(sock, bytes((_VERSION, _CONNECT, 0)) + _address(host) + port.to_bytes(2))
        version, reply, _, kind = await _read(sock, 4)
        if version != _VERSION:
            raise OSError
        if reply:
            why = _WHY.get(reply, f"it answers {reply}")
            hint = "ask whoever runs it; many let few ports pass"
            raise NotReached(
                f"{named} does not connect to {host}:{port}: {why}", hint=hint, is_slow=reply == _SLOW
            )
        lengths = {_IPV4: 4, _IPV6: 16}
        await _read(sock, lengths[kind] if kind in lengths else (await _read(sock, 1))[0])
        await _read(sock, 2)
    except (OSError, ValueError):
        raise NotReached(f"{named} answers nothing that is SOCKS 5", hint="is it such a proxy?") from None


def _address(host: str) -> bytes:
    try:
        found = ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes((_NAME, len(name))) + name
    return bytes((_IPV4 if found.version == 4 else _IPV6,)) + found.packed


def _login(said: str) -> bytes:
    user, _, password = base64.b64decode(said.removeprefix("Basic ")).partition(b":")
    if not 0 < len(user) <= _MOST or not 0 < len(password) <= _MOST:
        raise NotReached("the proxy's login is not one for SOCKS", hint="each part has 1 to 255 bytes")
    return bytes((_LOGIN_VERSION, len(user))) + user + bytes((len(password),)) + password


def _unauthorised(named: str) -> NoReturn:
    hint = "`credential` of `egress: {upstream}` names a login of the vault, of kind basic"
    raise NotReached(f"{named} wants a login, or another one", hint=hint)


async def _read(sock: socket.socket, size: int) -> bytes:
    """So many bytes and none that follow them. Raises OSError: it has ended."""
    loop, data = asyncio.get_running_loop(), b""
    while len(data) < size:
        piece = await loop.sock_recv(sock, size - len(data))
        if not piece:
            raise OSError
        data += piece
    return data
