"""Answers to a session's DNS: every name gets an address that stands for it, and nothing is asked of anybody.

Whether a name may be gone to is said when somebody goes there. Source: ip(7), ipv6(7) on packet information.
"""

import asyncio
import socket

from ringfence.core.limits import LIMITS
from ringfence.egress.proxy.sessions import Session
from ringfence.egress.proxy.wires import StreamLost, wire_over
from ringfence.protocols.dns import BadDns, TcpQuestions, answer, framed, read_question

__all__ = ["answer_datagrams", "answer_stream"]

_TTL_S = 60
_IP_PKTINFO, _IPV6_RECVPKTINFO, _IPV6_PKTINFO = 8, 49, 50
_BESIDE_BYTES = socket.CMSG_SPACE(64)
_BYTES = 65_535


def answer_datagrams(bound: socket.socket, session: Session) -> None:
    """Begins to answer, from the address that was asked, until the session ends. The socket is owned."""
    loop = asyncio.get_running_loop()
    bound.setblocking(False)
    if bound.family == socket.AF_INET:
        bound.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    else:
        bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)

    def take() -> None:
        for _ in range(LIMITS.egress_datagrams):
            try:
                data, beside, _, asker = bound.recvmsg(_BYTES, _BESIDE_BYTES)
                said = _answered(data, session)
                if said is not None:
                    bound.sendmsg([said], _from_there(beside), 0, asker)
            except OSError:
                return  # nothing more for now, or nobody is there for the answer

    def end() -> None:
        loop.remove_reader(bound)
        bound.close()

    session.ends.append(end)
    loop.add_reader(bound, take)


def _from_there(beside: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """That the answer is to have the address as its source that the question went to."""
    for level, kind, content in beside:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            address = content[8:12]  # where the packet was headed to
            return [(level, kind, bytes(4) + address + address)]
        if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
            return [(level, kind, content[:16] + bytes(4))]
    return []


async def answer_stream(connected: socket.socket, session: Session) -> None:
    """Answers the questions of one connection, one after the other."""
    questions = TcpQuestions()
    try:
        wire = await wire_over(connected, session.deadlines)
    except StreamLost:
        return
    try:
        while True:
            wire.within(session.patience.head_s)
            data = await wire.read()
            if not data:
                break
            for each in questions.feed(data):
                said = _answered(each, session)
                if said is None:
                    return
                await wire.write(framed(said))
        wire.close()
    except (StreamLost, BadDns):
        return
    finally:
        if not wire.is_closing:
            wire.abort()


def _answered(data: bytes, session: Session) -> bytes | None:
    try:
        question = read_question(data)
    except BadDns:
        return None
    address = session.names.address(question.name) if question.name and question.wants_address else None
    return answer(question, address, ttl_s=_TTL_S)
