"""A name that leads to the attacker when it is judged, and into this machine when it is connected to."""

import dataclasses
import os
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from broker_scene import Scene, policy
from ringfence.egress.broker import dialing
from ringfence.egress.broker.dialing import Dialer
from ringfence.egress.messages import Dial, Refused, Welcome

_OUTSIDE, _WITHIN = IPv4Address("93.184.216.34"), IPv4Address("127.0.0.1")


async def _connected(address: IPv4Address, _port: int) -> socket.socket:
    """A socket that says where it leads: nothing here reaches the internet."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(str(address).encode())
    ours.setblocking(False)
    return ours


def _reached(folder: Path, answers: list[list[IPv4Address]]) -> tuple[list[str], int]:
    """Where a box's connections to one name end, and how often the name was asked for."""
    waiting, ends = iter(answers), []
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[IPv4Address]:
        asked.append(host)
        return next(waiting)

    scene = Scene(folder, policy(folder=folder, network="{host: rebinds.example.com}"))

    async def act(scene: Scene) -> None:
        house = scene.broker.house
        dialer = Dialer(seals=house.seals, resolve=resolve, timeout_s=5)
        scene.broker.core.house = dataclasses.replace(house, dialer=dialer)
        await scene.open()
        for _ in answers:
            welcome, _ = await scene.arrive("rebinds.example.com", 80, tls=False)
            assert isinstance(welcome, Welcome)
            answer, fds = await scene.proxy.ask(Dial(connection=welcome.connection))
            ends.append("refused" if isinstance(answer, Refused) else os.read(fds[0], 99).decode())
            for fd in fds:
                os.close(fd)

    scene.play(act)
    return ends, len(asked)


@pytest.mark.parametrize("is_defended", [True, False])
def test_each_connection_goes_where_its_own_answer_was_judged(
    tmp_path: Path, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialing, "_one", _connected)
    monkeypatch.setattr(dialing, "_is_ours", lambda *_: None)
    if not is_defended:
        monkeypatch.setattr(dialing, "refusal", lambda *_: None)
    ends, asked = _reached(tmp_path, [[_OUTSIDE], [_WITHIN], [_WITHIN, _OUTSIDE]])
    assert asked == 3, "once for each connection: what is judged is what is connected to"
    expected = ["refused", str(_OUTSIDE)] if is_defended else [str(_WITHIN), str(_WITHIN)]
    assert ends == [str(_OUTSIDE), *expected]
