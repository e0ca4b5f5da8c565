"""An attacker's own account at an allowed host, in an address that was signed beforehand."""

from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.egress.messages import Refused

_ADDRESSES = [
    "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAATTACKERS%2F20260101%2Fr%2Fs3&X-Amz-Signature=0a",
    "/b/k?AWSAccessKeyId=AKIAATTACKERS&Expires=1700000000&Signature=c2ln",
    "/b/k?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=a%40evil%2F20260101%2Fauto&X-Goog-Signature=0a",
    "/b/k?GoogleAccessId=a%40evil&Expires=1700000000&Signature=c2ln",
    "/b/k?sv=2024-05-04&sr=b&sp=w&se=2026-12-31&sig=c2ln",
    "/b/k?OSSAccessKeyId=attackers&Expires=1700000000&Signature=c2ln",
    "/b/k?x%2Damz-Credential=AKIAATTACKERS%2F20260101&X-Amz-Signature=0a",
    "/b/k?%58-Amz-Security-Token=attackers",
]


@pytest.mark.parametrize("is_defended", [True, False])
def test_it_is_no_way_out_where_the_vault_serves_the_host(tmp_path: Path, is_defended: bool) -> None:
    """A host that nobody has a credential for is the layer taken away: there each of them arrives."""
    with server(tmp_path, host="store.example.com") as host:
        text = policy(
            ("store.example.com", host.port),
            folder=tmp_path,
            network="{host: store.example.com, paths: ['/b/**']}",
            credentials="{name: one, host: store.example.com}" if is_defended else "",
        )
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "store.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection("store.example.com")
            for each in _ADDRESSES:
                asked = request(each, "PUT", b"taken away", {"Host": "store.example.com"})
                answer, _ = await scene.exchange(connection, asked)
                assert isinstance(answer, Refused) is is_defended, (each, answer)
                if isinstance(answer, Refused):
                    assert "of the client's own" in answer.what, answer

        scene.play(act)
        assert len(host.requests) == (0 if is_defended else len(_ADDRESSES))
