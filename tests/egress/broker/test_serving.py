from pathlib import Path

from broker_scene import Scene, policy, request, server
from ringfence.egress.sealed_frames import SealedHead
from vaults import TOKEN


def test_a_request_goes_out_with_the_secret_and_its_answer_comes_back_without(tmp_path: Path) -> None:
    def echo(asked: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nX-Seen: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            asked.split(b"Authorization: ")[1].split(b"\r\n")[0],
            len(asked),
            asked,
        )

    with server(tmp_path, echo) as host:
        scene = Scene(
            tmp_path,
            policy(
                ("api.example.com", host.port),
                folder=tmp_path,
                network="{host: api.example.com, paths: ['/a/**']}",
                credentials="{name: one, host: api.example.com}",
            ),
        )
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            opened = await scene.open()
            assert opened.credentials == ("one",)
            placeholder = scene.broker.core.sessions["s1"].given["one"]["token"]
            connection = await scene.connection()
            asked = request("/a/b?c=d", headers={"Authorization": f"Bearer {placeholder}"})
            head, body = await scene.exchange(connection, asked)
            assert isinstance(head, SealedHead), head
            assert (head.status, head.length) == (200, None)
            assert head.headers.one("X-Seen") == f"Bearer {placeholder}"
            assert f"Authorization: Bearer {placeholder}".encode() in body
            assert TOKEN.encode() not in body
            assert placeholder != TOKEN

        scene.play(act)
        (sent,) = host.requests
        assert sent == (
            b"GET /a/b?c=d HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer "
            + TOKEN.encode()
            + b"\r\n"
            b"Accept-Encoding: identity\r\n\r\n"
        )
        assert TOKEN not in repr(scene.recorded())
