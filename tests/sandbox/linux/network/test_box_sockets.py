"""What a box's programs dial, at the sockets that the supervisor has: as root and as an ordinary user."""

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import boxes
from ringfence.sandbox.box import Streams
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.messages import Failed, Message, Ready, Running, Sockets
from ringfence.sandbox.plan import Layer, Network, SocketKind
from ringfence.sandbox.supervising import Supervisor

USERS = ["ordinary", "root"] if os.geteuid() == 0 else ["ordinary"]
_CAUGHT = Network(ports=(5432,), catch_all=False)
_ALL = Network(ports=(5432,))
_IP_PKTINFO = 8
_DIAL = """
import socket, sys
for address, port in [(each.rsplit("|")[0], int(each.rsplit("|")[1])) for each in sys.argv[1:]]:
    try:
        with socket.create_connection((address, port), 20) as dialled:
            print(dialled.getpeername()[:2], dialled.recv(100).decode())
    except OSError as error:
        print(type(error).__name__)
"""
_ASK = """
import socket
asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asks.settimeout(20)
asks.connect(("9.9.9.9", 53))
asks.send(b"who?")
print(asks.recv(100).decode())
"""
_CONNECT = """
import socket
socket.create_connection(("203.0.113.7", 9999), 20).close()
"""
_BIND = """
import errno, socket, sys
for port in map(int, sys.argv[1:]):
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            own.bind(("127.0.0.1", port))
            own.listen()
            print(port, "bound")
        except OSError as error:
            print(port, errno.errorcode[error.errno])
"""


def python(code: str, *arguments: str) -> list[str]:
    return ["/usr/bin/python3", "-I", "-c", code, *arguments]


def no_redirection() -> None:
    """As in a kernel that has no nftables."""
    from ringfence.sandbox.linux.network import sockets

    def none(_port: int) -> None:
        raise OSError(errno.EPROTONOSUPPORT, "not in this kernel")

    sockets.redirect = none


def original(accepted: socket.socket) -> tuple[str, int]:
    if accepted.family == socket.AF_INET:
        found = accepted.getsockopt(socket.SOL_IP, 80, 16)
        return socket.inet_ntop(socket.AF_INET, found[4:8]), struct.unpack_from(">H", found, 2)[0]
    found = accepted.getsockopt(socket.IPPROTO_IPV6, 80, 28)
    return socket.inet_ntop(socket.AF_INET6, found[8:24]), struct.unpack_from(">H", found, 2)[0]


class Answering:
    """Takes a box's sockets, and once it runs answers `times` connections, each with where it came in."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.told: Sockets | None = None
        self.came: list[tuple[str, tuple[str, int]]] = []

    def said(self, _box: object, message: Message) -> None:
        if isinstance(message, Sockets):
            self.told = message
        if isinstance(message, Running) and self.told:
            self.answer()

    def answer(self) -> None:
        assert self.told
        listeners = {}
        for kind, _, fd in self.told.sockets:
            if kind in (SocketKind.PROXY, SocketKind.ANY, SocketKind.REDIRECTED, SocketKind.DNS_TCP):
                listeners[fd] = (kind, socket.socket(fileno=os.dup(fd)))
        for _ in range(self.times):
            ready, _, _ = select.select(list(listeners), [], [], boxes.PATIENCE_S)
            assert ready, f"nobody came after {self.came}"
            kind, listener = listeners[ready[0]]
            accepted, _ = listener.accept()
            with accepted:
                where = original(accepted) if kind is SocketKind.REDIRECTED else accepted.getsockname()[:2]
                self.came.append((kind.value, where))
                accepted.send(b"hello")
        for _, listener in listeners.values():
            listener.close()

    def close(self) -> None:
        for each in self.told.sockets if self.told else ():
            os.close(each.fd)


def dialled(
    user: str, wanted: Network, places: list[tuple[str, int]], *, without: tuple[Callable[[], None], ...] = ()
) -> tuple[bytes, list[tuple[str, tuple[str, int]]], Sockets]:
    """What a program that dials says, and where its connections came in."""
    answering = Answering(len(places))
    argv = python(_DIAL, *(f"{address}|{port}" for address, port in places))
    result = boxes.run(argv, user="", said=answering.said, network=wanted, without=without)
    answering.close()
    assert result.exit == 0, result
    assert answering.told
    return result.stdout, answering.came, answering.told


def as_(user: str, work: Callable[[], object]) -> object:
    """In a process of that user's, as descriptors have to stay in it."""
    return boxes.as_user(boxes.ORDINARY, work) if os.geteuid() == 0 and user == "ordinary" else work()


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("without", [(), (no_redirection,)], ids=["wanted so", "kernel without"])
def test_what_is_dialled_arrives_at_the_socket_of_its_port_and_says_the_address(
    user: str, without: tuple[Callable[[], None], ...]
) -> None:
    places = [("203.0.113.7", 443), ("2001:db8::7", 80), ("10.1.2.3", 5432), ("127.0.0.1", 3128)]
    wanted = _ALL if without else _CAUGHT
    shown, came, told = as_(user, partial(dialled, user, wanted, places, without=without))
    assert came == [("any", places[0]), ("any", places[1]), ("any", places[2]), ("proxy", places[3])]
    assert shown.decode().splitlines() == [f"{place} hello" for place in places]
    assert [(kind.value, port) for kind, port, _ in told.sockets] == [
        ("proxy", 3128),
        *[("any", 80), ("any", 443), ("any", 5432), ("dns-udp", 53), ("dns-tcp", 53)] * 2,
        ("diag", 0),
    ]
    assert not told.catches_all


