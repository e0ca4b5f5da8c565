"""What answers say that they used, as each interface says it, and what of it nobody believes."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.protocols.usage import Usage, UsageReader

EVENTS = "text/event-stream"
JSON = "application/json"


def read(kind: str, *pieces: bytes, ends: bool = True) -> Usage | None:
    reader = UsageReader(kind)
    for each in pieces:
        reader.feed(each)
    if ends:
        reader.finish()
    return reader.usage


def events(*said: object) -> bytes:
    return b"".join(f"data: {json.dumps(each)}\n\n".encode() for each in said)


ANTHROPIC = {
    "input_tokens": 7,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens": 5,
}
OF_ANTHROPIC = Usage(
    input=7, cache_read=100, cache_write=10, cache_write_long=20, output=5, model="m", is_last=True
)
CHAT = {
    "prompt_tokens": 50,
    "completion_tokens": 9,
    "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
OF_CHAT = Usage(input=7, cache_read=40, cache_write=3, output=9, model="m", is_last=True)
RESPONSE = {"input_tokens": 50, "input_tokens_details": {"cached_tokens": 40}, "output_tokens": 9}
OF_RESPONSE = Usage(input=10, cache_read=40, cache_write=0, output=9, model="m", is_last=True)
GEMINI = {
    "promptTokenCount": 50,
    "cachedContentTokenCount": 40,
    "toolUsePromptTokenCount": 2,
    "candidatesTokenCount": 3,
    "thoughtsTokenCount": 6,
}
OF_GEMINI = Usage(input=12, cache_read=40, output=9, model="m", is_last=True)

WHOLE = {
    "anthropic": ({"type": "message", "model": "m", "usage": ANTHROPIC}, OF_ANTHROPIC),
    "chat": ({"model": "m", "choices": [{}], "usage": CHAT}, OF_CHAT),
    "responses": ({"object": "response", "model": "m", "usage": RESPONSE}, OF_RESPONSE),
    "gemini": ({"modelVersion": "m", "usageMetadata": GEMINI}, OF_GEMINI),
    "gemini in pieces": (
        [
            {"usageMetadata": GEMINI | {"candidatesTokenCount": 1}},
            {"modelVersion": "m", "usageMetadata": GEMINI},
        ],
        OF_GEMINI,
    ),
}


@pytest.mark.parametrize(("said", "usage"), WHOLE.values(), ids=WHOLE)
def test_a_whole_answer_tells_what_it_used(said: object, usage: Usage) -> None:
    assert read(JSON, json.dumps(said).encode()) == usage


STREAMS = {
    "anthropic": (
        events(
            {
                "type": "message_start",
                "message": {"model": "m", "usage": ANTHROPIC | {"output_tokens": 1}},
            },
            {"type": "content_block_delta", "delta": {"text": '"usage": {"output_tokens": 99999}'}},
            {"type": "message_delta", "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ),
        OF_ANTHROPIC,
    ),
    "chat": (
        events(
            {"model": "m", "choices": [{}], "usage": None},
            {"model": "m", "choices": [], "usage": CHAT},
        )
        + b"data: [DONE]\n\n",
        OF_CHAT,
    ),
    "responses": (
        events(
            {"type": "response.created", "response": {"usage": None}},
            {"type": "response.completed", "response": {"model": "m", "usage": RESPONSE}},
        ),
        OF_RESPONSE,
    ),
    "gemini": (events({"modelVersion": "m", "usageMetadata": GEMINI}), OF_GEMINI),
}


@pytest.mark.parametrize(("data", "usage"), STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@given(cuts=st.lists(st.integers(0, 600), max_size=8))
@settings(deadline=None, max_examples=30)
def test_a_stream_tells_it_however_it_is_cut(data: bytes, usage: Usage, ends: str, cuts: list[int]) -> None:
    data = data.replace(b"\n", ends.encode())
    at = [0, *sorted(min(each, len(data)) for each in cuts), len(data)]
    assert read(EVENTS, *(data[a:b] for a, b in itertools.pairwise(at))) == usage


@pytest.mark.parametrize("which", ["anthropic", "chat", "responses"])
def test_the_last_word_counts_although_the_stream_is_cut_off_behind_it(which: str) -> None:
    data, usage = STREAMS[which]
    assert read(EVENTS, data, ends=False) == usage


@pytest.mark.parametrize("ends", [True, False])
def test_what_a_stream_says_first_is_not_its_last_word(ends: bool) -> None:
    begun = events({"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 7}}})
    said = read(EVENTS, begun, ends=ends)
    assert said is not None
    assert (said.input, said.is_last) == (7, False)


def test_of_several_counts_the_largest_holds() -> None:
    said = events(
        *({"type": "message_delta", "usage": {"input_tokens": 7, "output_tokens": n}} for n in (5, 900, 1))
    )
    assert read(EVENTS, said) == Usage(
        input=7, cache_read=0, cache_write=0, cache_write_long=0, output=900, is_last=True
    )


UNBELIEVABLE = {
    "negative": b'{"usage": {"input_tokens": -1, "output_tokens": 1}}',
    "a fraction": b'{"usage": {"input_tokens": 1.5, "output_tokens": 1}}',
    "huge": b'{"usage": {"input_tokens": 1%s, "output_tokens": 1}}' % (b"0" * 400),
    "no number": b'{"usage": {"input_tokens": NaN, "output_tokens": 1}}',
    "a text": b'{"usage": {"input_tokens": "1", "output_tokens": 1}}',
    "yes": b'{"usage": {"input_tokens": true, "output_tokens": 1}}',
    "twice": b'{"usage": {"input_tokens": 9}, "usage": {"input_tokens": 1}}',
    "more cached than read": b'{"usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 2}}}',
    "a cost without end": b'{"usage": {"prompt_tokens": 1, "cost": 1e999}}',
    "a cost below nothing": b'{"usage": {"prompt_tokens": 1, "cost": -0.5}}',
    "a cost in words": b'{"usage": {"prompt_tokens": 1, "cost": "0"}}',
    "none": b"{}",
    "nothing": b"",
    "no JSON": b"<html>usage</html>",
}


@pytest.mark.parametrize("body", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
@pytest.mark.parametrize("kind", [JSON, EVENTS])
def test_what_is_no_count_is_not_believed(body: bytes, kind: str) -> None:
    assert read(kind, body if kind == JSON else b"data: " + body + b"\n\n") is None


def test_after_a_lie_nothing_is_believed() -> None:
    good = STREAMS["chat"][0]
    assert read(EVENTS, b"data: " + UNBELIEVABLE["negative"] + b"\n\n", good) is None


def test_a_cost_is_rounded_up_and_has_what_another_account_was_billed() -> None:
    said = {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.0000011}
    own = said | {"is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}}
    costs = [read(JSON, json.dumps({"usage": each}).encode()) for each in (said, own)]
    assert [each.cost for each in costs if each] == [2, 500_002]


@pytest.mark.parametrize("kind", [JSON, EVENTS])
def test_what_is_too_long_is_not_kept(kind: str) -> None:
    reader = UsageReader(kind)
    for _ in range(LIMITS.usage_bytes // 65536 + 2):
        reader.feed(b"x" * 65536)
    reader.feed(b"\n\n" + STREAMS["chat"][0])
    reader.finish()
    assert reader.usage is None
    assert len(reader._held) == 0


@given(st.lists(st.binary(max_size=200), max_size=10), st.sampled_from([JSON, EVENTS]))
@settings(deadline=None)
def test_any_bytes_are_read_or_not_believed(pieces: list[bytes], kind: str) -> None:
    read(kind, *pieces)
