"""Large models that no lock, approval or recorded pull explains.

That a model lies in a public store's cache explains nothing: anybody's one command puts it there
(docs/decisions/0003).
"""

from collections.abc import Iterable

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.models import Model
from ringfence.endpoint.explanations import Explanations
from ringfence.endpoint.signals.evidence import evidence, raised_by

__all__ = ["LARGE_BYTES", "look"]

LARGE_BYTES = 2_000_000_000


def look(models: Iterable[Model], explanations: Explanations, *, large_bytes: int = LARGE_BYTES) -> Signal:
    """One piece of evidence for each model of at least `large_bytes` that nothing explains, largest first."""
    large = (model for model in models if not model.remote and model.size_bytes >= large_bytes)
    found = (
        _evidence(model)
        for model in sorted(large, key=_order)
        if _unexplained(model, explanations, large_bytes)
    )
    return raised_by(SignalId.LARGE_ARTIFACTS, found)


def _unexplained(model: Model, explanations: Explanations, large_bytes: int) -> bool:
    """Explained weights cover for a card and a tokenizer, but not for another model's worth of bytes."""
    if explanations.explain(model) is None:
        return True
    return sum(file.size_bytes for file in model.files if not explanations.explains(file)) >= large_bytes


def _evidence(model: Model) -> Evidence:
    where = f"in the {model.store} store" if model.store else "outside of any store"
    text = f"{model.size_bytes / 1e9:.1f} GB {where}, explained by no lock, approval or pull"
    return evidence(model.name, text, Confidence.CERTAIN)


def _order(model: Model) -> tuple[int, str, str]:
    return (-model.size_bytes, model.name, str(model.location))
