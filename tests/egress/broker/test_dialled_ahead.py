"""Which hosts the proxy may dial before a program has asked them for anything."""

from pathlib import Path

from broker_scene import Scene, policy, request, server
from ringfence.egress.messages import Dial, Dialled, Welcome

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
            assert answer == Welcome(connection=1, ahead=True)
            dialled, fds = await scene.broker.proxy_asks("s1", Dial(connection=1), ())
            assert isinstance(dialled, Dialled)
            assert len(fds) == 1

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
