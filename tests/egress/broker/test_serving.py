import asyncio
import contextlib
import dataclasses
import gzip
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from broker_scene import BrokenOff, Scene, authority, policy, request, server, stream
from ringfence.core.labels import Integrity
from ringfence.egress.channel import Channel
from ringfence.egress.messages import (
    CloseSession,
    Dial,
    Dialled,
    Done,
    Leg,
    Manner,
    NewProxy,
    OpenSession,
    Proceed,
    Refused,
    Revoke,
    Tell,
    Trouble,
    Welcome,
)
from ringfence.egress.sealed_frames import SealedHead
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.events.session_lowered import SessionLowered
from vaults import TOKEN

WHOLE = "{host: api.example.com}"
NARROW = "{host: api.example.com, paths: ['/a/**']}"
ONE = "{name: one, host: api.example.com}"


def _placeholder(scene: Scene, part: str = "token", session: str = "s1") -> str:
    return scene.broker.core.sessions[session].given["one"][part]


def _bearer(scene: Scene) -> dict[str, str]:
    return {"Authorization": f"Bearer {_placeholder(scene)}"}


def test_a_request_goes_out_with_the_secret_and_its_answer_comes_back_without(tmp_path: Path) -> None:
    def echo(asked: bytes) -> bytes:
        seen = asked.split(b"Authorization: ")[1].split(b"\r\n")[0]
        return b"HTTP/1.1 200 OK\r\nX-Seen: %b\r\nContent-Length: %d\r\n\r\n%b" % (seen, len(asked), asked)

    with server(tmp_path, echo) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=NARROW, credentials=ONE)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            opened = await scene.open()
            assert opened.credentials == ("one",)
            placeholder = _placeholder(scene)
            connection = await scene.connection()
            head, body = await scene.exchange(connection, request("/a/b?c=d", headers=_bearer(scene)))
            assert isinstance(head, SealedHead), head
            assert (head.status, head.length) == (200, None)
            assert head.headers.one("X-Seen") == f"Bearer {placeholder}"
            assert f"Authorization: Bearer {placeholder}".encode() in body
            assert TOKEN.encode() not in body
            assert placeholder != TOKEN

        scene.play(act)
        assert host.requests == [
            b"GET /a/b?c=d HTTP/1.1\r\nHost: api.example.com\r\n"
            b"Authorization: Bearer " + TOKEN.encode() + b"\r\nAccept-Encoding: identity\r\n\r\n"
        ]
        assert TOKEN not in repr(scene.recorded())


def test_a_host_that_is_granted_as_a_whole_is_dialled_for_the_proxy(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE))

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            answer, fds = await scene.ask(connection, request("/a"))
            assert isinstance(answer, Proceed)
            assert (answer.leg, fds) == (Leg.PLAIN, [])
            dialled, (fd,) = await scene.proxy.ask(Dial(connection=connection))
            ca = (tmp_path / "ca.pem").read_text()
            assert dialled == Dialled(tls=True, server_name="api.example.com", ca_pem=ca)
            with socket.socket(fileno=fd) as out:
                assert out.getpeername() == ("127.0.0.1", host.port)

        scene.play(act)


@pytest.mark.parametrize(
    "more",
    [
        "    claude-2:\n      network: []",
        "      tools: [{server: api.example.com/mcp, then: deny}]",
        "      git: {push: [{host: api.example.com, repository: /a/b, ref: main, then: deny}]}",
    ],
    ids=["as it is", "a tool is refused", "a push is refused"],
)
def test_a_host_where_anything_is_refused_is_not_granted_as_a_whole(tmp_path: Path, more: str) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE, more=more)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            answer, fds = await scene.ask(await scene.connection(), request("/a"))
            assert isinstance(answer, Proceed)
            assert answer.leg is (Leg.PLAIN if "claude-2" in more else Leg.SEALED)
            for fd in fds:
                os.close(fd)

        scene.play(act)


def test_what_no_rule_lets_is_refused_with_the_reason_and_recorded(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=NARROW))

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            refused, _ = await scene.exchange(connection, request("/b"))
            assert isinstance(refused, Refused)
            assert refused.status == 403
            assert "GET api.example.com/b" in refused.what
            assert "section agents, which has no rule for it" in refused.what
            other, _ = await scene.arrive("evil.example.com")
            assert isinstance(other, Refused)

        scene.play(act)
        assert host.requests == []
        denied = [each for each in scene.recorded() if isinstance(each, DecisionMade) and not each.proceeds]
        assert [each.action["action"] for each in denied] == ["http.request", "host.connect"]


