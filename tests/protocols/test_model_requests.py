import json

import pytest

from ringfence.protocols.http import BadHttp
from ringfence.protocols.model_requests import ModelRequest, model_request

ASKED = {
    "messages": ("/v1/messages", {"model": "m", "max_tokens": 10}, 10, 1),
    "chat": ("/v1/chat/completions", {"model": "m", "max_completion_tokens": 10, "n": 3}, 30, 3),
    "the larger of two": (
        "/v1/chat/completions",
        {"model": "m", "max_tokens": 1, "max_completion_tokens": 9},
        9,
        1,
    ),
    "responses": ("/v1/responses", {"model": "m", "max_output_tokens": 10, "service_tier": "flex"}, 10, 1),
    "no bound": ("/v1/responses", {"model": "m", "max_output_tokens": None}, None, 1),
    "gemini": (
        "/v1beta/models/m:streamGenerateContent",
        {"model": "other", "generationConfig": {"maxOutputTokens": 10, "candidateCount": 2}},
        20,
        2,
    ),
    "gemini, spelled otherwise": (
        "/v1beta/models/m:generateContent",
        {"generationConfig": {"maxOutputTokens": 1}, "generation_config": {"max_output_tokens": 10}},
        10,
        1,
    ),
}


@pytest.mark.parametrize(("path", "said", "most", "answers"), ASKED.values(), ids=ASKED)
def test_a_request_says_its_model_and_how_much_may_be_written(
    path: str, said: object, most: int | None, answers: int
) -> None:
    asked = model_request(path, json.dumps(said).encode())
    assert asked == ModelRequest(model="m", most_output=most, answers=answers)


@pytest.mark.parametrize(
    "said",
    [
        {"previous_response_id": None, "conversation": None},
        {"messages": [{"content": [{"image_url": {"url": "data:image/png;base64,AA=="}}]}]},
        {"messages": [{"content": [{"type": "tool_use", "input": {"url": "https://a.example/"}}]}]},
        {"tools": [{"input_schema": {"properties": {"file_id": {"type": "string"}}}}]},
    ],
)
def test_what_stands_in_a_request_is_all_that_it_has_read(said: dict[str, object]) -> None:
    assert model_request("/v1/messages", json.dumps({"model": "m", **said}).encode()).is_whole


UNTOLD = {
    "no JSON": b"model=m",
    "a list": b'[{"model": "m"}]',
    "none": b"{}",
    "a number": b'{"model": 1}',
    "empty": b'{"model": ""}',
    "long": b'{"model": "%s"}' % (b"m" * 301),
    "twice": b'{"model": "m", "model": "n"}',
    "in capitals beside it": b'{"model": "m", "MODEL": "n"}',
    "in capitals": b'{"Model": "m"}',
    "a tier that costs more": b'{"model": "m", "service_tier": "priority"}',
    "a tier in capitals": b'{"model": "m", "Service_Tier": "priority"}',
    "a tier of tiers": b'{"model": "m", "service_tier": ["priority"]}',
    "faster": b'{"model": "m", "speed": "fast"}',
    "elsewhere": b'{"model": "m", "inference_geo": "us"}',
    "a bound below nothing": b'{"model": "m", "max_tokens": -1}',
    "a bound in words": b'{"model": "m", "max_tokens": "1"}',
    "a bound without end": b'{"model": "m", "max_tokens": 1e999}',
    "answers without end": b'{"model": "m", "n": 99999999999}',
}


@pytest.mark.parametrize("body", UNTOLD.values(), ids=UNTOLD)
def test_what_is_not_told_in_one_way_is_not_guessed(body: bytes) -> None:
    with pytest.raises(BadHttp):
        model_request("/v1/messages", body)
