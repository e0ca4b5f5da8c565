"""What the feeds of a company know of models: bytes that are bad, and names that are approved."""

from collections.abc import Iterable, Iterator

from ringfence.artifacts.feeds import Feeds, judge_digest
from ringfence.artifacts.names.look_alikes import judge_name
from ringfence.artifacts.spotted import as_finding
from ringfence.core.dataclass import replace
from ringfence.core.findings import Finding
from ringfence.core.models import Model

__all__ = ["with_feeds"]


def with_feeds(models: Iterable[Model], feeds: Feeds) -> tuple[Model, ...]:
    """Each model with what the feeds say of its name and of its files' computed digests."""
    return tuple(_with(model, tuple(_said(model, feeds))) for model in models)


def _with(model: Model, said: tuple[Finding, ...]) -> Model:
    return replace(model, findings=(*model.findings, *said)) if said else model


def _said(model: Model, feeds: Feeds) -> Iterator[Finding]:
    for spotted in judge_name(model.name, model.revision, feeds.approved):
        yield as_finding(spotted, subject=model.name)
    for file in model.files:
        if file.sha256 and (bad := judge_digest(file.sha256, feeds)):
            yield as_finding(bad, subject=file.name)
