"""What a bill of materials is about, before it is written in anybody's format."""

from datetime import datetime

from ringfence.artifacts.description import Description
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Finding
from ringfence.core.inventory import Skipped
from ringfence.core.models import Model

__all__ = ["Bill", "Described"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A model with what its author says about it."""

    model: Model
    description: Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The models of one place. `complete` is false when a part of it could not be examined."""

    created_at: datetime  # UTC
    tool_version: str
    complete: bool
    models: tuple[Described, ...]
    findings: tuple[Finding, ...] = ()  # about files that belong to none of the models
    skipped: tuple[Skipped, ...] = ()  # shown without their subjects, which are paths of this machine