def test_a_refusal_looks_as_its_rule_says(tmp_path: Path) -> None:
    network = WHOLE + ", {host: api.example.com, paths: ['/b'], then: deny, refused_as: empty}"
    scene = Scene(tmp_path, policy(folder=tmp_path, network=network))

    async def act(scene: Scene) -> None:
        await scene.open()
        refused, _ = await scene.exchange(await scene.connection(), request("/b"))
        assert isinstance(refused, Refused)
        assert refused.manner is Manner.EMPTY

    scene.play(act)


def test_nobody_is_answered_who_names_no_session_or_connection(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network=WHOLE))

    async def act(scene: Scene) -> None:
        for answer in (
            (await scene.arrive(session="other"))[0],
            (await scene.ask(7, request()))[0],
            (await scene.proxy.ask(Dial(connection=7)))[0],
            (await scene.proxy.ask(OpenSession(session="s1", agent="claude", folder="/")))[0],
        ):
            assert isinstance(answer, Refused)
            assert answer.status == 400

    scene.play(act)
    assert scene.recorded() == []


def test_what_the_session_reads_lowers_it_before_the_first_byte(tmp_path: Path) -> None:
    origins = "origins: [{host: good.example.com, integrity: user}]"
    network = "{host: api.example.com}, {host: good.example.com}"
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=network, egress=origins)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            session = scene.broker.core.sessions["s1"]
            await scene.ask(await scene.connection("good.example.com"), request())
            assert session.label.integrity is Integrity.USER
            assert not any(isinstance(each, SessionLowered) for each in scene.recorded())
            answer, _ = await scene.ask(await scene.connection(), request())
            assert isinstance(answer, Proceed)
            assert session.label.integrity is Integrity.UNTRUSTED
            lowered = [each for each in scene.recorded() if isinstance(each, SessionLowered)]
            assert lowered == [
                SessionLowered(
                    session="s1", integrity="untrusted", sensitivity="public", by=foreign("api.example.com")
                )
            ]
            again = await scene.open()
            assert again.hosts == 2
            assert scene.broker.core.sessions["s1"].label.integrity is Integrity.UNTRUSTED

        scene.play(act)


def test_a_request_in_flight_ends_when_the_policy_changes(tmp_path: Path) -> None:
    with server(tmp_path, lambda _request: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart") as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=NARROW)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            proceed, (fd,) = await scene.ask(connection, request("/a/b"))
            assert isinstance(proceed, Proceed)
            answering = asyncio.create_task(stream(fd))
            scene.write_policy(text.replace("/a/**", "/c/**"))
            await scene.revokes.wait()
            assert scene.revoked == [
                Revoke(connection=connection, exchange=proceed.exchange, what="the policy has changed")
            ]
            with pytest.raises((BrokenOff, ConnectionError)):
                await answering

        scene.play(act)


def test_a_connection_that_the_proxy_has_ends_when_the_policy_changes(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=WHOLE)
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            await scene.ask(connection, request("/a/b"))
            _, (fd,) = await scene.proxy.ask(Dial(connection=connection))
            scene.write_policy(text.replace(WHOLE, NARROW))
            await scene.revokes.wait()
            assert scene.revoked == [
                Revoke(connection=connection, exchange=None, what="the policy has changed")
            ]
            with socket.socket(fileno=fd) as out:  # the proxy still has it, and it leads nowhere
                try:
                    came = out.recv(1)
                except ConnectionResetError:  # as the host says it that had not read all
                    came = b""
                assert came == b""

        scene.play(act)


def test_an_answer_that_breaks_off_is_broken_off(tmp_path: Path) -> None:
    def talk(tls: ssl.SSLSocket) -> None:
        tls.recv(65536)
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")

    with server(tmp_path, talk=talk) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=NARROW))

        async def act(scene: Scene) -> None:
            await scene.open()
            with pytest.raises((BrokenOff, ConnectionError)):
                await scene.exchange(await scene.connection(), request("/a/b"))

        scene.play(act)


def test_a_host_with_a_bad_certificate_gets_nothing(tmp_path: Path) -> None:
    with server(tmp_path, host="other.example.com") as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=NARROW, credentials=ONE)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            refused, _ = await scene.exchange(
                await scene.connection(), request("/a/b", headers=_bearer(scene))
            )
            assert isinstance(refused, Refused)
            assert refused.status == 502
            assert "certificate of api.example.com is not good" in refused.what

        scene.play(act)
        assert host.requests == []
        told = [each for each in scene.recorded() if isinstance(each, EgressRefused)]
        assert [(each.trouble, each.host) for each in told] == [("upstream", foreign("api.example.com"))]


