"""A bill of materials of one file or folder: examined as `inspect` does, described, and written."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ringfence import __version__
from ringfence.app.fixed_time import fixed_time
from ringfence.app.inspect import Inspection, inspect
from ringfence.app.judging.models import with_findings
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress
from ringfence.artifacts.bom import Bill, Described, cyclonedx, spdx
from ringfence.artifacts.description import describe
from ringfence.core.errors import UnreadableScope
from ringfence.core.findings import Finding
from ringfence.core.inventory import Inventory
from ringfence.core.limits import LIMITS
from ringfence.core.models import Model
from ringfence.core.text import printable
from ringfence.endpoint.opening import read_head

__all__ = ["BillFormat", "bill_of", "make_bill", "written"]


class BillFormat(StrEnum):
    """The formats in which a bill can be written."""

    CYCLONEDX_1_6 = "cyclonedx-1.6"
    CYCLONEDX_1_7 = "cyclonedx-1.7"
    SPDX_3_0 = "spdx-3.0"


def make_bill(path: Path, here: Here, progress: Progress, *, hashed: bool) -> Bill:
    """The models at `path`. Made at SOURCE_DATE_EPOCH (reproducible-builds.org), or else now.

    Raises:
        UnreadableScope: there is nothing that can be read, or no model.
        UsageError: SOURCE_DATE_EPOCH is no time.
    """
    fixed_at = fixed_time(here.environment)
    found = inspect(path, here, progress, hashed=hashed)
    if not found.models:
        raise UnreadableScope(
            f"{printable(str(path))}: there is no model here",
            hint="name a model's file or folder, or the store that holds it; `ringfence inspect` says more",
        )
    return _of_inspection(found, fixed_at or found.started_at)


def bill_of(found: Inspection | Inventory, here: Here) -> Bill:
    """The models that were found, perhaps none; made when a bill of them by itself would be.

    Raises:
        UsageError: SOURCE_DATE_EPOCH is no time.
    """
    created_at = fixed_time(here.environment) or found.started_at
    if isinstance(found, Inspection):
        return _of_inspection(found, created_at)
    return _bill(found, found.models, (), created_at)


def _of_inspection(found: Inspection, created_at: datetime) -> Bill:
    """With what judging found in each model's files, and in files that belong to no model."""
    counts = {each.fingerprint for each in found.findings}
    models = tuple(
        replace(model, findings=tuple(each for each in model.findings if each.fingerprint in counts))
        for model in with_findings(found.models, {file.path.resolve(): file for file in found.judged})
    )
    told = {each.fingerprint for model in models for each in model.findings}
    others = tuple(each for each in found.findings if each.fingerprint not in told)
    return _bill(found, models, others, created_at)


def _bill(
    found: Inspection | Inventory,
    models: tuple[Model, ...],
    others: tuple[Finding, ...],
    created_at: datetime,
) -> Bill:
    return Bill(
        created_at=created_at,
        tool_version=__version__,
        complete=found.complete,
        models=tuple(_described(model) for model in models),
        findings=others,
        skipped=found.skipped,
    )


def written(bill: Bill, format_: BillFormat) -> str:
    """The bill in one of the formats, as JSON text."""
    match format_:
        case BillFormat.CYCLONEDX_1_6:
            return cyclonedx(bill, version="1.6")
        case BillFormat.CYCLONEDX_1_7:
            return cyclonedx(bill, version="1.7")
        case BillFormat.SPDX_3_0:
            return spdx(bill)


def _described(model: Model) -> Described:
    readme = _beside(model, "readme.md", LIMITS.readme_bytes)
    config = _beside(model, "config.json", LIMITS.config_bytes)
    return Described(model=model, description=describe(readme=readme, config=config))


def _beside(model: Model, name: str, size_bytes: int) -> bytes | None:
    """The beginning of the model's file of that name."""
    path = next((file.path for file in model.files if file.name.casefold() == name), None)
    return read_head(path, at_most_bytes=size_bytes) if path else None
