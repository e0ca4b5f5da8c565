"""Scripts that name proxies and have an address: fetched when a session opens, and kept."""

import dataclasses
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.core.limits import LIMITS
from ringfence.egress.messages import OpenSession, Refused, SessionOpened, Welcome
from ringfence.protocols.pac import PacQuestion

_SCRIPT = "function FindProxyForURL(url, host) { return 'DIRECT'; }"


def _answer(body: str, status: str = "200 OK", *, etag: str = "") -> bytes:
    more = f"ETag: {etag}\r\n" if etag else ""
    length = len(body.encode())
    return f"HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\n\r\n{body}".encode()


def _scene(folder: Path, port: int, *, more: str = "?of=us") -> Scene:
    where = f"https://localhost:{port}/proxy.pac{more}"
    upstream = f'upstream: [{{host: "*", pac: "{where}", ca: {folder}/ca.pem}}]'
    return Scene(folder, policy(folder=folder, network="{host: '*.corp.test'}", egress=upstream))


async def _opened(scene: Scene, *, later: timedelta = timedelta()) -> SessionOpened | Refused:
    now = scene.house().now
    scene.broker.core.house = dataclasses.replace(scene.broker.house, now=lambda: now() + later)
    asked = OpenSession(session="s1", agent="claude", folder=str(scene.folder / "tree"))
    answer, _ = await scene.broker.daemon_asks(asked, ())
    assert isinstance(answer, SessionOpened | Refused)
    return answer


def _told(answer: SessionOpened | Refused) -> tuple[str, ...]:
    assert isinstance(answer, SessionOpened), answer
    return answer.told


def _handler(serving: dict[str, bytes]) -> Callable[[bytes], bytes]:
    return lambda _request: serving["now"]


def test_a_script_is_fetched_when_a_session_opens_and_asked_about_hosts(tmp_path: Path) -> None:
    questions: list[PacQuestion] = []

    def asked(question: PacQuestion) -> str:
        questions.append(question)
        return "PROXY 127.0.0.1:1"

    async def act(scene: Scene) -> None:
        assert _told(await _opened(scene)) == ()
        scene.broker.core.house = dataclasses.replace(scene.broker.house, ask_pac=asked)
        for _ in range(2):
            welcome, _ = await scene.arrive("a.corp.test", 80, tls=False)
            assert isinstance(welcome, Welcome), welcome
            refused, _ = await scene.exchange(welcome.connection, request(headers={"Host": "a.corp.test"}))
            assert isinstance(refused, Refused)
            assert refused.what == "127.0.0.1:1 cannot be reached: Connection refused"

    with server(tmp_path, lambda _request: _answer(_SCRIPT), host="localhost") as here:
        _scene(tmp_path, here.port).play(act)
        (asked_for,) = here.requests
        lines = asked_for.decode().split("\r\n")
        assert lines == [
            "GET /proxy.pac?of=us HTTP/1.1",
            f"Host: localhost:{here.port}",
            "Accept: */*",
            "",
            "",
        ]
    assert questions == [
        PacQuestion(script=_SCRIPT, url="http://a.corp.test:80/", host="a.corp.test", address="")
    ]


def test_it_is_asked_for_again_after_some_minutes_and_only_whether_it_is_still_the_same(
    tmp_path: Path,
) -> None:
    serving = {"now": _answer(_SCRIPT, etag='"one"')}

    async def act(scene: Scene) -> None:
        for later, asked, text in (
            (0, 1, _SCRIPT),
            (LIMITS.pac_fresh_s - 60, 1, _SCRIPT),
            (LIMITS.pac_fresh_s + 60, 2, _SCRIPT),
            (LIMITS.pac_fresh_s * 2, 2, _SCRIPT),
            (LIMITS.pac_fresh_s * 3, 3, f"// newer\n{_SCRIPT}"),
        ):
            if asked == 3:
                serving["now"] = _answer(f"\ufeff{text}", etag='"two"')
            assert _told(await _opened(scene, later=timedelta(seconds=later))) == ()
            (script,) = scene.broker.core.scripts.values()
            assert (len(here.requests), script.text) == (asked, text)
            serving["now"] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
        assert [b'If-None-Match: "one"' in each for each in here.requests] == [False, True, True]

    with server(tmp_path, _handler(serving), host="localhost") as here:
        _scene(tmp_path, here.port).play(act)


