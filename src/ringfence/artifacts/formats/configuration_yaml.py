"""YAML: training and serving configurations, MLflow's MLmodel, conda environments."""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith((b"%YAML ", b"!!python/"))


def _sniff_named(_reader: Reader) -> bool:
    return True


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.configurations.documents import Document
    from ringfence.artifacts.configurations.judge import judge_document
    from ringfence.artifacts.configurations.yaml_documents import Yaml, yaml_document
    from ringfence.artifacts.configurations.yaml_tags import judge_tag

    if reader.size_bytes > LIMITS.config_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of YAML")
    found = Yaml(value=None)
    try:
        yaml_document(reader.at(0, reader.size_bytes), budget=reader.budget, into=found)
    finally:  # a loader of several documents builds the first before it looks at the second
        for tagged in found.tags:
            yield from judge_tag(tagged)
    document = Document(value=found.value, shadowed=found.twice)
    yield from judge_document(document, budget=reader.budget)


FORMAT = Format(
    name="yaml",
    title="YAML",
    suffixes=(".yaml", ".yml"),
    names=("mlmodel", "mlproject"),
    sniff=_sniff,
    starts=(b"%YAML ", b"!!python/"),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)