def test_an_answer_is_decoded_and_cleaned(tmp_path: Path) -> None:
    packed = gzip.compress(b"you sent " + TOKEN.encode() + b" to us")
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with server(tmp_path, lambda _request: answer + packed) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=NARROW, credentials=ONE)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            headers = {**_bearer(scene), "Range": "bytes=3-", "Accept-Encoding": "gzip, br"}
            head, body = await scene.exchange(connection, request("/a/b", headers=headers))
            assert isinstance(head, SealedHead)
            assert head.headers.items == ()
            assert body == b"you sent " + _placeholder(scene).encode() + b" to us"

        scene.play(act)
        assert b"Range" not in host.requests[0]
        assert b"Accept-Encoding: identity" in host.requests[0]


def test_a_body_is_passed_on_as_it_comes(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        network = "{host: api.example.com, methods: [POST]}"
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=network))

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            asked = request("/a", "POST", b"one ", {"Content-Type": "application/octet-stream"})
            for length, pieces in ((11, [b"two ", b"six"]), (None, [b"two"])):
                streamed = dataclasses.replace(asked, is_whole=False, length=length)
                head, body = await scene.exchange(connection, streamed, pieces)
                assert isinstance(head, SealedHead), head
                assert (head.status, head.length, body) == (200, 2, b"ok")

        scene.play(act)
        sent = [each.partition(b"\r\n\r\n") for each in host.requests]
        assert [(b"Content-Length: 11" in head, body) for head, _, body in sent] == [
            (True, b"one two six"),
            (False, b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"),
        ]
        assert host.connections == 1  # kept for the second


def test_a_kept_connection_that_was_closed_is_no_problem_of_the_client(tmp_path: Path) -> None:
    answers = iter([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", b""])

    def talk(tls: ssl.SSLSocket) -> None:
        while tls.recv(65536):
            answer = next(answers, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")
            if not answer:
                return
            tls.sendall(answer)

    with server(tmp_path, talk=talk) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=NARROW))

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            answers = [(await scene.exchange(connection, request("/a/b")))[1] for _ in range(2)]
            assert answers == [b"1", b"2"]

        scene.play(act)
        assert host.connections == 2


def test_an_answer_that_nobody_asked_for_answers_nobody(tmp_path: Path) -> None:
    """What comes behind an answer would be the next one's: of another request, perhaps another path."""
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with server(tmp_path, lambda _request: ok + ok.replace(b"ok", b"no")) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=NARROW))

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            answers = [(await scene.exchange(connection, request("/a/b")))[1] for _ in range(2)]
            assert answers == [b"ok", b"ok"]

        scene.play(act)
        assert host.connections == 2


def test_an_answer_that_grows_beyond_all_measure_is_broken_off(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(50_000_000))
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with server(tmp_path, lambda _request: answer + packed) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=NARROW))

        async def act(scene: Scene) -> None:
            await scene.open()
            with pytest.raises((BrokenOff, ConnectionError)):
                await scene.exchange(await scene.connection(), request("/a/b"))

        scene.play(act)
        (told,) = [each for each in scene.recorded() if isinstance(each, EgressRefused)]
        assert told.trouble == "upstream"


def test_connections_that_come_at_once_are_counted_together(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network=WHOLE, egress="connections: 2"))

    async def act(scene: Scene) -> None:
        await scene.open()
        answers = await asyncio.gather(*(scene.arrive() for _ in range(6)))
        assert sum(isinstance(each, Welcome) for each, _ in answers) == 2

    scene.play(act)


def test_an_exchange_that_the_proxy_gives_up_ends_at_the_host(tmp_path: Path) -> None:
    """A program that is gone is not answered by a model that thinks on."""
    ended = threading.Event()

    def talk(tls: ssl.SSLSocket) -> None:
        with contextlib.suppress(OSError):
            while tls.recv(65536):
                pass
        ended.set()

    with server(tmp_path, talk=talk) as host:
        scene = Scene(tmp_path, policy(("api.example.com", host.port), folder=tmp_path, network=NARROW))

        async def act(scene: Scene) -> None:
            await scene.open()
            proceed, (fd,) = await scene.ask(await scene.connection(), request("/a/b"))
            assert isinstance(proceed, Proceed)
            while not host.connections:
                await asyncio.sleep(0.01)
            scene.proxy.tell(Done(exchange=proceed.exchange))
            assert await asyncio.to_thread(ended.wait, 8)
            os.close(fd)

        scene.play(act)