def test_the_kept_one_serves_for_days_where_its_server_is_down_and_that_is_told(tmp_path: Path) -> None:
    async def fetched(scene: Scene) -> None:
        assert _told(await _opened(scene)) == ()
        (before,) = scene.broker.core.scripts.values()
        made.append(before.at)

    async def kept(scene: Scene) -> None:
        days = LIMITS.pac_kept_s // 86_400
        (told,) = _told(await _opened(scene, later=timedelta(days=days - 1)))
        assert told.startswith(
            f"the proxy's script at localhost is not to be had: localhost:{here.port} cannot be reached: "
            "Connection refused; the one of 20"
        )
        assert told.endswith(" UTC is used")
        (script,) = scene.broker.core.scripts.values()
        assert (script.text, script.at) == (_SCRIPT, made[0])
        refused = await _opened(scene, later=timedelta(days=days + 1))
        assert refused == Refused(
            what=told.partition(";")[0],
            hint="is it reached from here? `pac` of `egress: {upstream}` may name a file instead",
        )

    made: list[int] = []
    with server(tmp_path, lambda _request: _answer(_SCRIPT), host="localhost") as here:
        _scene(tmp_path, here.port).play(fetched)
    _scene(tmp_path, here.port).play(kept)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_answer("<html>Sign in</html>"), "what its server answers is no script"),
        (_answer("", "302 Found"), "its server answers 302"),
        (_answer("", "304 Not Modified"), "its server answers 304"),
        (_answer("no such page", "404 Not Found"), "its server answers 404"),
        (_answer(_SCRIPT).replace(b": 56", b": 99"), "a body is cut short"),
        (b"NONSENSE\r\n\r\n", "the host's answer is malformed: "),
        (b"", "the host closed without an answer"),
    ],
)
def test_without_a_script_no_session_opens(tmp_path: Path, answer: bytes, why: str) -> None:
    async def act(scene: Scene) -> None:
        refused = await _opened(scene)
        assert isinstance(refused, Refused)
        assert refused.what.startswith(f"the proxy's script at localhost is not to be had: {why}")
        assert (scene.broker.core.sessions, scene.broker.core.scripts) == ({}, {})

    def talk(tls: ssl.SSLSocket) -> None:
        tls.recv(65536)
        tls.sendall(answer)

    with server(tmp_path, host="localhost", talk=talk) as here:
        _scene(tmp_path, here.port).play(act)


def test_a_page_in_its_place_does_not_replace_the_kept_one(tmp_path: Path) -> None:
    serving = {"now": _answer(_SCRIPT)}

    async def act(scene: Scene) -> None:
        assert _told(await _opened(scene)) == ()
        serving["now"] = _answer("<html>Sign in</html>")
        (told,) = _told(await _opened(scene, later=timedelta(hours=1)))
        assert "what its server answers is no script; the one of " in told
        (script,) = scene.broker.core.scripts.values()
        assert script.text == _SCRIPT

    with server(tmp_path, _handler(serving), host="localhost") as here:
        _scene(tmp_path, here.port).play(act)


def test_whoever_has_no_certificate_of_the_policy_s_authority_names_no_proxy(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        refused = await _opened(scene)
        assert isinstance(refused, Refused)
        assert "the certificate of localhost is not good" in refused.what
        assert here.requests == []

    (other := tmp_path / "other").mkdir()
    with server(other, lambda _request: _answer(_SCRIPT), host="localhost") as here, server(tmp_path):
        _scene(tmp_path, here.port).play(act)


def test_a_kept_one_that_others_could_have_written_or_that_is_damaged_is_none(tmp_path: Path) -> None:
    async def fetched(scene: Scene) -> None:
        assert _told(await _opened(scene)) == ()

    async def none(scene: Scene) -> None:
        assert isinstance(await _opened(scene), Refused)

    with server(tmp_path, lambda _request: _answer(_SCRIPT), host="localhost") as here:
        _scene(tmp_path, here.port).play(fetched)
    (kept,) = (tmp_path / "state").glob("proxy-script-*.json")
    good = kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_bytes(good[:-1])
    _scene(tmp_path, here.port).play(none)
    kept.write_bytes(good)
    kept.chmod(0o666)
    _scene(tmp_path, here.port).play(none)
    kept.chmod(0o600)

    async def told(scene: Scene) -> None:
        assert len(_told(await _opened(scene, later=timedelta(hours=1)))) == 1

    _scene(tmp_path, here.port).play(told)
