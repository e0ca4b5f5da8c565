"""All addresses at the loopback, and every TCP port at one: as root and as an ordinary user."""

import errno
import os
import socket
import struct
from collections.abc import Callable

import pytest

import boxes
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.linux.network.loopback import raise_loopback, take_all_addresses
from ringfence.sandbox.linux.network.nftables import redirect, redirection

USERS = [boxes.ORDINARY, 0] if os.geteuid() == 0 else [os.geteuid()]
_PORT = 1023
_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_OWN = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
_ORIGINAL = {socket.AF_INET: (socket.SOL_IP, 80, 16), socket.AF_INET6: (socket.IPPROTO_IPV6, 80, 28)}

pytestmark = pytest.mark.parametrize("uid", USERS)


def alone(uid: int, work: Callable[[], object]) -> object:
    """What `work` returns in a network of its own, whose loopback is up."""

    def within() -> object:
        kernel.unshare(_NEWNET | (_NEWUSER if uid else 0))
        raise_loopback()
        return work()

    return boxes.as_user(uid, within)


def tried(address: str, port: int) -> str:
    """What comes of connecting there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(boxes.PATIENCE_S)
        return errno.errorcode.get(client.connect_ex((address, port)), "connected")


def reached(listener: socket.socket, address: str, port: int) -> tuple[object, ...]:
    """Where the kernel says that a program wanted to go, whose connection `listener` accepted."""
    level, option, size = _ORIGINAL[listener.family]
    with socket.socket(listener.family) as client:
        client.settimeout(boxes.PATIENCE_S)
        client.connect((address, port))
        listener.settimeout(boxes.PATIENCE_S)
        accepted, _ = listener.accept()
        with accepted:
            wanted = accepted.getsockopt(level, option, size)
    place = wanted[4:8] if listener.family is socket.AF_INET else wanted[8:24]
    return socket.inet_ntop(listener.family, place), struct.unpack_from(">H", wanted, 2)[0]


def listening(family: socket.AddressFamily, port: int) -> socket.socket:
    listener = socket.socket(family)
    listener.bind((_OWN[family], port))
    listener.listen()
    return listener


def test_every_port_of_every_address_is_redirected_and_says_what_was_dialled(uid: int) -> None:
    def work() -> list[object]:
        for family in _OWN:
            take_all_addresses(family)
        redirect(redirection(_PORT))
        with listening(socket.AF_INET, _PORT) as four, listening(socket.AF_INET6, _PORT) as six:
            return [
                reached(four, "192.0.2.1", 9999),
                reached(four, "192.0.2.1", 443),
                reached(four, "10.0.0.1", _PORT),
                reached(six, "2001:db8::1", 22),
            ]

    assert alone(uid, work) == [
        ("192.0.2.1", 9999),
        ("192.0.2.1", 443),
        ("10.0.0.1", _PORT),
        ("2001:db8::1", 22),
    ]


def test_the_loopback_and_dns_are_not_redirected(uid: int) -> None:
    def work() -> list[str]:
        for family in _OWN:
            take_all_addresses(family)
        redirect(redirection(_PORT))
        with listening(socket.AF_INET, _PORT), listening(socket.AF_INET6, _PORT):
            places = (("127.0.0.1", 9999), ("127.1.2.3", 9999), ("::1", 9999), ("192.0.2.1", 53))
            return [tried(*each) for each in places]

    assert alone(uid, work) == ["ECONNREFUSED"] * 4


def test_without_addresses_nothing_has_a_way_and_with_them_it_is_refused_at_once(uid: int) -> None:
    def work() -> list[str]:
        places = (("192.0.2.1", 9999), ("2001:db8::1", 9999))
        before = [tried(*each) for each in places]
        for family in _OWN:
            take_all_addresses(family)
        return [*before, *(tried(*each) for each in places)]

    assert alone(uid, work) == ["ENETUNREACH"] * 2 + ["ECONNREFUSED"] * 2


def test_a_program_that_asks_for_its_own_address_is_told_the_loopback_s(uid: int) -> None:
    def work() -> list[str]:
        own = []
        for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
            take_all_addresses(family)
            with socket.socket(family, socket.SOCK_DGRAM) as asks:
                asks.connect((far, 9))
                own.append(asks.getsockname()[0])
        return own

    assert alone(uid, work) == ["127.0.0.1", "::1"]


def test_datagrams_are_refused_at_once(uid: int) -> None:
    def work() -> str:
        take_all_addresses(socket.AF_INET)
        redirect(redirection(_PORT))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quic:
            quic.settimeout(boxes.PATIENCE_S)
            quic.connect(("192.0.2.1", 443))
            quic.send(b"x")
            try:
                quic.recv(1)
            except ConnectionRefusedError:
                return "refused"
        return "sent"

    assert alone(uid, work) == "refused"


def test_who_has_no_right_to_the_network_changes_nothing_of_it(uid: int) -> None:
    def work() -> list[str]:
        kernel.capset(0, 0)
        said = []
        for change in (lambda: take_all_addresses(socket.AF_INET), lambda: redirect(redirection(_PORT))):
            try:
                change()
            except PermissionError:
                said.append("refused")
        return said

    assert alone(uid, work) == ["refused", "refused"]