def test_a_host_that_is_led_elsewhere_by_now_is_asked_there(tmp_path: Path) -> None:
    ca = authority()
    with server(tmp_path, ca=ca) as one, server(tmp_path, ca=ca) as other:
        texts = [
            policy(("api.example.com", each.port), folder=tmp_path, network=NARROW) for each in (one, other)
        ]
        scene = Scene(tmp_path, texts[0])

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            for text in texts:
                scene.write_policy(text)
                head, _ = await scene.exchange(connection, request("/a/b"))
                assert head.status == 200

        scene.play(act)
        assert (len(one.requests), len(other.requests)) == (1, 1)


def test_budgets_run_out(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        text = policy(
            ("api.example.com", host.port), folder=tmp_path, network=NARROW, egress="connections: 1"
        ).replace("1000000/minute", "2/minute")
        scene = Scene(tmp_path, text)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            second, _ = await scene.arrive()
            assert isinstance(second, Refused)
            assert (second.status, second.what) == (
                429,
                "the session's 1 connections at one time are used up",
            )
            answers = [(await scene.exchange(connection, request("/a/b")))[0] for _ in range(3)]
            assert [each.status for each in answers] == [200, 200, 429]
            scene.gone(connection)
            await scene.proxy.ask(Dial(connection=0))
            assert isinstance((await scene.arrive())[0], Welcome)

        scene.play(act)


def test_a_credentials_rate_is_counted(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        limited = "{name: one, host: api.example.com, rate: 1/hour}"
        text = policy(("api.example.com", host.port), folder=tmp_path, network=NARROW, credentials=limited)
        scene = Scene(tmp_path, text)
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            asked = request("/a/b", headers=_bearer(scene))
            answers = [(await scene.exchange(connection, asked))[0] for _ in range(2)]
            assert [each.status for each in answers] == [200, 429]

        scene.play(act)
        assert len(host.requests) == 1


def test_a_vault_that_nobody_opens_refuses_the_session(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network=WHOLE, credentials=ONE))
    scene.keep("bearer", "api.example.com")
    for key in (tmp_path / "state").glob("vault-*.key"):
        key.unlink()
    scene.vault._found.clear()

    async def act(scene: Scene) -> None:
        asked = OpenSession(session="s1", agent="claude", folder=str(tmp_path))
        answer, _ = await scene.broker.daemon_asks(asked, ())
        assert isinstance(answer, Refused)
        assert "the vault's key is not in" in answer.what

    scene.play(act)


def test_another_broker_goes_on_with_the_same_placeholders(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network=WHOLE, credentials=ONE))
    scene.keep("bearer", "api.example.com")

    async def act(scene: Scene) -> None:
        opened = await scene.open()
        assert (
            dict(opened.environment)
            == {
                "GH_TOKEN": _placeholder(scene),
                "GITHUB_TOKEN": _placeholder(scene),
            }
            or opened.environment == ()
        )
        assert TOKEN not in opened.state
        before = _placeholder(scene)
        await scene.broker.daemon_asks(CloseSession(session="s1"), ())
        again = await scene.open(state=opened.state)
        assert _placeholder(scene) == before
        assert again.state == opened.state

    scene.play(act)


def test_another_proxy_stands_in_for_one_that_has_gone(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network=WHOLE))

    async def act(scene: Scene) -> None:
        await scene.open()
        await scene.connection()
        ours, theirs = socket.socketpair()
        scene.proxy.close()
        await scene.broker.daemon_asks(NewProxy(session="s1"), (theirs.detach(),))
        scene.proxy = Channel(ours, scene._told)
        running = asyncio.create_task(scene.proxy.run())
        await scene.connection()
        assert len(scene.broker.core.connections) == 1
        scene.proxy.close()
        await running

    scene.play(act)


def test_what_the_proxy_refuses_is_recorded_once_and_counted(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(folder=tmp_path, network=WHOLE))

    async def act(scene: Scene) -> None:
        await scene.open()
        for _ in range(3):
            scene.proxy.tell(Tell(session="s1", trouble=Trouble.MISMATCH, host="a\x1b", what="SNI"))
        await scene.connection()
        await scene.broker.daemon_asks(CloseSession(session="s1"), ())

    scene.play(act)
    told = [each for each in scene.recorded() if isinstance(each, EgressRefused)]
    assert [(each.trouble, each.host, each.what, each.times) for each in told] == [
        ("mismatch", foreign("a\\x1b"), foreign("SNI"), 1),
        ("mismatch", foreign("a\\x1b"), foreign("SNI"), 2),
    ]
