"""Which hosts the proxy may dial before a program has asked them for anything."""

import socket
from contextlib import suppress
from pathlib import Path

from broker_scene import Scene, policy, request, server
from ringfence.egress.messages import Dial, Dialled, Refused, Welcome

_WHOLE = "{host: api.example.com}"
_NARROW = "{host: api.example.com, paths: ['/a/**']}"


def _aheads(scene: Scene, *, tls: bool = True) -> list[bool]:
    """Of two connections; after the first one, the host is dialled or asked."""
    found: list[bool] = []

    async def act(scene: Scene) -> None:
        await scene.open()
        for _ in range(2):
            answer, _ = await scene.arrive(tls=tls)
            assert isinstance(answer, Welcome)
            found.append(answer.ahead)
            await scene.ask(answer.connection, request("/a/b"))

    scene.play(act)
    return found


def test_a_host_is_dialled_ahead_once_reading_from_it_changes_nothing(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)
        assert _aheads(Scene(tmp_path, text)) == [False, True]


def test_a_host_whose_answers_are_good_is_dialled_ahead_at_once(tmp_path: Path) -> None:
    origins = "origins: [{host: api.example.com, integrity: user}]"
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE, egress=origins)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            answer, _ = await scene.arrive()
            assert isinstance(answer, Welcome)
            assert answer.ahead
            dialled, fds = await scene.broker.proxy_asks("s1", Dial(connection=1), ())
            assert isinstance(dialled, Dialled)
            assert len(fds) == 1

        scene.play(act)


def test_what_listens_on_this_machine_is_handed_over_with_the_first_answer(tmp_path: Path) -> None:
    origins = "origins: [{host: api.example.com, integrity: user}]"
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE, egress=origins)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            answer, (fd,) = await scene.arrive()
            assert isinstance(answer, Welcome)
            ca_pem = (tmp_path / "ca.pem").read_text()
            assert answer.dialled == Dialled(tls=True, server_name="api.example.com", ca_pem=ca_pem)
            with socket.socket(fileno=fd) as handed:
                assert handed.getpeername()[1] == host.port
                scene.write_policy(policy(("api.example.com", host.port), folder=tmp_path, network=_NARROW))
                await scene.arrive()
                assert scene.revoked[0].connection == answer.connection
                handed.setblocking(True)
                with suppress(ConnectionResetError):  # as the server takes it
                    assert handed.recv(1) == b""  # the broker has ended it

        scene.play(act)


def test_what_cannot_be_had_at_once_is_asked_for_and_told_then(tmp_path: Path) -> None:
    origins = "origins: [{host: api.example.com, integrity: user}]"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        to = ("api.example.com", closed.getsockname()[1])
        with server(tmp_path):
            text = policy(to, folder=tmp_path, network=_WHOLE, egress=origins)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            answer, fds = await scene.arrive()
            assert answer == Welcome(connection=1, ahead=True)
            assert list(fds) == []
            refused, _ = await scene.broker.proxy_asks("s1", Dial(connection=1), ())
            assert isinstance(refused, Refused)
            assert "cannot be reached" in refused.what
            (tmp_path / "ca.pem").unlink()  # whom to trust is known no more: that is no reason to refuse yet
            answer, fds = await scene.arrive()
            assert answer == Welcome(connection=2, ahead=True)
            assert list(fds) == []

        scene.play(act)


def test_a_host_whose_requests_are_decided_one_by_one_is_not(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_NARROW)
        assert _aheads(Scene(tmp_path, text)) == [False, False]


def test_a_host_that_the_vault_serves_is_not(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(
            ("api.example.com", host.port),
            folder=tmp_path,
            network=_WHOLE,
            credentials="{name: one, host: api.example.com}",
        )
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")
        assert _aheads(scene) == [False, False]


def test_a_host_without_tls_is_not(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=_WHOLE)
        assert _aheads(Scene(tmp_path, text), tls=False) == [False, False]
