"""What a request costs, from the limit in a policy to what the ledger says that was spent."""

import gzip
import json
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from broker_scene import BrokenOff, Scene, policy, request, server
from ringfence.core.action_types import Durability
from ringfence.egress.messages import Ask, Refused
from ringfence.egress.sealed_frames import SealedHead
from ringfence.gate.hiding import foreign
from ringfence.ledger.events.spend_counted import SpendBasis, SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved

HOST = "api.example.com"
PRICES = """
prices:
  as_of: 2026-11-01
  hosts:
    - host: api.example.com
      paths: [/v1/messages, /v1/chat/completions, "/v1beta/models/*:generateContent"]
      free: /v1/messages/count_tokens
      models:
        - {model: small-*, input: 1, output: 5, cache_read: 0.1, cache_write: 2, most_output: 1000}
        - {model: large, input: 10, output: 50}
    - {host: api.example.com, paths: /told, told: true}
"""
USAGE = {"input_tokens": 100, "cache_read_input_tokens": 1000, "output_tokens": 20}
COST = 100 * 1 + 1000 // 10 + 20 * 5  # millionths of a dollar


def answer(body: bytes, kind: str = "application/json", status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def message(usage: Mapping[str, object] = USAGE, model: str = "small-1") -> bytes:
    return json.dumps({"type": "message", "model": model, "usage": usage}).encode()


def asked(
    body: object = None, *, path: str = "/v1/messages", headers: Mapping[str, str] | None = None
) -> Ask:
    said = {"model": "small-1", "max_tokens": 10} if body is None else body
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    return request(path, "POST", data, {"Content-Type": "application/json", **(headers or {})})


def scene_of(folder: Path, port: int, *, spend: str = "5 USD/day", is_new: bool = True) -> Scene:
    one = f"{{name: one, host: {HOST}, id: key, spend: {spend}}}"
    text = policy((HOST, port), folder=folder, network=f"{{host: {HOST}}}", credentials=one)
    scene = Scene(folder, text + PRICES)
    if is_new:
        scene.keep("bearer", HOST)
    return scene


async def ask(scene: Scene, connection: int, said: Ask, session: str = "s1") -> "SealedHead | Refused":
    token = scene.broker.core.sessions[session].given["one"]["token"]
    items = (*said.head.headers.items, ("Authorization", f"Bearer {token}"))
    whole = request(said.head.target, said.head.method, said.body, dict(items))
    head, _ = await scene.exchange(connection, whole)
    return head


def play(
    folder: Path, handler: Callable[[bytes], bytes], *asks: Ask, spend: str = "5 USD/day"
) -> "tuple[list[object], list[SealedHead | Refused]]":
    """What was recorded of money, and what came of each request."""
    came: list[SealedHead | Refused] = []
    with server(folder, handler) as host:
        scene = scene_of(folder, host.port, spend=spend)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            came.extend([await ask(scene, connection, each) for each in asks])

        scene.play(act)
    return [each for each in scene.recorded() if isinstance(each, SpendReserved | SpendCounted)], came


def counted(events: list[object]) -> SpendCounted:
    (found,) = [each for each in events if isinstance(each, SpendCounted)]
    return found


def test_what_an_answer_used_is_spent_and_recorded(tmp_path: Path) -> None:
    events, came = play(tmp_path, lambda _asked: answer(message()), asked())
    assert isinstance(came[0], SealedHead)
    body = asked().body
    reserved, spent = events
    about = {"session": "s1", "agent": "claude", "rules": ("key",), "host": foreign(HOST)}
    assert reserved == SpendReserved(**about, model=foreign("small-1"), usd_micro=len(body) * 2 + 10 * 5)
    assert isinstance(spent, SpendCounted)
    assert spent.reserved > 0
    assert spent == SpendCounted(
        **about,
        reserved=spent.reserved,
        model=foreign("small-1"),
        basis=SpendBasis.USAGE,
        input_tokens=1100,
        output_tokens=20,
        usd_micro=COST,
        prices_of="2026-11-01",
    )


def test_the_request_that_reaches_the_limit_is_answered_and_the_next_one_is_not(tmp_path: Path) -> None:
    limit = f"{2 * COST / 1_000_000:f} USD/day"
    _, came = play(tmp_path, lambda _asked: answer(message()), asked(), asked(), asked(), spend=limit)
    assert [isinstance(each, SealedHead) for each in came] == [True, True, False]
    refused = came[2]
    assert isinstance(refused, Refused)
    assert refused.status == 429
    assert refused.what == (
        "the policy grants 0.0006 USD for each day, and 0.0006 USD are spent by list prices"
    )


STREAM = (
    b'event: message_start\ndata: {"type": "message_start", "message": {"model": "small-1", "usage": '
    b'{"input_tokens": 100, "cache_read_input_tokens": 1000, "output_tokens": 1}}}\n\n'
    b'event: message_delta\r\ndata: {"type": "message_delta", "usage": {"output_tokens": 20}}\r\n\r\n'
    b'data: {"type": "message_stop"}\n\n'
)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_streams_are_read_along_whatever_their_coding(tmp_path: Path, coding: str) -> None:
    body = gzip.compress(STREAM) if coding else STREAM
    more = f"Content-Encoding: {coding}\r\n" if coding else ""
    events, _ = play(tmp_path, lambda _asked: answer(body, "text/event-stream", more=more), asked())
    assert (counted(events).basis, counted(events).usd_micro) == (SpendBasis.USAGE, COST)


def test_a_model_of_the_path_is_priced_by_it(tmp_path: Path) -> None:
    said = {"promptTokenCount": 100, "candidatesTokenCount": 5, "thoughtsTokenCount": 15}
    body = json.dumps({"modelVersion": "small-1", "usageMetadata": said}).encode()
    path = "/v1beta/models/small-1:generateContent"
    events, _ = play(tmp_path, lambda _asked: answer(body), asked({"contents": []}, path=path))
    assert counted(events).usd_micro == 100 + 20 * 5


def test_a_host_that_says_what_it_costs_is_believed(tmp_path: Path) -> None:
    body = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.0123}}).encode()
    events, _ = play(tmp_path, lambda _asked: answer(body), asked(path="/told"))
    assert (counted(events).basis, counted(events).usd_micro) == (SpendBasis.COST, 12_300)


