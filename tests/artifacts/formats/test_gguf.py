import pytest

from examining import examined
from raw_headers import gguf, gguf_key, gguf_tensor
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName


def _text(key: bytes, text: bytes) -> bytes:
    return gguf_key(key, 8, len(text).to_bytes(8, "little") + text)


def test_all_facts_of_a_real_file() -> None:
    assert examined(sample("tiny.gguf")).facts == {
        FactName.VERSION: "3",
        FactName.TENSORS: 2,
        FactName.NAME: "tiny",
        FactName.ARCHITECTURE: "llama",
        FactName.LICENSE: "apache-2.0",
        FactName.LICENSE_NAME: "Apache License 2.0",
        FactName.LICENSE_LINK: "https://www.apache.org/licenses/LICENSE-2.0",
        FactName.CHAT_TEMPLATE: "{{ messages }}",
        FactName.CHAT_TEMPLATES: ("default", "tool"),
        FactName.QUANTIZATION: "Q8_0",
        FactName.CONTEXT: 2048,
        FactName.BASE_MODELS: ("https://huggingface.co/acme/base",),
        FactName.PARAMETERS: 160,
        FactName.DTYPES: ("Q8_0", "F32"),
    }


def test_a_shard_says_how_many_there_are() -> None:
    file = gguf([gguf_key(b"split.count", 2, b"\x03\0")])
    assert examined(file).facts[FactName.SHARDS] == 3


@pytest.mark.parametrize(
    ("version", "kind", "detail"),
    [
        (1, ProblemKind.OVER_LIMIT, "version 1 is too old to be read"),
        (9, ProblemKind.BAD_HEADER, "version 9 is unknown"),
        (3 << 24, ProblemKind.OVER_LIMIT, f"version {3 << 24} is big-endian"),
    ],
)
def test_a_version_that_is_not_read_is_said(version: int, kind: ProblemKind, detail: str) -> None:
    assert examined(gguf(version=version)).problems == (Problem(kind=kind, at=4, detail=detail),)


def test_a_tensor_type_from_the_future_is_over_the_limit_not_malformed() -> None:
    found = examined(gguf([], [gguf_tensor(b"t", kind=99)], data_bytes=64))
    assert found.problems == (
        Problem(kind=ProblemKind.OVER_LIMIT, at=24, detail="tensor type 99 is unknown"),
    )


def test_strings_that_are_no_facts_cost_no_fact() -> None:
    file = gguf([_text(b"general.description", b"x" * 100), _text(b"general.name", b"n")])
    assert examined(file).facts == {FactName.VERSION: "3", FactName.TENSORS: 0, FactName.NAME: "n"}
