"""Models: the artifacts that belong together, and what is known of each file."""

from dataclasses import field
from pathlib import Path
from types import MappingProxyType

from ringfence.core.dataclass import dataclass
from ringfence.core.digests import GitBlobSha1, ModelId, Sha256
from ringfence.core.facts import Facts
from ringfence.core.findings import Finding
from ringfence.core.standings import Standing
from ringfence.core.verdicts import Verdict

__all__ = ["LicenseClaim", "Model", "ModelFile", "Obligation"]

_NO_FACTS: Facts = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model.

    `sha256` is what ringfence computed from the bytes; `sha256_claimed` and `git_sha1_claimed` are what a
    store's file name or manifest says, until somebody looks.
    """

    path: Path  # where the bytes lie, symbolic links resolved
    name: str  # within the model, e.g. model-00001-of-00002.safetensors
    format: str | None  # a name from the table of formats; None when it is not a model format
    size_bytes: int
    sha256: Sha256 | None = None
    sha256_claimed: Sha256 | None = None
    git_sha1_claimed: GitBlobSha1 | None = None
    facts: Facts = field(default_factory=lambda: _NO_FACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseClaim:
    """One place that states a license."""

    expression: str  # an SPDX expression, LicenseRef-… for what SPDX does not list
    source: str  # where it stands, e.g. "README.md license", "GGUF general.license"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What a license asks of whoever uses the model, in plain words."""

    id: str  # kebab-case, e.g. attribution, no-commercial-use
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The artifacts that belong together: shards, a hub snapshot, an Ollama manifest, or one loose file."""

    id: ModelId | None  # None until every file's digest has been verified
    name: str
    revision: str | None  # commit, tag or the store's own word for a version
    store: str | None  # a name from the table of stores; None for loose files
    location: Path  # the folder or file that a person would look at
    remote: bool = False  # runs on somebody else's machine: a store's entry for a cloud model
    licenses: tuple[LicenseClaim, ...] = ()
    effective_license: str | None = None  # the strictest along base_model; None when nothing is stated
    obligations: tuple[Obligation, ...] = ()
    files: tuple[ModelFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None  # the worst of its files; None when nobody asked for it
    standing: Standing | None = None  # None when there was no policy to judge it by

    @property
    def size_bytes(self) -> int:
        """Bytes over all files of the model."""
        return sum(file.size_bytes for file in self.files)
