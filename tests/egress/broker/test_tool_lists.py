"""What a tool server lists, as a session sees it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.tool_lists import listed_tools
from ringfence.egress.messages import Leg, Proceed
from ringfence.egress.sealed_frames import SealedHead
from ringfence.protocols.http import BadHttp

LISTED = json.dumps(
    {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "read"}, {"name": "pay"}, {"name": "drop"}]}}
).encode()


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [("application/json", b"", b""), ("text/event-stream", b"event: message\r\ndata: ", b"\r\n\r\n")],
)
def test_tools_that_no_rule_lets_are_not_listed(
    tmp_path: Path, kind: str, before: bytes, after: bytes
) -> None:
    body = before + LISTED + after
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with server(tmp_path, lambda _request: answer + body) as host:
        tools = """
      tools:
        - {server: api.example.com/mcp, tool: read}
        - {server: api.example.com/mcp, tool: pay, arguments: {to: ann}}
        - {server: api.example.com/mcp, tool: drop}
        - {server: api.example.com/mcp, tool: drop, then: deny}"""
        network = "{host: api.example.com}"
        text = policy(
            ("api.example.com", host.port), folder=tmp_path, network=network, more=tools.strip("\n")
        )
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            asked = request(
                "/mcp",
                "POST",
                b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}',
                {"Content-Type": "application/json", "Mcp-Protocol-Version": "2025-06-18"},
            )
            head, body = await scene.exchange(await scene.connection(), asked)
            assert isinstance(head, SealedHead), head
            data = body.partition(b"data: ")[2] if before else body
            assert [each["name"] for each in json.loads(data)["result"]["tools"]] == ["read", "pay"]

        scene.play(act)


def test_a_host_that_is_granted_as_a_whole_is_read_when_it_speaks_of_tools(tmp_path: Path) -> None:
    text = policy(folder=tmp_path, network="{host: api.example.com}")
    scene = Scene(tmp_path, text)
    said = {"Content-Type": "application/json", "Mcp-Protocol-Version": "2025-06-18"}
    listing = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'

    async def act(scene: Scene) -> None:
        await scene.open()
        connection = await scene.connection()
        for headers, leg in ((said, Leg.SEALED), ({}, Leg.PLAIN)):
            answer, fds = await scene.ask(connection, request("/mcp", "POST", listing, headers))
            assert isinstance(answer, Proceed)
            assert answer.leg is leg
            for fd in fds:
                os.close(fd)

    scene.play(act)


def _passed(kind: str, *pieces: bytes) -> bytes:
    async def stream() -> AsyncIterator[bytes]:
        for each in pieces:
            yield each

    async def play() -> bytes:
        return b"".join([each async for each in listed_tools(stream(), kind, lambda tool: tool == "read")])

    return asyncio.run(play())


def test_events_are_passed_on_as_they_are_wherever_they_are_cut() -> None:
    events = b': hello\n\nid: 1\ndata: {"a": 1}\n\ndata: tail'
    assert _passed("text/event-stream", *(events[at : at + 1] for at in range(len(events)))) == events


def test_what_lists_no_tools_is_passed_on() -> None:
    assert _passed("application/json", b'{"a":', b"1}") == b'{"a":1}'
    assert _passed("text/plain", LISTED) == LISTED


def test_a_message_without_an_end_is_refused() -> None:
    with pytest.raises(BadHttp):
        _passed("text/event-stream", b"data: ", bytes(LIMITS.app_push_bytes))
