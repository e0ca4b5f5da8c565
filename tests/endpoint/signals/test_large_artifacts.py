"""Large models that nothing explains."""

from pathlib import Path

from ringfence.core.digests import Sha256
from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.models import Model, ModelFile
from ringfence.endpoint.explanations import NO_EXPLANATIONS, Explanations, LockRecord, Reason
from ringfence.endpoint.signals.large_artifacts import LARGE_BYTES, look

A = Sha256("a" * 64)
EXPLAINED = Explanations(
    by_digest={A: LockRecord(name="x", revision=None, reason=Reason.LOCK, by=None, digests=frozenset({A}))}
)


def file(size_bytes: int, *, sha256: Sha256 | None = None, weights: bool = True) -> ModelFile:
    return ModelFile(
        path=Path("/f"), name="f", format="gguf" if weights else None, size_bytes=size_bytes, sha256=sha256
    )


def model(
    *files: ModelFile, name: str = "acme/chat", store: str | None = None, remote: bool = False
) -> Model:
    return Model(
        id=None, name=name, revision=None, store=store, location=Path("/m", name), files=files, remote=remote
    )


def raised(*evidence: tuple[str, str]) -> Signal:
    return Signal(
        id=SignalId.LARGE_ARTIFACTS,
        raised=bool(evidence),
        evidence=tuple(
            Evidence(subject=subject, text=text, confidence=Confidence.CERTAIN) for subject, text in evidence
        ),
    )


def test_the_largest_unexplained_model_comes_first() -> None:
    found = look(
        [
            model(file(LARGE_BYTES), name="small", store="ollama"),
            model(file(LARGE_BYTES), file(LARGE_BYTES), name="big"),
        ],
        NO_EXPLANATIONS,
    )
    assert found == raised(
        ("big", "4.0 GB outside of any store, explained by no lock, approval or pull"),
        ("small", "2.0 GB in the ollama store, explained by no lock, approval or pull"),
    )


def test_a_model_just_under_the_threshold_raises_nothing() -> None:
    assert look([model(file(LARGE_BYTES - 1))], NO_EXPLANATIONS) == raised()


def test_the_threshold_is_the_callers() -> None:
    assert look([model(file(10))], NO_EXPLANATIONS, large_bytes=10).raised is True


def test_a_public_stores_cache_explains_nothing() -> None:
    assert look([model(file(LARGE_BYTES), store="huggingface")], EXPLAINED).raised is True


def test_an_explained_model_raises_nothing() -> None:
    card = file(10, weights=False)
    assert look([model(file(LARGE_BYTES, sha256=A), card)], EXPLAINED) == raised()


def test_explained_weights_do_not_cover_for_a_large_file_of_unknown_kind() -> None:
    hidden = model(file(10, sha256=A), file(LARGE_BYTES, weights=False))
    assert look([hidden], EXPLAINED).raised is True


def test_a_model_that_runs_elsewhere_is_no_artifact() -> None:
    assert look([model(file(LARGE_BYTES), remote=True)], NO_EXPLANATIONS) == raised()
