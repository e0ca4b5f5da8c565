import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from doors import door_in
from ringfence.core.actions import HostConnect
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.addresses import Address
from ringfence.egress.broker.dialing import AddressRefused, Dialer, NotReached, Resolve, Way, resolved
from ringfence.egress.broker.tunnels import Via
from ringfence.gate.door import Door
from ringfence.gate.seals import ReceiptRefused

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return door_in(tmp_path)


def _leads(*addresses: str) -> Resolve:
    async def resolve(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address(each) for each in addresses]

    return resolve


def _dialled(door: Door, way: Way, resolve: Resolve = resolved, *, timeout_s: float = 5) -> tuple[str, int]:
    """Where it is connected to."""
    receipt = door.pass_(HostConnect(host="a.example.com", port=way.port))
    assert isinstance(receipt, Receipt)

    async def dial() -> tuple[str, int]:
        with await Dialer(seals=door.seals, resolve=resolve, timeout_s=timeout_s).dial(receipt, way) as out:
            name: tuple[str, int] = out.getpeername()[:2]
            return name

    return asyncio.run(dial())


def test_the_first_address_that_answers_is_taken(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        way = Way(host="a.example.com", port=port, named=LOOPBACK)
        found = _dialled(door, way, _leads("127.0.0.2", "::1", "127.0.0.1"))
        assert found == ("127.0.0.1", port)


def test_where_the_policy_leads_no_address_is_judged(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        to = ("127.0.0.1", listener.getsockname()[1])
        assert _dialled(door, Way(host="a.example.com", port=443, to=to)) == to
        assert _dialled(door, Way(host="a.example.com", port=443, to=("localhost", to[1]))) == to


def test_this_machines_own_addresses_are_refused_although_they_are_of_the_internet(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made one of the internet's: what is judged private is looked past."""
    monkeypatch.setattr("ringfence.egress.broker.dialing.refusal", lambda _address, _named: None)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(AddressRefused) as refused:
        _dialled(door, Way(host="a.example.com", port=listener.getsockname()[1]), _leads("127.0.0.1"))
    assert "it is this machine itself" in refused.value.what


def test_localhost_is_this_machine_whoever_would_say_otherwise(door: Door) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        way = Way(host="a.example.com", port=443, to=("localhost", port))
        assert _dialled(door, way, _leads("203.0.113.7")) == ("::1", port)


def _at_once(door: Door, way: Way) -> tuple[str, int] | None:
    """Where it is connected to; None where somebody would have to wait."""
    receipt = door.pass_(HostConnect(host="a.example.com", port=way.port))
    assert isinstance(receipt, Receipt)
    out = Dialer(seals=door.seals, resolve=_leads("127.0.0.1")).dial_at_once(receipt, way)
    if out is None:
        return None
    with out:
        name: tuple[str, int] = out.getpeername()[:2]
        return name


def test_what_listens_on_this_machine_is_connected_to_at_once(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            assert _at_once(door, Way(host="a.example.com", port=443, to=(host, port))) == ("127.0.0.1", port)


def test_nobody_is_waited_for_at_once(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            assert _at_once(door, Way(host="a.example.com", port=443, to=("127.0.0.1", port))) is None
    assert _at_once(door, Way(host="a.example.com", port=443, to=("127.0.0.1", port))) is None
    assert _at_once(door, Way(host="a.example.com", port=443, to=("b.example.com", port))) is None
    assert _at_once(door, Way(host="a.example.com", port=443, to=("192.0.2.1", port))) is None
    via = Via(host="127.0.0.1", port=port, context=None, login=_nothing, keep=lambda _task: None)
    assert _at_once(door, Way(host="a.example.com", port=443, to=("127.0.0.1", port), via=via)) is None


async def _nothing() -> None:
    return None


def test_what_is_connected_to_at_once_is_judged_as_ever(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        receipt = door.pass_(HostConnect(host="127.0.0.1", port=port), uses=2)
        assert isinstance(receipt, Receipt)
        dialer = Dialer(seals=door.seals, resolve=_leads())
        with pytest.raises(AddressRefused, match="this machine itself"):
            dialer.dial_at_once(receipt, Way(host="127.0.0.1", port=port))
        with pytest.raises(AddressRefused, match="not the host that was decided"):
            dialer.dial_at_once(receipt, Way(host="127.0.0.2", port=port, named=LOOPBACK))
        way = Way(host="127.0.0.1", port=port, named=LOOPBACK)
        made = dialer.dial_at_once(receipt, way)
        assert made is not None
        made.close()
        with pytest.raises(ReceiptRefused):
            dialer.dial_at_once(receipt, way)


@pytest.mark.parametrize(("host", "port"), [("b.example.com", 443), ("a.example.com", 444)])
def test_a_receipt_is_for_one_host_and_port(door: Door, host: str, port: int) -> None:
    receipt = door.pass_(HostConnect(host="a.example.com", port=443))
    assert isinstance(receipt, Receipt)
    dialer = Dialer(seals=door.seals, resolve=_leads("127.0.0.1"))
    with pytest.raises(AddressRefused):
        dialer.dial(receipt, Way(host=host, port=port, to=("127.0.0.1", 1)))
    with pytest.raises(ReceiptRefused):
        dialer.dial(receipt, Way(host="a.example.com", port=443))


def test_nobody_there_is_said(door: Door) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        way = Way(host="a.example.com", port=443, to=("127.0.0.1", closed.getsockname()[1]))
        with pytest.raises(NotReached, match="cannot be reached") as error:
            _dialled(door, way)
        assert not error.value.is_slow
    with pytest.raises(NotReached, match="has no address"):
        _dialled(door, Way(host="a.example.com", port=443), _leads())


def test_who_does_not_answer_is_waited_for_no_longer_than_the_limit(door: Door) -> None:
    async def never(_host: str, _port: int) -> Sequence[Address]:
        await asyncio.Event().wait()
        return ()

    with pytest.raises(NotReached, match="does not answer") as error:
        _dialled(door, Way(host="a.example.com", port=443), never, timeout_s=0.05)
    assert error.value.is_slow
