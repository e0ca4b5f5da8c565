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