@pytest.mark.parametrize("user", USERS)
def test_where_the_kernel_redirects_every_port_of_every_address_arrives(user: str) -> None:
    places = [("203.0.113.7", 443), ("203.0.113.7", 9999), ("2001:db8::7", 22), ("127.0.0.1", 3128)]
    _, came, told = as_(user, partial(dialled, user, _ALL, places))
    assert came == [*(("redirected", each) for each in places[:3]), ("proxy", places[3])]
    assert [(kind.value, port) for kind, port, _ in told.sockets] == [
        ("proxy", 3128),
        *[("redirected", 1023), ("dns-udp", 53), ("dns-tcp", 53)] * 2,
        ("diag", 0),
    ]
    assert told.catches_all


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("without", [(), (no_redirection,)], ids=["redirected", "kernel without"])
def test_ports_of_the_loopback_that_are_named_arrive_too(
    user: str, without: tuple[Callable[[], None], ...]
) -> None:
    places = [("127.0.0.1", 11434), ("::1", 11434), ("127.0.0.1", 11434)]
    wanted = Network(own_ports=(11434,))
    shown, came, _ = as_(user, partial(dialled, user, wanted, places, without=without))
    assert came == [("any", each) for each in places]
    assert shown.decode().splitlines() == [f"{place} hello" for place in places]


@pytest.mark.parametrize("user", USERS)
def test_a_question_to_any_server_is_answered_from_the_address_that_was_asked(user: str) -> None:
    told: list[Sockets] = []

    def said(_box: object, message: Message) -> None:
        if isinstance(message, Sockets):
            told.append(message)
        if isinstance(message, Running):
            fd = next(each.fd for each in told[0].sockets if each.kind is SocketKind.DNS_UDP)
            with socket.socket(fileno=os.dup(fd)) as dns:
                dns.settimeout(boxes.PATIENCE_S)
                data, beside, _, asker = dns.recvmsg(100, 100)
                (asked,) = [content[8:12] for _, kind, content in beside if kind == _IP_PKTINFO]
                told_back = data + b" " + socket.inet_ntoa(asked).encode()
                dns.sendmsg([told_back], [(socket.SOL_IP, _IP_PKTINFO, bytes(4) + asked * 2)], 0, asker)
            for each in told[0].sockets:
                os.close(each.fd)

    result = boxes.run(python(_ASK), user=user, said=said, network=_ALL)
    assert (result.exit, result.stdout) == (0, b"who? 9.9.9.9\n")


