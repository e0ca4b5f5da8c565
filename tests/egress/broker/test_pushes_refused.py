"""A push that the policy refuses is answered as git tells its user."""

from pathlib import Path

from broker_scene import Scene, policy, request, server
from ringfence.egress.sealed_frames import SealedHead
from ringfence.ledger.events.decision_made import DecisionMade

_OLD, _NEW = b"1" * 40, b"2" * 40


def _line(text: bytes) -> bytes:
    return b"%04x%b" % (len(text) + 4, text)


def test_each_reference_is_answered_and_nothing_is_sent(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        network = "{host: api.example.com}"
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=network))
        command = _line(_OLD + b" " + _NEW + b" refs/heads/main\0 report-status agent=git/2") + b"0000"

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            asked = request(
                "/a/b.git/git-receive-pack",
                "POST",
                command + b"PACK",
                {"Content-Type": "application/x-git-receive-pack-request"},
            )
            head, body = await scene.exchange(connection, asked)
            assert isinstance(head, SealedHead), head
            assert (head.status, head.headers.one("content-type")) == (
                200,
                "application/x-git-receive-pack-result",
            )
            assert b"ng refs/heads/main git.push" in body
            assert b"which has no rule for it" in body

        scene.play(act)
        assert host.requests == []
        denied = [each for each in scene.recorded() if isinstance(each, DecisionMade) and not each.proceeds]
        assert [each.action["action"] for each in denied] == ["git.push"]
