"""Each server is recognised by real answers of its kind, on its own port and on any other."""

import json
from dataclasses import replace

import pytest

from doors import free_door
from real.talking import answer, talking
from ringfence.core.findings import Confidence
from ringfence.core.machine import Listener
from ringfence.endpoint.listeners.answer import Answer, parse_answer
from ringfence.endpoint.listeners.find import find_listeners
from ringfence.endpoint.listeners.judge import judge
from ringfence.endpoint.listeners.questions import next_path
from ringfence.endpoint.listeners.servers import SERVERS
from ringfence.endpoint.platform import ListeningSocket, Snapshot

FASTAPI = "Server: uvicorn\r\nContent-Type: application/json\r\n"


def _json(value: object, headers: str = FASTAPI) -> bytes:
    return answer(json.dumps(value), headers=headers)


def _models(owner: str, headers: str = FASTAPI) -> bytes:
    return _json({"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": owner}]}, headers)


def _html(title: str) -> bytes:
    return answer(f"<!doctype html><html><head><title>{title}</title></head></html>")


BASE_HTTP = "Server: BaseHTTP/0.6 Python/3.12\r\n"
SETUP = {"results": {"LLMProvider": "x"}}
LLAMA = "Server: llama.cpp\r\n"
TINY = _models("organization_owner")
LMSTUDIO_ELSE = _json({"error": "Unexpected endpoint or method. (GET /)"})

ANSWERS: dict[str, dict[str, bytes]] = {
    "ollama": {
        "/": answer("Ollama is running", headers="Content-Type: text/plain; charset=utf-8\r\n"),
        "/api/tags": _json({"models": [{"name": "tiny", "model": "tiny", "digest": "ab" * 32, "size": 5}]}),
        "/v1/models": _models("library"),
    },
    "lm-studio": {"/": LMSTUDIO_ELSE, "/lmstudio-greeting": _json({"lmstudio": True}), "/v1/models": TINY},
    "llama.cpp": {
        "/": answer("<html>", headers=LLAMA),
        "/props": _json({"default_generation_settings": {}, "model_path": "/m/tiny.gguf"}, LLAMA),
        "/v1/models": _models("llamacpp", LLAMA),
    },
    "vllm": {"/v1/models": _models("vllm"), "/version": _json({"version": "0.11.0"})},
    "sglang": {"/v1/models": _models("sglang"), "/server_info": _json({"mem_fraction_static": 0.88})},
    "tgi": {"/info": _json({"model_id": "tiny", "max_batch_total_tokens": 16000}), "/v1/models": TINY},
    "koboldcpp": {
        "/": _html("KoboldAI Lite"),
        "/api/extra/version": _json({"result": "KoboldCpp", "version": "1.99"}),
        "/api/tags": _json({"models": [{"name": "tiny", "digest": "ab" * 32}]}),
        "/v1/models": _models("koboldcpp"),
    },
    "jan": {"/openapi.json": _json({"title": "Jan API Server Endpoints"}), "/v1/models": TINY},
    "gpt4all": {"/v1/models": _models("humanity")},
    "localai": {
        "/": _html("LocalAI API - 3.1"),
        "/metrics": answer('localai_api_call_bucket{method="GET"} 1\n'),
        "/v1/models": TINY,
    },
    "text-generation-webui": {"/openapi.json": _json({"x": "text-generation-webui"}), "/v1/models": TINY},
    "tabbyapi": {"/.well-known/serviceinfo": _json({"software": {"name": "TabbyAPI"}}), "/v1/models": TINY},
    "aphrodite": {
        "/.well-known/serviceinfo": _json({"software": {"name": "Aphrodite Engine"}}),
        "/v1/models": _models("pygmalionai"),
    },
    "triton": {"/v2": _json({"name": "triton", "version": "2.60.0", "extensions": []})},
    "nim": {"/v1/metadata": _json({"modelInfo": [{"shortName": "tiny"}]}), "/v1/models": TINY},
    "mlc": {"/v1/models": _models("MLC-LLM")},
    "mlx_lm": {"/v1/models": _json({"data": [{"id": "tiny", "object": "model"}]}, BASE_HTTP)},
    "docker-model-runner": {"/": answer("Docker Model Runner is running\n"), "/v1/models": TINY},
    "foundry-local": {
        "/foundry/list": _json({"models": [{"name": "tiny", "providerType": "AzureFoundry"}]}),
        "/v1/models": TINY,
    },
    "comfyui": {"/": _html("ComfyUI"), "/system_stats": _json({"system": {"comfyui_version": "0.4.0"}})},
    "open-webui": {"/": _html("Open WebUI"), "/api/config": _json({"status": True, "name": "Open WebUI"})},
    "litellm": {
        "/": _html("LiteLLM API - Swagger UI"),
        "/health/readiness": _json({"status": "connected", "litellm_version": "1.80.0"}),
        "/v1/models": TINY,
    },
    "anythingllm": {"/": _html("AnythingLLM"), "/api/setup-complete": _json(SETUP)},
    "openclaw": {"/": _html("OpenClaw Control")},
    "lemonade": {
        "/": _html("Lemonade Server"),
        "/api/v1/health": _json({"status": "ok", "model_loaded": "tiny"}),
        "/api/v1/models": TINY,
    },
}  # fmt: skip