def supervised() -> tuple[list[str], bool, tuple[object, ...], tuple[str, int]]:
    """Which sockets a supervisor has, and where a connection came in at one of them."""
    with boxes.tree_of() as tree, boxes.launcher() as starts, Path("/dev/null").open("r+b") as null:
        plan = boxes.plan_for(tree=tree, network=_ALL)
        command = boxes.command_for(python(_CONNECT), tree=tree)
        streams = Streams(stdin=null.fileno(), stdout=null.fileno(), stderr=null.fileno())
        with boxes.start(starts, plan, command, streams) as box:
            supervisor = Supervisor(
                box, terminal=None, keys=False, machine=kernel.MACHINE, monotonic=time.monotonic
            )
            assert isinstance(supervisor.stand(), Ready)
            kinds, catches_all = [each.kind.value for each in supervisor.sockets], supervisor.catches_all
            fd = next(each.fd for each in supervisor.sockets if each.kind is SocketKind.REDIRECTED)
            with socket.socket(fileno=os.dup(fd)) as listener:
                assert supervisor.watch(wall_s=60).status == 0
                listener.settimeout(boxes.PATIENCE_S)
                accepted, _ = listener.accept()  # the kernel keeps it, though who dialled is gone
                with accepted:
                    return kinds, catches_all, supervisor.sockets, original(accepted)


@pytest.mark.parametrize("user", USERS)
def test_a_supervisor_has_the_sockets_until_its_box_has_ended(user: str) -> None:
    each_family = ["redirected", "dns-udp", "dns-tcp"]
    kinds = ["proxy", *each_family, *each_family, "diag"]
    assert as_(user, supervised) == (kinds, True, (), ("203.0.113.7", 9999))


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("wanted", [_ALL, _CAUGHT], ids=["redirected", "caught"])
def test_whoever_dials_is_refused_at_once_where_nobody_has_the_sockets(user: str, wanted: Network) -> None:
    def said(_box: object, message: Message) -> None:
        if isinstance(message, Sockets):
            for each in message.sockets:
                os.close(each.fd)

    places = ("203.0.113.7|443", "2001:db8::7|80", "127.0.0.1|3128")
    result = boxes.run(python(_DIAL, *places), user=user, said=said, network=wanted)
    assert result.stdout.splitlines() == [b"ConnectionRefusedError"] * 3


def ready(result: boxes.Result) -> dict[str, str]:
    (found,) = [each for each in result.messages if isinstance(each, Ready)]
    return {each.tried: each.result for each in found.proofs}


@pytest.mark.parametrize("user", USERS)
def test_the_box_has_none_of_its_sockets_and_proves_that_no_way_leads_out(user: str) -> None:
    result = boxes.run(["/bin/ls", "/proc/self/fd"], user=user, network=_ALL)
    assert result.stdout.split() == [b"0", b"1", b"2", b"3"]  # the last is the folder that is listed
    proofs = ready(result)
    assert proofs["reach another machine"] == "answered within"
    assert proofs["reach another machine by IPv6"] == "answered within"
    assert proofs["find an interface"] == "none"


@pytest.mark.parametrize("user", USERS)
def test_no_program_of_the_box_takes_the_place_of_a_socket(user: str) -> None:
    result = boxes.run(python(_BIND, "3128", "443", "5432", "8080"), user=user, network=_CAUGHT)
    assert result.stdout.splitlines() == [
        b"3128 EADDRINUSE",
        b"443 EACCES",
        b"5432 EADDRINUSE",
        b"8080 bound",
    ]


@pytest.mark.parametrize("user", USERS)
def test_a_box_without_a_network_says_nothing_of_sockets_and_reaches_nobody(user: str) -> None:
    result = boxes.run(python(_DIAL, "203.0.113.7|443", "127.0.0.1|3128"), user=user)
    assert not [each for each in result.messages if isinstance(each, Sockets)]
    assert result.stdout.splitlines() == [b"OSError", b"ConnectionRefusedError"]
    assert ready(result)["reach another machine"] == "ENETUNREACH"


def a_way_out() -> None:
    """As if another machine were reached: the addresses are there, and are not the box's own."""
    from ringfence.sandbox.linux.network import loopback

    loopback._TABLE_LOCAL, loopback._SCOPE_HOST, loopback._TYPE_LOCAL = 254, 253, 1  # main, link, unicast
    loopback._OWN = {
        socket.AF_INET: socket.inet_aton("127.9.9.9"),
        socket.AF_INET6: loopback._OWN[socket.AF_INET6],
    }


@pytest.mark.parametrize("user", USERS)
def test_a_way_out_keeps_the_command_from_starting(user: str) -> None:
    result = boxes.run(["/bin/echo", "started"], user=user, network=_ALL, without=(a_way_out,))
    failed = [each for each in result.messages if isinstance(each, Failed)]
    assert [(each.layer, each.errno, result.stdout) for each in failed] == [
        (Layer.NETWORK_NAMESPACE, 0, b"")
    ], result.messages
