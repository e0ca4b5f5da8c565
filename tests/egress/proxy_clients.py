"""Programs in a box, as far as the proxy sees them: raw sockets, TLS over them, curl."""

import socket
import ssl
import subprocess
from pathlib import Path

from egress.scripted_broker import House

__all__ = ["after", "curl", "opened", "said", "through_tls", "told"]


def opened(port: int) -> socket.socket:
    """Connected to a port of the proxy; waits for nothing longer than tests do."""
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def said(connected: socket.socket) -> bytes:
    """All until the other end sends no more."""
    pieces = []
    while piece := connected.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def told(port: int, data: bytes) -> bytes:
    """All that comes back for these bytes, until the proxy ends the connection."""
    with opened(port) as connected:
        connected.sendall(data)
        return said(connected)


def after(connected: socket.socket, mark: bytes) -> bytes:
    """All up to and with `mark`."""
    data = b""
    while not data.endswith(mark):
        piece = connected.recv(1)
        if not piece:
            raise ConnectionResetError("the other end says no more")
        data += piece
    return data


def through_tls(
    house: House, connected: socket.socket, name: str, *, alpn: tuple[str, ...] = ()
) -> ssl.SSLSocket:
    """TLS to a name, whose certificate must be of the session's authority."""
    context = ssl.create_default_context(cadata=house.ca_pem)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context.wrap_socket(connected, server_hostname=name)


def curl(house: House, *arguments: str | Path, proxy: bool = True) -> subprocess.CompletedProcess[str]:
    """As people call it, with the variables that a box has."""
    environment = {"CURL_CA_BUNDLE": str(house.ca_file)}
    if proxy:
        environment |= dict.fromkeys(("http_proxy", "https_proxy"), f"http://127.0.0.1:{house.proxy}")
    command = ["curl", "-sS", "--max-time", "20", *map(str, arguments)]
    ran = subprocess.run(command, env=environment, capture_output=True, check=False)
    return subprocess.CompletedProcess(command, ran.returncode, ran.stdout.decode(), ran.stderr.decode())
