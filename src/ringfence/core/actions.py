"""What is about to happen: the closed union of actions. What holds for each type stands in `action_types`.

A field that is None is a fact that nobody knows; a rule that asks for it counts against the action. Numbers
are integers, so that an action reads the same wherever it is recorded.
"""

from enum import Enum, StrEnum
from typing import Any

from ringfence.core.dataclass import dataclass, field
from ringfence.core.labels import Label, Sensitivity
from ringfence.core.verdicts import Verdict

__all__ = [
    "Action",
    "AgentRun",
    "Argument",
    "CommandRun",
    "CredentialChange",
    "CredentialKeep",
    "CredentialUse",
    "Exposure",
    "FieldKind",
    "FileRead",
    "FileWrite",
    "GitChange",
    "GitUpdate",
    "GrantGive",
    "HostConnect",
    "HttpRequest",
    "ListenerAsk",
    "ListenerServe",
    "ModelPull",
    "ModelQuarantine",
    "ModelSign",
    "ModelUse",
    "PromptSend",
    "Purpose",
    "RecordPrune",
    "RuntimeRun",
    "ToolCall",
]


class Purpose(StrEnum):
    """What a model is used for, as licenses tell uses apart."""

    EXPERIMENT = "experiment"
    INTERNAL = "internal"
    PRODUCTION = "production"
    DISTRIBUTION = "distribution"


class Exposure(StrEnum):
    """Who can reach a listener."""

    LOOPBACK = "loopback"
    NETWORK = "network"


class CredentialChange(StrEnum):
    """What becomes of the vault."""

    SET = "set"  # a credential that was not there
    ROTATE = "rotate"  # another value for one that is, bound as before
    REMOVE = "remove"
    REKEY = "rekey"  # all of it under another key
    RESTORE = "restore"  # all of it from a copy


