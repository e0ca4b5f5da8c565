"""A program in a box wants more of a model than the policy pays for.

Each attempt is tried with a limit that it must not get past. What a host bills is what the test's host says;
what a program can choose is its requests, how many at one time, and when it hangs up.
"""

import asyncio
import json
import socket
import ssl
import time
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.egress.messages import Ask, Dial, Proceed, Refused
from ringfence.egress.sealed_frames import END, SealedHead
from ringfence.ledger.events.spend_counted import SpendBasis, SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.ledger.values import Foreign

HOST = "api.example.com"
PRICES = """
prices:
  hosts:
    - host: api.example.com
      models:
        - {model: small, input: 1, output: 5, most_output: 1000}
        - {model: large, input: 10, output: 50, most_output: 1000}
"""


def _scene(folder: Path, port: int, spend: str, network: str = f"{{host: {HOST}}}") -> Scene:
    one = f"{{name: one, host: {HOST}, spend: {spend}}}"
    scene = Scene(folder, policy((HOST, port), folder=folder, network=network, credentials=one) + PRICES)
    scene.keep("bearer", HOST)
    return scene


def _asked(scene: Scene, body: object, *, session: str = "s1", **headers: str) -> Ask:
    token = scene.broker.core.sessions[session].given["one"]["token"]
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request("/v1/messages", "POST", data, {"Authorization": f"Bearer {token}", **headers})


def _answer(usage: object, model: str = "small") -> bytes:
    body = json.dumps({"type": "message", "model": model, "usage": usage}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _spent(scene: Scene) -> list[SpendCounted]:
    return [each for each in scene.recorded() if isinstance(each, SpendCounted)]


def test_a_hundred_requests_at_one_time_do_not_pass_together(tmp_path: Path) -> None:
    """Each may cost about 2,000 millionths, and ten times that is granted."""

    def slow(_asked: bytes) -> bytes:
        time.sleep(0.3)
        return _answer({"input_tokens": 50, "output_tokens": 400})

    with server(tmp_path, slow) as host:
        scene = _scene(tmp_path, host.port, "0.020 USD/day")
        came: list[SealedHead | Refused] = []

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            asked = _asked(scene, {"model": "small", "max_tokens": 400})
            results = await asyncio.gather(*(scene.exchange(connection, asked) for _ in range(100)))
            came.extend(head for head, _ in results)

        scene.play(act)
    went = sum(isinstance(each, SealedHead) for each in came)
    assert went == len(host.requests) == 10
    assert sum(each.usd_micro for each in _spent(scene)) == 10 * 2_050


LIES = {
    "negative": {"input_tokens": -1_000_000, "output_tokens": -1_000_000},
    "huge": {"input_tokens": 10**30, "output_tokens": 0},
    "none": {},
    "missing": None,
    "another model's": {"input_tokens": 0, "output_tokens": 0},
}


@pytest.mark.parametrize("usage", LIES.values(), ids=LIES)
def test_an_answer_that_lies_or_says_nothing_counts_as_the_most(tmp_path: Path, usage: object) -> None:
    model = "nobody-knows" if usage == LIES["another model's"] else "small"
    with server(tmp_path, lambda _asked: _answer(usage, model)) as host:
        scene = _scene(tmp_path, host.port, "1 USD/day")
        body = {"model": "small", "max_tokens": 400}

        async def act(scene: Scene) -> None:
            await scene.open()
            await scene.exchange(await scene.connection(), _asked(scene, body))

        scene.play(act)
    (spent,) = _spent(scene)
    assert (spent.basis, spent.usd_micro) == (SpendBasis.BOUND, len(json.dumps(body)) + 400 * 5)


def test_a_cheap_name_that_leads_to_a_dear_model_is_paid_as_the_dear_one(tmp_path: Path) -> None:
    with server(tmp_path, lambda _asked: _answer({"input_tokens": 10, "output_tokens": 1}, "large")) as host:
        scene = _scene(tmp_path, host.port, "1 USD/day")

        async def act(scene: Scene) -> None:
            await scene.open()
            await scene.exchange(await scene.connection(), _asked(scene, {"model": "small"}))

        scene.play(act)
    assert [each.usd_micro for each in _spent(scene)] == [10 * 10 + 50]


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "small", "model": "large"}',
        b'{"model": "small", "Model": "large"}',
        b'{"model": ["large"]}',
        b'{"requests": [{"params": {"model": "large"}}]}',
        b'\xff\xfe{"model": "small"}',
        json.dumps({"model": "small"}).encode("utf-16"),
    ],
    ids=["twice", "in capitals", "a list", "a batch", "a mark", "other characters"],
)
@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream"])
def test_a_body_that_hides_its_model_goes_nowhere(tmp_path: Path, body: bytes, kind: str) -> None:
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, "1 USD/day")

        async def act(scene: Scene) -> None:
            await scene.open()
            asked = _asked(scene, body, **{"Content-Type": kind})
            head, _ = await scene.exchange(await scene.connection(), asked)
            assert isinstance(head, Refused)

        scene.play(act)
    assert host.requests == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_that_reads_and_has_a_body_is_not_free(tmp_path: Path, method: str) -> None:
    """Some servers take `X-HTTP-Method-Override`."""
    with server(tmp_path) as host:
        scene = _scene(tmp_path, host.port, "1 USD/day")

        async def act(scene: Scene) -> None:
            await scene.open()
            asked = _asked(scene, b"{}", **{"X-HTTP-Method-Override": "POST"})
            asked = request("/v1/messages", method, asked.body, dict(asked.head.headers.items))
            head, _ = await scene.exchange(await scene.connection(), asked)
            assert isinstance(head, Refused)

        scene.play(act)
    assert host.requests == []


