import pytest

from ringfence.artifacts.feeds import Approved
from ringfence.artifacts.names.look_alikes import judge_name, look_alike
from ringfence.core.findings import Severity

_APPROVED = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "Qwen/Qwen3-8B",
    "mistralai/Mistral-7B-v0.1",
    "google-bert/bert-base-uncased",
    "openai/whisper-small",
    "tinyllama",
)


@pytest.mark.parametrize(
    ("name", "approved"),
    [
        ("meta-1lama/Llama-3.1-8B-Instruct", _APPROVED[0]),
        ("met\u0430-llama/Llama-3.1-8B-Instruct", _APPROVED[0]),  # a Cyrillic letter
        ("meta-llama-official/Llama-3.1-8B-Instruct", _APPROVED[0]),
        ("meta_llama/Llama-3.1-8B-lnstruct", _APPROVED[0]),
        ("me\u200bta-llama/Llama-3.1-8B-Instruct", _APPROVED[0]),  # a space of no width
        ("mistral-ai/Mistral-7B-v0.1", _APPROVED[2]),
        ("mistarlai/Mistral-7B-v0.1", _APPROVED[2]),
        ("0penai/whisper-smal", _APPROVED[4]),
        ("\uff4fpenai/whisper-smalll", _APPROVED[4]),  # a wide letter, and one letter too many
        ("tinyIlama:latest", _APPROVED[5]),
        ("tiny-lama", _APPROVED[5]),
        ("Qwen/Qwеn3-8B", _APPROVED[1]),  # noqa: RUF001
    ],
)
def test_a_name_that_is_meant_to_be_mistaken_is_said_to_look_like_the_approved_one(
    name: str, approved: str
) -> None:
    assert look_alike(name, _APPROVED) == approved
    (found,) = judge_name(name, None, [Approved(name=each) for each in _APPROVED])
    assert (found.check, found.severity) == ("name-looks-like-approved", Severity.HIGH)


@pytest.mark.parametrize(
    "name",
    [
        *_APPROVED,
        "qwen/qwen3-8b",
        "tinyllama:1.1b",
        "Qwen/Qwen3-4B",
        "Qwen/Qwen3-8B-Base",
        "Qwen/Qwen2-8B",
        "mistralai/Mistral-7B-v0.3",
        "google-bert/bert-base-cased",
        "google-bert/bert-large-uncased",
        "openai/whisper-medium",
        "unsloth/Qwen3-8B-GGUF",
        "meta-llama/Llama-3.2-1B-Instruct",
        "facebook/opt-125m",
        "bert-base-uncased",
        "gemma",
        "",
    ],
)
def test_honest_relatives_of_an_approved_name_look_like_none(name: str) -> None:
    assert look_alike(name, _APPROVED) is None


def test_a_copy_under_the_same_name_by_somebody_else_is_only_worth_a_question() -> None:
    (found,) = judge_name("unsloth/Qwen3-8B", None, [Approved(name="Qwen/Qwen3-8B")])
    assert found.severity is Severity.LOW
    assert found.evidence == ("unsloth/Qwen3-8B", "looks like the approved Qwen/Qwen3-8B")


def test_an_approved_name_at_another_revision_is_told_unless_all_revisions_are_approved() -> None:
    pinned = Approved(name="acme/chat", revisions=frozenset({"a" * 40}))
    assert [each.check for each in judge_name("acme/chat", "b" * 40, [pinned])] == ["revision-not-approved"]
    assert not list(judge_name("acme/chat", "a" * 40, [pinned]))
    assert not list(judge_name("acme/chat", None, [pinned]))
    assert not list(judge_name("acme/chat", "b" * 40, [pinned, Approved(name="acme/chat")]))
