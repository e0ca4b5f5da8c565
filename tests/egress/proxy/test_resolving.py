"""Answers to questions for names."""

import socket
import struct
from pathlib import Path

from egress.proxy_clients import opened, said
from egress.scripted_broker import Host, House, house
from ringfence.egress.messages import Arrive

_A, _AAAA, _HTTPS = 1, 28, 65


def _question(name: str, kind: int, number: int = 7) -> bytes:
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


def _asked(it: House, question: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(20)
        asker.connect(("127.0.0.1", it.dns_udp))  # so that an answer from another address is none
        asker.send(question)
        return asker.recv(512)


def test_a_name_has_one_address_and_nothing_else(tmp_path: Path) -> None:
    with house(tmp_path) as it:
        answer = _asked(it, _question("API.test", _A))
        head = struct.unpack("!HHHHHH", answer[:12])
        assert (head[0], head[1] & 0x800F, head[2:4]) == (7, 0x8000, (1, 1))
        assert socket.inet_ntoa(answer[-4:]) == "198.18.0.1"
        assert _asked(it, _question("api.test", _A))[-4:] == answer[-4:]
        assert socket.inet_ntoa(_asked(it, _question("other.test", _A))[-4:]) == "198.18.0.2"
        for kind in (_AAAA, _HTTPS):
            nothing = _asked(it, _question("api.test", kind))
            assert struct.unpack("!HHHHHH", nothing[:12])[1:4] == (head[1], 1, 0)


def test_questions_in_a_stream_are_answered_one_after_the_other(tmp_path: Path) -> None:
    with house(tmp_path) as it, opened(it.dns_tcp) as asker:
        questions = [_question(f"h{number}.test", _A, number) for number in range(3)]
        asker.sendall(b"".join(struct.pack("!H", len(each)) + each for each in questions))
        asker.shutdown(socket.SHUT_WR)
        answers = said(asker)
        numbers = []
        while answers:
            size = struct.unpack("!H", answers[:2])[0]
            numbers.append((struct.unpack("!H", answers[2:4])[0], answers[2 : 2 + size][-1]))
            answers = answers[2 + size :]
        assert numbers == [(0, 1), (1, 2), (2, 3)]


def test_what_is_no_question_gets_no_answer_and_ends_a_stream(tmp_path: Path) -> None:
    with house(tmp_path) as it:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(20)
            for junk in (b"", b"x", bytes(600), _question("a.test", _A)[:-1]):
                asker.sendto(junk, ("127.0.0.1", it.dns_udp))
            asker.sendto(_question("a.test", _A, 9), ("127.0.0.1", it.dns_udp))
            assert asker.recv(512)[:2] == b"\0\x09"  # the first answer of all
        with opened(it.dns_tcp) as asker:
            asker.sendall(b"\0\x03abc")
            assert _ended(asker)


def _ended(connected: socket.socket) -> bool:
    try:
        return not connected.recv(1)
    except ConnectionResetError:
        return True


def test_a_dialled_address_means_its_name(tmp_path: Path) -> None:
    """Where programs resolve names themselves, and then ask the proxy for the address."""
    with house(tmp_path, {"db.test": Host(address=("127.0.0.1", 9))}) as it:
        address = socket.inet_ntoa(_asked(it, _question("db.test", _A))[-4:])
        with opened(it.proxy) as program:
            program.sendall(f"CONNECT {address}:5432 HTTP/1.1\r\nHost: {address}:5432\r\n\r\n".encode())
            program.sendall(b"\0\0\0\0")
            assert [(each.host, each.port, each.raw) for each in it.broker.wait_for(Arrive)] == [
                ("db.test", 5432, True)
            ]
