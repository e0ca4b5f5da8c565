"""What each model may be used for: its own statements, and those of the models it was made from."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ringfence.artifacts.examine import surely_weights
from ringfence.core.facts import FactName
from ringfence.core.limits import LIMITS
from ringfence.core.models import Model, ModelFile
from ringfence.endpoint.opening import read_head

if TYPE_CHECKING:
    from ringfence.artifacts.licenses import LicenseFile, LicenseInput, LicenseJudgement

__all__ = ["judge_licenses"]

_STATING = frozenset(
    {FactName.LICENSE, FactName.LICENSE_NAME, FactName.LICENSE_LINK, FactName.BASE_MODELS}
)  # facts that make a file say something of licenses


def judge_licenses(models: Iterable[Model]) -> tuple[Model, ...]:
    """The models with licenses, obligations and what is wrong with them.

    Two rounds: a model's base may be another model of the same inventory, judged by its own files first.
    """
    models = tuple(models)
    if not any(map(_may_state, models)):
        return models  # and nothing needs to be loaded to find that out
    from ringfence.artifacts.licenses import judge_license

    drafts = tuple((model, _input(model)) for model in models if _may_state(model))
    alone = tuple(judge_license(stated) for _, stated in drafts)
    own = {
        model.name.casefold(): judged.effective
        for (model, _), judged in zip(drafts, alone, strict=True)
        if not model.remote
    }

    def license_of(repository: str) -> str | None:
        return own.get(repository.casefold())

    found = iter(
        _with(model, judge_license(replace(stated, license_of=license_of)) if judged.base_models else judged)
        for (model, stated), judged in zip(drafts, alone, strict=True)
    )
    return tuple(next(found) if _may_state(model) else model for model in models)


def _may_state(model: Model) -> bool:
    """Whether anything may be known of its license: else it is data of which nobody says anything."""
    return (
        _is_repository(model)
        or surely_weights(file.format for file in model.files)
        or any(file.format is None or not _STATING.isdisjoint(file.facts) for file in model.files)
    )


def _with(model: Model, judged: "LicenseJudgement") -> Model:
    if model.remote or not any(file.format for file in model.files):
        return model
    if not judged.claims and not surely_weights(file.format for file in model.files):
        return model  # an array or a pickle is data until somebody says otherwise
    return replace(
        model,
        licenses=judged.claims,
        effective_license=judged.effective,
        obligations=judged.obligations,
        findings=(*model.findings, *judged.findings),
    )


def _is_repository(model: Model) -> bool:
    return model.store == "huggingface" or model.name.count("/") == 1


def _input(model: Model) -> "LicenseInput":
    from ringfence.artifacts.licenses import LicenseInput

    files = tuple(_license_file(file) for file in model.files)
    return LicenseInput(
        subject=model.name, files=files, repository=model.name if _is_repository(model) else None
    )


def _license_file(file: ModelFile) -> "LicenseFile":
    from ringfence.artifacts.licenses import LicenseFile, wants_text

    # One byte more than counts, so that a text that was cut is known to be.
    size_bytes = max(LIMITS.license_text_bytes, LIMITS.yaml_bytes) + 1
    text = read_head(file.path, at_most_bytes=size_bytes) if wants_text(file.name) else None
    return LicenseFile(
        name=file.name, format=file.format, facts=file.facts, text=text if isinstance(text, bytes) else None
    )