def _hangs_up(folder: Path, spend: str, times: int) -> tuple[Scene, int]:
    """Asks for an answer that streams for ever, and hangs up at its first word; again and again."""

    def talk(tls: ssl.SSLSocket) -> None:
        data = b""
        while not data.endswith(b"}"):
            data += tls.recv(65536)
        tls.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        started = b'data: {"type": "message_start", "message": {"usage": {"input_tokens": 50}}}\n\n'
        while True:
            tls.sendall(b"%x\r\n%b\r\n" % (len(started), started))
            time.sleep(0.01)

    asked_of = 0
    with server(folder, talk=talk) as host:
        scene = _scene(folder, host.port, spend)

        async def act(scene: Scene) -> None:
            nonlocal asked_of
            await scene.open()
            connection = await scene.connection()
            for _ in range(times):
                asked = _asked(scene, {"model": "small", "max_tokens": 400, "stream": True})
                answer, fds = await scene.ask(connection, asked)
                if isinstance(answer, Refused):
                    return
                with socket.socket(fileno=fds[0]) as stream:
                    stream.setblocking(False)
                    loop = asyncio.get_running_loop()
                    await loop.sock_sendall(stream, END)
                    await loop.sock_recv(stream, 1)
                    asked_of += 1
                exchanges = scene.broker.core.exchanges
                while exchanges:
                    await asyncio.sleep(0.01)

        scene.play(act)
    return scene, asked_of


def test_who_hangs_up_before_the_usage_is_told_pays_for_all_that_might_have_come(tmp_path: Path) -> None:
    scene, asked_of = _hangs_up(tmp_path, "0.005 USD/day", 10)
    spent = _spent(scene)
    assert asked_of == len(spent) == 3
    assert {each.usd_micro for each in spent} == {50 + 400 * 5}


