import json
from pathlib import Path

from broker_scene import Scene, authority, policy, request, server
from ringfence.egress.messages import Refused
from ringfence.egress.sealed_frames import SealedHead

ACCESS = "at-0123456789abcdefghijklmnop"
NEXT = "1//0gAnotherRefreshTokenXyz987654"


def test_a_token_is_got_outside_and_used_for_several_requests(tmp_path: Path) -> None:
    def handler(asked: bytes) -> bytes:
        if asked.startswith(b"POST /oauth/token"):
            body = json.dumps(
                {"access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600, "refresh_token": NEXT}
            )
        else:
            body = asked.decode("latin-1")
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode("latin-1")

    ca = authority()
    with (
        server(tmp_path, handler, ca=ca) as host,
        server(tmp_path, handler, host="auth.example.com", ca=ca) as auth,
    ):
        leads = (("api.example.com", host.port), ("auth.example.com", auth.port))
        text = policy(
            *leads,
            folder=tmp_path,
            network="{host: api.example.com}",
            credentials="{name: one, host: api.example.com}",
        )
        scene = Scene(tmp_path, text)
        scene.keep("oauth", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            given = scene.broker.core.sessions["s1"].given["one"]
            connection = await scene.connection()
            for _ in range(2):
                asked = request(headers={"Authorization": f"Bearer {given['access_token']}"})
                head, body = await scene.exchange(connection, asked)
                assert isinstance(head, SealedHead), head
                assert given["access_token"].encode() in body
                assert ACCESS.encode() not in body
            refused, _ = await scene.exchange(
                connection, request(headers={"Authorization": f"Bearer {given['refresh_token']}"})
            )
            assert isinstance(refused, Refused)

        scene.play(act)
        assert len(auth.requests) == 1
        assert [ACCESS.encode() in each for each in host.requests] == [True, True]
        assert scene.rotated == [("one", NEXT.encode())]


def test_a_program_that_refreshes_itself_gets_placeholders(tmp_path: Path) -> None:
    def handler(asked: bytes) -> bytes:
        body = json.dumps({"access_token": ACCESS, "token_type": "Bearer", "refresh_token": NEXT})
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    with server(tmp_path, handler, host="auth.example.com") as auth:
        text = policy(
            ("auth.example.com", auth.port),
            folder=tmp_path,
            network="{host: auth.example.com}",
            credentials="{name: one, host: '*'}",
        )
        scene = Scene(tmp_path, text)
        scene.keep("oauth", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            given = scene.broker.core.sessions["s1"].given["one"]
            connection = await scene.connection("auth.example.com")
            asked = request(
                "/oauth/token",
                "POST",
                json.dumps({"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}).encode(),
                headers={"Content-Type": "application/json"},
            )
            head, body = await scene.exchange(connection, asked)
            assert isinstance(head, SealedHead), head
            answer = json.loads(body)
            assert answer["access_token"] == given["access_token"]
            assert NEXT.encode() not in body
            assert ACCESS.encode() not in body

        scene.play(act)
        assert b"1//0gRefreshTokenAbc123456789" in auth.requests[0]