def test_where_nobody_knows_beforehand_requests_go_one_at_a_time(tmp_path: Path) -> None:
    body = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.01}}).encode()
    events, came = play(tmp_path, lambda _asked: answer(body), asked(path="/told"), asked(path="/told"))
    assert all(isinstance(each, SealedHead) for each in came)
    assert [each.usd_micro for each in events] == [5_000_000, 10_000, 4_990_000, 10_000]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (asked({"model": "other", "max_tokens": 1}), "nobody knows what the model other costs there"),
        (asked({"max_tokens": 1}), "names no model"),
        (asked(b"{", headers={"Content-Type": "text/plain"}), "whose body is no JSON"),
        (asked(path="/v1/batches"), "nobody knows what the model small-1 costs there"),
        (asked({"model": "small-1", "service_tier": "priority"}), "`service_tier`"),
        (asked(headers={"Upgrade": "websocket", "Connection": "Upgrade"}), "whose costs nobody can count"),
    ],
    ids=["no price", "no model", "no JSON", "another path", "a dearer tier", "WebSocket"],
)
def test_what_nobody_can_price_is_refused_with_a_hint(tmp_path: Path, said: Ask, what: str) -> None:
    events, (refused,) = play(tmp_path, lambda _asked: answer(message()), said)
    assert isinstance(refused, Refused)
    assert refused.status == 403
    assert what in refused.what
    assert refused.hint
    assert events == []


@pytest.mark.parametrize(
    "said", [request("/v1/models"), asked(path="/v1/messages/count_tokens")], ids=["read", "free"]
)
def test_what_costs_nothing_is_neither_held_nor_refused(tmp_path: Path, said: Ask) -> None:
    events, (came,) = play(tmp_path, lambda _asked: answer(b"{}"), said)
    assert isinstance(came, SealedHead)
    assert events == []


def test_errors_cost_nothing(tmp_path: Path) -> None:
    events, _ = play(tmp_path, lambda _asked: answer(b"{}", status="529 Overloaded"), asked())
    assert (counted(events).basis, counted(events).usd_micro) == (SpendBasis.NOTHING, 0)


def test_what_was_never_sent_costs_nothing(tmp_path: Path) -> None:
    with server(tmp_path) as host:
        port = host.port
    scene = scene_of(tmp_path, port)

    async def act(scene: Scene) -> None:
        await scene.open()
        assert isinstance(await ask(scene, await scene.connection(), asked()), Refused)

    scene.play(act)
    events = [each for each in scene.recorded() if isinstance(each, SpendReserved | SpendCounted)]
    assert (counted(events).basis, counted(events).usd_micro) == (SpendBasis.NOTHING, 0)


def test_an_answer_that_breaks_off_counts_what_was_read_and_all_that_might_have_been_written(
    tmp_path: Path,
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99999\r\n\r\n"
    body = STREAM.partition(b"event: message_delta")[0]

    def talk(tls: ssl.SSLSocket) -> None:
        seen = b""
        while not seen.endswith(asked().body):
            seen += tls.recv(65536)
        tls.sendall(head + body)

    with server(tmp_path, talk=talk) as host:
        scene = scene_of(tmp_path, host.port)

        async def act(scene: Scene) -> None:
            await scene.open()
            with pytest.raises(BrokenOff):
                await ask(scene, await scene.connection(), asked())

        scene.play(act)
    spent = counted([each for each in scene.recorded() if isinstance(each, SpendCounted)])
    assert (spent.basis, spent.usd_micro) == (SpendBasis.BOUND, 100 + 100 + 10 * 5)


@pytest.mark.parametrize(("per", "others"), [("day", False), ("session", True)])
def test_a_day_counts_all_sessions_of_an_agent_and_goes_on_with_another_broker(
    tmp_path: Path, per: str, others: bool
) -> None:
    limit = f"{COST / 1_000_000:f} USD/{per}"
    came = []
    with server(tmp_path, lambda _asked: answer(message())) as host:
        for _ in range(2):
            scene = scene_of(tmp_path, host.port, spend=limit, is_new=not came)

            async def act(scene: Scene) -> None:
                for session in ("s1", "s1", "s2"):
                    await scene.open(session)
                    connection = await scene.connection(session=session)
                    head = await ask(scene, connection, asked(), session)
                    came.append(isinstance(head, SealedHead))

            scene.play(act)
    assert came == [True, False, others, False, False, False]


def test_what_a_broker_had_held_when_it_died_counts_as_spent(tmp_path: Path) -> None:
    with server(tmp_path, lambda _asked: answer(message())) as host:
        scene = scene_of(tmp_path, host.port, spend="0.000050 USD/day")
        event = SpendReserved(
            session="s0",
            agent="claude",
            rules=("key",),
            host=foreign(HOST),
            model=foreign("small-1"),
            usd_micro=50,
        )
        scene.door.ledger.append(event, stream="session/s0", durability=Durability.WRITTEN)
        came = []

        async def act(scene: Scene) -> None:
            await scene.open()
            came.append(await ask(scene, await scene.connection(), asked()))

        scene.play(act)
    assert isinstance(came[0], Refused)
    assert "0.00005 USD are spent" in came[0].what
