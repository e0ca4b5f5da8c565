"""A bill of materials of one file or folder: examined as `inspect` does, described, and written."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ringfence import __version__
from ringfence.app.inspect import inspect
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import Progress
from ringfence.artifacts.bom import Bill, Described, cyclonedx, spdx
from ringfence.artifacts.description import describe
from ringfence.core.errors import UnreadableScope, UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.models import Model
from ringfence.core.text import printable
from ringfence.endpoint.opening import read_head

__all__ = ["BillFormat", "make_bill", "written"]

_EPOCH = "SOURCE_DATE_EPOCH"


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
    fixed_at = _fixed_time(here.environment)
    found = inspect(path, here, progress, hashed=hashed)
    if not found.models:
        raise UnreadableScope(
            f"{printable(str(path))}: there is no model here",
            hint="name a model's file or folder, or the store that holds it; `ringfence inspect` says more",
        )
    return Bill(
        created_at=fixed_at or found.started_at,
        tool_version=__version__,
        complete=found.complete,
        models=tuple(_described(model) for model in found.models),
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


def _fixed_time(environment: Mapping[str, str]) -> datetime | None:
    text = environment.get(_EPOCH)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):  # up to the year 5138
        return datetime.fromtimestamp(int(text), UTC)
    raise UsageError(
        f"{_EPOCH} is no time", hint="set it to whole seconds since 1970, or leave it out: unset " + _EPOCH
    )
