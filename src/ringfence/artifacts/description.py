"""What the README.md and the config.json beside the weights say about a model, apart from its license.

Statements of the model's author, in the author's words; nothing here is measured or checked. What cannot be
read is not stated: an unreadable card is a finding of the license rules already.

Source: Hugging Face, docs/hub/model-cards (front matter, `model-index`) and transformers' configuration.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.front_matter import Node, Refused, front_matter, tree
from ringfence.artifacts.readme import read_card
from ringfence.core.bounded_json import BadJson, Json, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = ["Description", "Metric", "describe"]

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_LEFT_EMPTY = "[More Information Needed]"  # as the hub's template for cards has it
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One result of an evaluation, as its author reports it."""

    type: str  # e.g. accuracy
    value: str
    dataset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the author states; at most `limits.fact_items` values each."""

    task: str | None = None
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    limitations: tuple[str, ...] = ()  # paragraphs
    family: str | None = None  # e.g. llama
    architecture: str | None = None  # the class that runs it, e.g. LlamaForCausalLM
    context_tokens: int | None = None
    quantization: str | None = None


def describe(*, readme: bytes | None, config: bytes | None) -> Description:
    """The description in the beginnings of the two files, None where there is no such file. Never raises."""
    card = read_card(readme or b"")
    settings = _settings(config or b"")
    quantized = settings.get("quantization_config")
    architectures = settings.get("architectures")
    return Description(
        task=card.task,
        languages=card.languages,
        datasets=card.datasets,
        base_models=card.base_models,
        metrics=_metrics(readme or b""),
        limitations=_limitations(readme or b""),
        family=_text(settings.get("model_type")),
        architecture=_text(architectures[0]) if isinstance(architectures, list) and architectures else None,
        context_tokens=next(filter(None, (_count(settings.get(key)) for key in _CONTEXT_KEYS)), None),
        quantization=_text(quantized.get("quant_method")) if isinstance(quantized, dict) else None,
    )


def _settings(config: bytes) -> dict[str, Json]:
    try:
        settings = parse(config, max_bytes=LIMITS.config_bytes)
    except BadJson:
        return {}
    return settings if isinstance(settings, dict) else {}


def _text(value: Json) -> str | None:
    return clip(value, chars=LIMITS.name_chars) if isinstance(value, str) and value else None


def _count(value: Json) -> int | None:
    return value if type(value) is int and 0 < value < 1 << 63 else None


def _metrics(readme: bytes) -> tuple[Metric, ...]:
    if b"model-index" not in readme[: LIMITS.yaml_bytes]:
        return ()
    try:
        card = tree(front_matter(readme)[0])
    except Refused:
        return ()
    found = (
        metric
        for model in _each(_member(card, "model-index"))
        for result in _each(_member(model, "results"))
        for metric in _results(result)
    )
    return tuple(metric for metric, _ in zip(found, range(LIMITS.fact_items), strict=False))


def _results(result: Node) -> Iterator[Metric]:
    dataset = _member(result, "dataset")
    name = _written(_member(dataset, "name")) or _written(_member(dataset, "type"))
    for metric in _each(_member(result, "metrics")):
        kind = _written(_member(metric, "type")) or _written(_member(metric, "name"))
        value = _written(_member(metric, "value"))
        if kind and value:
            yield Metric(type=kind, value=value, dataset=name)


def _each(node: Node | None) -> list[Node]:
    return node if isinstance(node, list) else []


def _member(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, dict) else None


def _written(node: Node | None) -> str | None:
    return clip(node, chars=LIMITS.name_chars) if isinstance(node, str) and node else None


def _limitations(readme: bytes) -> tuple[str, ...]:
    """The paragraphs of every section whose heading speaks of limitations."""
    paragraphs: list[list[str]] = [[]]
    level = 0  # of the heading whose section this is; 0 outside of such sections
    for line in readme[: LIMITS.readme_bytes].decode("utf-8", "replace").splitlines():
        heading = _HEADING.match(line)
        if heading:
            paragraphs.append([])
            if not level or len(heading[1]) <= level:
                level = len(heading[1]) if "limitation" in heading[2].casefold() else 0
        elif not line.strip():
            paragraphs.append([])
        elif level:
            paragraphs[-1].append(line.strip())
    found = (" ".join(lines) for lines in paragraphs if lines)
    stated = (clip(text, chars=LIMITS.paragraph_chars) for text in found if text != _LEFT_EMPTY)
    return tuple(text for text, _ in zip(stated, range(LIMITS.fact_items), strict=False))
