"""A name of an attacker's own, behind a company's proxy that reaches what boxes may not."""

import dataclasses
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request
from ringfence.egress.broker.addresses import Address
from ringfence.egress.messages import Refused, Welcome
from upstream_proxy import upstream_proxy

_PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "private", ["10.0.0.1", "169.254.169.254", "127.0.0.1", "fd00::1", "::ffff:c0a8:101"]
)
@pytest.mark.parametrize("is_last", [True, False])
@pytest.mark.parametrize("tls", [True, False])
def test_a_name_with_a_private_address_beside_a_public_one_is_kept_from_the_proxy(
    tmp_path: Path, private: str, is_last: bool, tls: bool
) -> None:
    """The proxy resolves it once more and takes which one it likes."""

    async def resolve(_host: str, _port: int) -> Sequence[Address]:
        both = [ip_address(_PUBLIC), ip_address(private)]
        return both if is_last else both[::-1]

    async def act(scene: Scene) -> None:
        dialer = dataclasses.replace(scene.broker.house.dialer, resolve=resolve)
        scene.broker.core.house = dataclasses.replace(scene.broker.house, dialer=dialer)
        await scene.open()
        port = 443 if tls else 80
        welcome, _ = await scene.arrive("both.example.com", port, tls=tls)
        assert isinstance(welcome, Welcome), welcome
        answer, _ = await scene.exchange(welcome.connection, request(headers={"Host": "both.example.com"}))
        assert isinstance(answer, Refused)
        refused.append(answer.what)

    refused: list[str] = []
    with upstream_proxy({}) as proxied:
        upstream = f'upstream: [{{host: "*", proxy: "http://127.0.0.1:{proxied.port}"}}]'
        network = "{host: '*.example.com', methods: [GET]}"
        Scene(tmp_path, policy(folder=tmp_path, network=network, egress=upstream)).play(act)
    assert refused[0].startswith(f"both.example.com leads to {private}, where boxes do not go: it is ")
    assert proxied.asked == []