class GitChange(StrEnum):
    """What becomes of a git reference."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class FieldKind(StrEnum):
    """How a policy compares a field. Several values are compared value by value."""

    TEXT = "text"  # globs; `*` crosses every character
    NAME = "name"  # globs; `*` stops at `/`, `**` does not
    PATH = "path"  # as a name: absolute, or below the working tree when it begins with none
    HOST = "host"  # globs over labels; lower case, no dot at the end
    VERSION = "version"  # `before`, `from`, or globs
    NUMBER = "number"  # `at_least`, `at_most`, or the number
    RANK = "rank"  # `at_least`, `at_most` over an ordered enumeration, or its words
    WORD = "word"  # words of an enumeration
    YES_NO = "yes-no"
    ARGUMENTS = "arguments"  # a tool's arguments, each a field of its own
    LABEL = "label"


# The field is of the annotation's type, as with dataclasses.field itself.
def _known(kind: FieldKind, words: type[Enum] | None = None) -> Any:  # noqa: ANN401
    """A field that whoever makes the action always knows."""
    return field(metadata={"kind": kind, "words": words})


def _maybe(kind: FieldKind, words: type[Enum] | None = None) -> Any:  # noqa: ANN401
    """A field that may be unknown."""
    return field(default=None, metadata={"kind": kind, "words": words})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Acting:
    """Who acts: `agent` and `session` are empty when a person does."""

    agent: str = field(default="", metadata={"kind": FieldKind.NAME, "words": None})  # the profile's name
    session: str = field(default="", metadata={"kind": FieldKind.NAME, "words": None})
    context: Label | None = _maybe(FieldKind.LABEL)  # join of all that the session has read


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfModel(_Acting):
    name: str = _known(FieldKind.NAME)
    revision: str | None = _maybe(FieldKind.TEXT)
    digest: str | None = _maybe(FieldKind.TEXT)  # the model's id
    formats: tuple[str, ...] = _known(FieldKind.TEXT)
    store: str | None = _maybe(FieldKind.TEXT)  # "none" for loose files
    source: str | None = _maybe(FieldKind.NAME)  # host/path it came from: huggingface.co/org/name
    signed_by: tuple[str, ...] | None = _maybe(FieldKind.TEXT)  # identities whose signature was verified
    license: str | None = _maybe(FieldKind.TEXT)  # SPDX expression
    obligations: tuple[str, ...] | None = _maybe(FieldKind.TEXT)  # ids
    size_bytes: int | None = _maybe(FieldKind.NUMBER)
    verdict: Verdict | None = _maybe(FieldKind.RANK, Verdict)
    findings: tuple[str, ...] | None = _maybe(FieldKind.TEXT)  # ids of checks
    remote: bool | None = _maybe(FieldKind.YES_NO)
    purpose: Purpose | None = _maybe(FieldKind.WORD, Purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse(_OfModel):
    """A model is there to be loaded, or is about to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPull(_OfModel):
    """A model is about to be fetched; `source` is where from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSign(_Acting):
    """A signature over a model is about to be made."""

    name: str = _known(FieldKind.NAME)
    path: str = _known(FieldKind.PATH)
    signer: str = _known(FieldKind.TEXT)  # key:SHA-256 of the public key, or an identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuarantine(_Acting):
    """A model is about to be put where nobody loads it."""

    name: str = _known(FieldKind.NAME)
    path: str = _known(FieldKind.PATH)
    digest: str | None = _maybe(FieldKind.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRun(_Acting):
    """A program that runs, converts or fronts models is installed, or about to start."""

    name: str = _known(FieldKind.TEXT)
    version: str | None = _maybe(FieldKind.VERSION)
    kind: str | None = _maybe(FieldKind.TEXT)
    installed_by: str | None = _maybe(FieldKind.TEXT)  # pip, npm, dpkg, application, executable
    path: str | None = _maybe(FieldKind.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerServe(_Acting):
    """A local server answers model requests."""

    server: str | None = _maybe(FieldKind.TEXT)
    address: str = _known(FieldKind.TEXT)
    port: int = _known(FieldKind.NUMBER)
    exposure: Exposure | None = _maybe(FieldKind.WORD, Exposure)
    models: tuple[str, ...] | None = _maybe(FieldKind.NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerAsk(_Acting):
    """A scan is about to ask a local port which models it serves."""

    address: str = _known(FieldKind.TEXT)
    port: int = _known(FieldKind.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRun(_Acting):
    """An agent is installed or configured, or about to start; `agent` is its name."""

    version: str | None = _maybe(FieldKind.VERSION)
    owner: str | None = _maybe(FieldKind.TEXT)
    tool_servers: tuple[str, ...] | None = _maybe(FieldKind.NAME)
    skills: tuple[str, ...] | None = _maybe(FieldKind.NAME)
    credentials: tuple[str, ...] | None = _maybe(FieldKind.TEXT)  # kinds it holds itself


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun(_Acting):
    """A command is about to start in a sandbox."""

    program: str = _known(FieldKind.PATH)
    arguments: tuple[str, ...] = _known(FieldKind.TEXT)
    folder: str = _known(FieldKind.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead(_Acting):
    """A file is about to be read by an agent."""

    path: str = _known(FieldKind.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWrite(_Acting):
    """A file is about to be made, changed or removed by an agent."""

    path: str = _known(FieldKind.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConnect(_Acting):
    """A connection is about to be opened."""

    host: str = _known(FieldKind.HOST)
    port: int = _known(FieldKind.NUMBER)
    program: str | None = _maybe(FieldKind.PATH)  # evidence, to narrow
    raw: bool = field(default=False, metadata={"kind": FieldKind.YES_NO, "words": None})  # nobody reads it


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest(_Acting):
    """A request is about to be sent; path canonical, method in capitals."""

    host: str = _known(FieldKind.HOST)
    port: int = _known(FieldKind.NUMBER)
    method: str = _known(FieldKind.TEXT)
    path: str = _known(FieldKind.NAME)
    query: tuple[str, ...] | None = _maybe(FieldKind.TEXT)  # "name=value", decoded, each parameter
    operations: tuple[str, ...] | None = _maybe(FieldKind.TEXT)  # of GraphQL: query.viewer, mutation.addStar
    program: str | None = _maybe(FieldKind.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitUpdate(_Acting):
    """A reference of a git repository is about to be pushed to; one action for each of a push."""

    host: str = _known(FieldKind.HOST)
    port: int = _known(FieldKind.NUMBER)
    repository: str = _known(FieldKind.NAME)  # path of the address without .git: /org/repo
    ref: str = _known(FieldKind.NAME)  # refs/heads/main
    change: GitChange = _known(FieldKind.WORD, GitChange)
    force: bool | None = _maybe(FieldKind.YES_NO)  # what was there is not before what comes
    program: str | None = _maybe(FieldKind.PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialUse(_Acting):
    """A secret is about to be put into one request."""

    credential: str = _known(FieldKind.NAME)
    host: str = _known(FieldKind.HOST)
    method: str = _known(FieldKind.TEXT)
    path: str = _known(FieldKind.NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialKeep(_Acting):
    """The vault is about to change; name, kind and hosts are empty where that is about all of it."""

    change: CredentialChange = _known(FieldKind.WORD, CredentialChange)
    credential: str = _known(FieldKind.NAME)
    kind: str = _known(FieldKind.TEXT)
    hosts: tuple[str, ...] = _known(FieldKind.TEXT)  # patterns that it is bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a tool call."""

    name: str  # a JSON pointer's parts joined with dots: to, options.limit
    text: str  # the value; canonical JSON unless it is a string
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(_Acting):
    """A tool is about to be called."""

    server: str = _known(FieldKind.NAME)
    tool: str = _known(FieldKind.NAME)
    schema_digest: str | None = _maybe(FieldKind.TEXT)  # of the tool's description as it is now
    arguments: tuple[Argument, ...] = _known(FieldKind.ARGUMENTS)
    planned: bool | None = _maybe(FieldKind.YES_NO)  # by the plan that was frozen before anything was read


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSend(_Acting):
    """A prompt is about to go to a model."""

    model: str = _known(FieldKind.NAME)
    host: str | None = _maybe(FieldKind.HOST)
    local: bool | None = _maybe(FieldKind.YES_NO)  # it never leaves this machine
    sensitivity: Sensitivity | None = _maybe(FieldKind.RANK, Sensitivity)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantGive(_Acting):
    """An operator is about to approve."""

    operator: str = _known(FieldKind.TEXT)
    asked_by: str | None = _maybe(FieldKind.TEXT)  # who runs what asks
    action_type: str = _known(FieldKind.TEXT)
    uses: int | None = _maybe(FieldKind.NUMBER)  # None: as many as one likes
    lasts_s: int | None = _maybe(FieldKind.NUMBER)  # None: no end


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrune(_Acting):
    """Bodies of old events are about to be forgotten."""

    event_types: tuple[str, ...] = _known(FieldKind.TEXT)
    older_than_days: int = _known(FieldKind.NUMBER)


Action = (
    ModelUse
    | ModelPull
    | ModelSign
    | ModelQuarantine
    | RuntimeRun
    | ListenerServe
    | ListenerAsk
    | AgentRun
    | CommandRun
    | FileRead
    | FileWrite
    | HostConnect
    | HttpRequest
    | GitUpdate
    | CredentialUse
    | CredentialKeep
    | ToolCall
    | PromptSend
    | GrantGive
    | RecordPrune
)
