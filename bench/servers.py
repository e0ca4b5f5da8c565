"""200 servers on loopback, of all manners, around one command: `python -m bench.servers COMMAND …`.

Prints how many seconds the command took. Every fourth server never says a word.
"""

import asyncio
import fcntl
import json
import socket
import struct
import subprocess
import sys
import time

_SERVERS = 200
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_OLLAMA = {
    "/": "Ollama is running",
    "/api/version": json.dumps({"version": "0.12.0"}),
    "/api/tags": json.dumps(
        {"models": [{"name": "llama3.2:1b", "model": "llama3.2:1b", "digest": "a" * 64}]}
    ),
    "/api/ps": json.dumps({"models": []}),
}
_VLLM = {
    "/version": json.dumps({"version": "0.11.0"}),
    "/v1/models": json.dumps({"object": "list", "data": [{"id": "qwen", "owned_by": "vllm"}]}),
}
_PAGES: tuple[dict[str, str] | None, ...] = (_OLLAMA, _VLLM, {"/": "<title>A printer</title>"}, None)


async def _talk(
    pages: dict[str, str] | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        if pages is None:
            await reader.read()
            return
        while request := await reader.readuntil(b"\r\n\r\n"):
            path = request.split(b" ", 2)[1].decode()
            status, body = ("200 OK", pages[path]) if path in pages else ("404 Not Found", "nothing here")
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def _serve_around(command: list[str]) -> float:
    for number in range(_SERVERS):
        pages = _PAGES[number % len(_PAGES)]

        async def talk(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            pages: dict[str, str] | None = pages,
        ) -> None:
            await _talk(pages, reader, writer)

        await asyncio.start_server(talk, "127.0.0.1", 0)
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    if status := await process.wait():
        raise SystemExit(f"{command[0]} ended with {status}")
    return time.perf_counter() - started


def _bring_loopback_up() -> None:
    """In a network namespace of its own, loopback is down at first; elsewhere this changes nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        if not flags & _IFF_UP:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


if __name__ == "__main__":
    _bring_loopback_up()
    print(asyncio.run(_serve_around(sys.argv[1:])))
