"""Bytes both ways that nobody reads; each way ends by itself."""

import asyncio

from ringfence.egress.proxy.wires import NEVER, Stream

__all__ = ["pass_on"]


async def pass_on(one: Stream, other: Stream) -> None:
    """Until both ways have ended, or one broke off, which breaks the other."""
    one.wire.deadline = other.wire.deadline = NEVER
    ways = [asyncio.create_task(_way(one, other)), asyncio.create_task(_way(other, one))]
    is_whole = False
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        is_whole = all(each.exception() is None for each in done)
    finally:
        for each in ways:
            each.cancel()
        await asyncio.wait(ways)
        for stream in (one, other):
            if is_whole:
                stream.close()
            else:
                stream.wire.abort()


async def _way(source: Stream, target: Stream) -> None:
    while data := await source.read():
        await target.write(data)
    await target.end()
