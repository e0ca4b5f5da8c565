"""JSON: configurations of models, tokenizers, indexes, workflows, and data one document a line."""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.bounded_json import Json
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?[ \t\r\n]*(?:\{[ \t\r\n]*["}]|\[[ \t\r\n]*[{\["])')


def _sniff(reader: Reader) -> bool:
    return _BEGINS.match(reader.head) is not None


def _sniff_named(_reader: Reader) -> bool:
    return True


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.configurations.documents import json_documents
    from ringfence.artifacts.configurations.judge import judge_document
    from ringfence.artifacts.keras_config import judge_configuration
    from ringfence.artifacts.paddle_program import is_program, judge_program
    from ringfence.artifacts.texts.tokenizers import judge_tokenizer

    if reader.size_bytes > LIMITS.configuration_json_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of JSON")
    documents = json_documents(reader.at(0, reader.size_bytes))
    for document in documents:
        if _is_tokenizer(document.value):
            yield from judge_tokenizer(document.value, budget=reader.budget)
        if is_program(document.value):
            yield from judge_program(document.value, reader)
        for model in _keras_models(document.value):
            yield from judge_configuration(model, reader)
        yield from judge_document(document, budget=reader.budget, is_data=len(documents) > 1)


def _is_tokenizer(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("model"), dict) and "added_tokens" in value


def _keras_models(value: Json) -> Iterator[Json]:
    """The layers that `model.to_json` writes, and TensorFlow.js beside its weights."""
    if isinstance(value, dict):
        topology = value.get("modelTopology")
        for holder in (value, topology if isinstance(topology, dict) else {}):
            for model in (holder, holder.get("model_config")):
                if isinstance(model, dict) and "class_name" in model and "config" in model:
                    yield model


FORMAT = Format(
    name="json",
    title="JSON",
    suffixes=(".json", ".jsonl", ".ndjson"),
    sniff=_sniff,
    starts=(b"{", b"[", b"\xef\xbb\xbf", b" ", b"\t", b"\n", b"\r"),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
