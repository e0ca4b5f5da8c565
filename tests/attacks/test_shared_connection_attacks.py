"""What one session made or learned is nothing to the next: neither connections, nor answers, nor names."""

from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.egress.proxy.names import Names
from ringfence.egress.sealed_frames import SealedHead

_POISONED = (
    b"HTTP/1.1 200 OK\r\nCache-Control: public, max-age=31536000, immutable\r\n"
    b"Content-Length: 8\r\n\r\npoisoned"
)
_FRESH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh"


@pytest.mark.parametrize(("is_shared", "connections"), [(False, 2), (True, 1)])
def test_a_session_s_connection_and_answers_are_its_own(
    tmp_path: Path, is_shared: bool, connections: int
) -> None:
    """A host may take all that comes by a connection for whoever logged in first there."""
    answers = iter([_POISONED, _FRESH])
    with server(tmp_path, lambda _request: next(answers)) as host:
        text = policy(
            ("api.example.com", host.port),
            folder=tmp_path,
            network="{host: api.example.com}",
            credentials="{name: one, host: api.example.com}",
        )
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            sessions = scene.broker.core.sessions
            for name, expected in (("s1", b"poisoned"), ("s2", b"fresh")):
                await scene.open(name)
                if is_shared:
                    sessions[name].pool = sessions["s1"].pool
                bearer = f"Bearer {sessions[name].given['one']['token']}"
                connection = await scene.connection(session=name)
                head, body = await scene.exchange(connection, request(headers={"Authorization": bearer}))
                assert isinstance(head, SealedHead)
                assert body == expected

        scene.play(act)
        assert (host.connections, len(host.requests)) == (connections, 2)


def test_an_address_means_what_its_own_session_asked_for() -> None:
    """With one table for all, the first to ask would choose what others' addresses mean."""
    ours, theirs = Names(), Names()
    address = ours.address("evil.example.com")
    assert theirs.meant(address) is None
    assert theirs.address("bank.example.com") == address
    assert (ours.meant(address), theirs.meant(address)) == ("evil.example.com", "bank.example.com")