def test_the_plain_leg_where_nobody_counts_is_not_given_where_money_is_limited(tmp_path: Path) -> None:
    """Without a credential of the vault: the limit is a rule's on requests."""
    rules = f"""
  rules:
    - id: paid
      actions: http.request
      match: {{host: {HOST}, agent: claude, path: /v1/**}}
      then: allow
      obligations: [{{limit: 1 USD/day}}]
"""
    with server(tmp_path, lambda _asked: _answer({"input_tokens": 10, "output_tokens": 1})) as host:
        text = policy((HOST, host.port), folder=tmp_path, network=f"{{host: {HOST}}}", more=rules)
        scene = Scene(tmp_path, text + PRICES)

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            dialled, _ = await scene.proxy.ask(Dial(connection=connection))
            assert isinstance(dialled, Refused)
            asked = request("/v1/messages", "POST", b'{"model": "small"}')
            answer, fds = await scene.ask(connection, asked)
            assert isinstance(answer, Proceed)
            assert len(fds) == 1
            socket.socket(fileno=fds[0]).close()
            await scene.exchange(connection, asked)

        scene.play(act)
    assert 10 + 5 in [each.usd_micro for each in _spent(scene)]


def test_what_a_request_may_cost_is_recorded_before_it_goes(tmp_path: Path) -> None:
    """Whoever makes the broker crash with a request on its way has spent all of it."""
    body = {"model": "small"}
    seen: list[list[object]] = []
    scenes: list[Scene] = []

    def handler(_asked: bytes) -> bytes:
        seen.append([each for each in scenes[0].recorded() if isinstance(each, SpendReserved)])
        return _answer({"input_tokens": 10, "output_tokens": 1})

    with server(tmp_path, handler) as host:
        scenes.append(_scene(tmp_path, host.port, "1 USD/day"))

        async def act(scene: Scene) -> None:
            await scene.open()
            await scene.exchange(await scene.connection(), _asked(scene, body))

        scenes[0].play(act)
    reserved = SpendReserved(
        session="s1",
        agent="claude",
        rules=("agents:7",),
        host=Foreign(text=HOST),
        model=Foreign(text="small"),
        usd_micro=len(json.dumps(body)) + 1_000 * 5,
    )
    assert seen == [[reserved]]


def test_another_session_of_the_agent_has_no_day_of_its_own(tmp_path: Path) -> None:
    with server(tmp_path, lambda _asked: _answer({"input_tokens": 10, "output_tokens": 1})) as host:
        scene = _scene(tmp_path, host.port, "0.000015 USD/day")
        came = []

        async def act(scene: Scene) -> None:
            for session in ("s2", "s1", "s3"):
                await scene.open(session)
                asked = _asked(scene, {"model": "small"}, session=session)
                head, _ = await scene.exchange(await scene.connection(session=session), asked)
                came.append(isinstance(head, SealedHead))

        scene.play(act)
    assert came == [True, False, False]


ELSEWHERE = {
    "what was said before": {"previous_response_id": "resp_1"},
    "a conversation": {"conversation": {"id": "conv_1"}},
    "a prompt": {"prompt": {"id": "pmpt_1"}},
    "a cache": {"cachedContent": "cachedContents/1"},
    "a file": {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
    "a page": {"messages": [{"content": [{"source": {"type": "url", "url": "https://a.example/1.pdf"}}]}]},
    "a picture": {"messages": [{"content": [{"image_url": {"url": "https://a.example/1.png"}}]}]},
    "data of Gemini's": {"contents": [{"parts": [{"fileData": {"fileUri": "https://a.example/f"}}]}]},
}


@pytest.mark.parametrize("body", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_long_and_stands_elsewhere_is_not_paid_as_a_short_request(
    tmp_path: Path, body: object
) -> None:
    """The host works on it in the background, and says what it used where nobody reads along."""
    assert isinstance(body, dict)
    said = {"model": "small", "max_tokens": 1, "background": True, **body}
    came = []
    with server(tmp_path, lambda _asked: _answer(None)) as host:
        scene = _scene(tmp_path, host.port, "1 USD/day")

        async def act(scene: Scene) -> None:
            await scene.open()
            connection = await scene.connection()
            for _ in range(2):
                head, _ = await scene.exchange(connection, _asked(scene, said))
                came.append(isinstance(head, SealedHead))

        scene.play(act)
    assert came == [True, False]
    assert [(each.basis, each.usd_micro) for each in _spent(scene)] == [(SpendBasis.BOUND, 1_000_000)]