# On a port that says nothing, these are only known with a process to go by.
NEED_THEIR_PORT = {"triton", "nim", "tgi", "tabbyapi", "foundry-local"}
ONLY_COMMON_SIGNS = {"mlx_lm"}


def _conversation(answers: dict[str, bytes], port: int) -> list[Answer]:
    heard: list[Answer] = []
    while (path := next_path(heard, port=port, runtime=None)) is not None:
        reply = parse_answer(path, answers.get(path, answer("not here", status="404 Not Found")))
        assert reply is not None
        heard.append(reply)
    return heard


def _judged(answers: list[Answer], port: int) -> Listener | None:
    return judge(ListeningSocket(address="127.0.0.1", port=port, inode=1), answers, None)


def test_every_server_of_the_table_has_answers_here() -> None:
    assert set(ANSWERS) == {server.name for server in SERVERS}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_server_is_recognised_on_its_usual_port_within_four_requests(name: str) -> None:
    port = next(server.ports[0] for server in SERVERS if server.name == name)
    heard = _conversation(ANSWERS[name], port)

    listener = _judged(heard, port)
    assert len(heard) <= 4
    assert listener is not None
    expected = Confidence.POSSIBLE if name in ONLY_COMMON_SIGNS else Confidence.LIKELY
    assert (listener.server, listener.confidence) == (name, expected)


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - NEED_THEIR_PORT))
def test_a_server_is_recognised_on_any_port(name: str) -> None:
    listener = _judged(_conversation(ANSWERS[name], 45123), 45123)
    assert listener is not None
    assert listener.server == name


@pytest.mark.parametrize("name", sorted(NEED_THEIR_PORT - {"triton", "nim"}))
def test_a_server_that_is_not_recognised_is_still_listed_for_its_models(name: str) -> None:
    listener = _judged(_conversation(ANSWERS[name] | {"/v1/models": TINY}, 45123), 45123)
    assert listener is not None
    assert (listener.server, listener.confidence, listener.models) == (None, Confidence.POSSIBLE, ("tiny",))


def test_a_whole_listener_over_a_real_socket() -> None:
    with talking(ANSWERS["ollama"]) as talker:
        socket = ListeningSocket(address=talker.address, port=talker.port, inode=talker.inode)
        found = list(find_listeners(Snapshot(sockets=(socket,)), free_door()))

    assert found == [
        Listener(
            address="127.0.0.1",
            port=talker.port,
            server="ollama",
            confidence=Confidence.LIKELY,
            exposed=False,
            models=("tiny",),
            pid=None,
            evidence=(
                'GET /: "Ollama is running"',
                "GET /api/tags: models with digests",
                "lists 1 model",
                "its process may not be seen",
            ),
        )
    ]
    assert talker.requests == ["GET / HTTP/1.1", "GET /api/tags HTTP/1.1"]


def test_both_address_families_are_asked() -> None:
    with talking(ANSWERS["ollama"], address="::1") as six, talking(ANSWERS["vllm"]) as four:
        sockets = tuple(ListeningSocket(address=t.address, port=t.port, inode=t.inode) for t in (six, four))
        found = list(find_listeners(Snapshot(sockets=sockets), free_door()))

    assert {(f.address, f.server) for f in found if isinstance(f, Listener)} == {
        ("::1", "ollama"),
        ("127.0.0.1", "vllm"),
    }


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "192.0.2.7", "::ffff:192.0.2.7"])
def test_a_server_that_anybody_can_reach_and_ask_is_a_finding(bound: str) -> None:
    heard = _conversation(ANSWERS["ollama"], 11434)
    listener = judge(ListeningSocket(address=bound, port=11434, inode=1), heard, None)

    assert listener is not None
    assert listener.exposed
    assert [(f.check, f.severity.value) for f in listener.findings] == [("exposed-model-server", "high")]


def test_an_exposed_server_that_asks_for_a_key_is_no_finding() -> None:
    refused = answer('{"error": "no key"}', status="401 Unauthorized", headers="Server: llama.cpp\r\n")
    heard = _conversation({"/": refused, "/v1/models": refused}, 8080)
    listener = judge(ListeningSocket(address="0.0.0.0", port=8080, inode=1), heard, None)

    assert listener is not None
    assert (listener.server, listener.exposed, listener.findings) == ("llama.cpp", True, ())


@pytest.mark.parametrize("bound", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_not_exposed(bound: str) -> None:
    listener = judge(
        ListeningSocket(address=bound, port=1, inode=1), _conversation(ANSWERS["ollama"], 1), None
    )
    assert listener is not None
    assert not listener.exposed


def test_a_web_page_that_has_nothing_to_do_with_models_is_not_listed() -> None:
    heard = _conversation({"/": _html("My router")}, 8080)
    assert _judged(heard, 8080) is None
    assert len(heard) == 4


def test_a_server_keeps_its_name_when_it_also_imitates_another() -> None:
    answers = ANSWERS["koboldcpp"] | {"/": _html("KoboldAI Lite")}
    listener = _judged(_conversation(answers, 11434), 11434)
    assert listener is not None
    assert listener.server == "koboldcpp"


def test_what_is_asked_ends_once_the_server_is_known() -> None:
    heard = _conversation(ANSWERS["docker-model-runner"], 12434)
    assert [reply.path for reply in heard] == ["/", "/v1/models"]
    assert next_path([replace(heard[0], path="/")], port=1, runtime=None) == "/v1/models"
