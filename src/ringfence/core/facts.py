"""What a model file's header says about the weights. Claims of the file's author, not findings of ours."""

from collections.abc import Mapping
from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["Fact", "FactName", "FactValue", "Facts"]

FactValue = str | int | tuple[str, ...]


class FactName(StrEnum):
    """The closed set of facts; the comment gives each one's type and unit."""

    NAME = "name"  # str, what the author calls the model
    ARCHITECTURE = "architecture"  # str, e.g. llama
    PARAMETERS = "parameters"  # int, elements over all tensors
    TENSORS = "tensors"  # int
    QUANTIZATION = "quantization"  # str, e.g. Q4_K_M
    DTYPES = "dtypes"  # tuple of str, most elements first, e.g. ("BF16", "F32")
    CONTEXT = "context_tokens"  # int
    VERSION = "version"  # str, of the format
    PRODUCER = "producer"  # str, the program that wrote the file
    LICENSE = "license"  # str, an SPDX id or what the author wrote
    LICENSE_NAME = "license_name"  # str
    LICENSE_LINK = "license_link"  # str
    BASE_MODELS = "base_models"  # tuple of str, repository ids or addresses
    CHAT_TEMPLATE = "chat_template"  # str, the first characters of the default template
    CHAT_TEMPLATES = "chat_templates"  # tuple of str, names of all templates
    SHAPE = "shape"  # str, of a single array, e.g. 10x4
    MEMBERS = "members"  # int, files inside an archive
    SHARDS = "shards"  # int, files the whole model is split into
    RUNS_CODE = "runs_code"  # tuple of str, why loading this file can execute code, e.g. ("pickle",)
    IMPORTS = "imports"  # tuple of str, global names that a pickle refers to
    METADATA = "metadata"  # tuple of "key=value", whatever else the author wrote

    @property
    def type(self) -> type:
        """What its value is: str, int, or a tuple of str."""
        return int if self in _INTEGERS else tuple if self in _TUPLES else str


_INTEGERS = frozenset(
    {FactName.PARAMETERS, FactName.TENSORS, FactName.CONTEXT, FactName.MEMBERS, FactName.SHARDS}
)
_TUPLES = frozenset(
    {
        FactName.DTYPES,
        FactName.BASE_MODELS,
        FactName.CHAT_TEMPLATES,
        FactName.RUNS_CODE,
        FactName.IMPORTS,
        FactName.METADATA,
    }
)

Facts = Mapping[FactName, FactValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a header says."""

    name: FactName
    value: FactValue
