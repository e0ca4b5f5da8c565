"""A bill of materials to write: one model with everything that can be said of one, and others with little."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ringfence.artifacts.bom import Bill, Described
from ringfence.artifacts.description import Description, Metric
from ringfence.core.digests import Sha256, model_id
from ringfence.core.facts import FactName
from ringfence.core.findings import Confidence, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.models import LicenseClaim, Model, ModelFile, Obligation

__all__ = ["COMMIT", "LOCATION", "bill", "described", "full"]

COMMIT = "3f8b5c0e9d4a7126c3b1e0f5a8d92746e1c0b7f3"
LOCATION = Path("/somewhere/hub/models--acme--tiny/snapshots") / COMMIT
WEIGHTS, README = Sha256("a" * 64), Sha256("b" * 64)


def bill(*models: Described, complete: bool = True, skipped: tuple[Skipped, ...] = ()) -> Bill:
    return Bill(
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        tool_version="1.2.3",
        complete=complete,
        models=models,
        skipped=skipped,
    )


def described(*, description: Description | None = None, **fields: object) -> Described:
    model = Model(id=None, name="tiny", revision=None, store=None, location=Path("/somewhere/tiny"))
    return Described(model=replace(model, **fields), description=description or Description())


def full() -> Described:
    weights = ModelFile(
        path=LOCATION / "model.gguf",
        name="model.gguf",
        format="gguf",
        size_bytes=4000,
        sha256=WEIGHTS,
        facts={
            FactName.ARCHITECTURE: "llama",
            FactName.PARAMETERS: 9696,
            FactName.QUANTIZATION: "Q4_0",
            FactName.DTYPES: ("Q4_0", "F32"),
            FactName.CONTEXT: 512,
            FactName.BASE_MODELS: ("https://huggingface.co/acme/base", "https://example.com/another"),
            FactName.CHAT_TEMPLATE: "{{ never shown }}",
        },
    )
    readme = ModelFile(
        path=LOCATION / "README.md", name="README.md", format=None, size_bytes=77, sha256=README
    )
    return described(
        id=model_id((WEIGHTS, README)),
        name="acme/tiny",
        revision=COMMIT,
        store="huggingface",
        location=LOCATION,
        licenses=(
            LicenseClaim(expression="MIT", source="README.md license"),
            LicenseClaim(expression="Apache-2.0 OR MIT", source="GGUF general.license"),
            LicenseClaim(expression="LicenseRef-unknown-Acme-1.0", source="base model acme/base"),
        ),
        effective_license="LicenseRef-unknown-Acme-1.0",
        obligations=(Obligation(id="review-before-use", text="have it read"),),
        files=(readme, weights),
        findings=(
            finding(
                "out-of-range-data",
                severity=Severity.HIGH,
                confidence=Confidence.CERTAIN,
                subject="model.gguf",
                offset=7,
                evidence=("a tensor ends past the end",),
                advice="do not load it",
            ),
            finding(
                "license-conflict",
                severity=Severity.MEDIUM,
                confidence=Confidence.LIKELY,
                subject="acme/tiny",
                evidence=("MIT (README.md license)",),
                advice="ask the publisher",
            ),
        ),
        description=Description(
            task="text-generation",
            languages=("en", "no"),
            datasets=("acme/books", "letters of my aunt"),
            base_models=("acme/base",),
            metrics=(Metric(type="accuracy", value="0.5", dataset="Books"), Metric(type="f1", value="1")),
            limitations=("It is tiny.", "It is often wrong."),
            family="ignored: the header says llama",
            architecture="LlamaForCausalLM",
            context_tokens=1,
        ),
    )
