"""One table of what holds for each type of action: sections, durability, what a grant compares."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

from ringfence.core.actions import (
    Action,
    AgentRun,
    CommandRun,
    CredentialKeep,
    CredentialUse,
    FieldKind,
    FileRead,
    FileWrite,
    GitUpdate,
    GrantGive,
    HostConnect,
    HttpRequest,
    ListenerAsk,
    ListenerServe,
    ModelPull,
    ModelQuarantine,
    ModelSign,
    ModelUse,
    PromptSend,
    RecordPrune,
    RuntimeRun,
    ToolCall,
)
from ringfence.core.dataclass import dataclass, fields
from ringfence.core.decisions import Section

__all__ = ["ACTION_TYPES", "ActionType", "Durability", "durability_of", "type_of"]


class Durability(StrEnum):
    """When an action's record is safe."""

    FSYNC = "fsync"  # on the disk before the effect
    WRITTEN = "written"  # survives a killed process; on the disk within 50 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionType:
    """What holds for all actions of one type."""

    name: str  # noun.verb; never reused for another meaning
    made: type[Any]
    sections: tuple[Section, ...]  # each of which must agree
    durability: Durability  # of those that change something: `durability_of` knows which only read
    ocsf_class: int  # as published by OCSF 1.x, for exports
    compares: tuple[str, ...]  # what a grant for one such action must share with a later one
    fields: Mapping[str, FieldKind]
    words: Mapping[str, type[Enum]]  # of the fields that are enumerations


_FSYNC, _WRITTEN = Durability.FSYNC, Durability.WRITTEN
_OF_MODELS = (Section.MODELS, Section.SOURCES, Section.LICENSES)
_OF_AGENTS, _OF_RUNTIMES = (Section.AGENTS,), (Section.RUNTIMES,)

# OCSF: 1001 file system, 1007 process, 3005 user access, 4001 network, 4002 HTTP, 5001 device inventory,
# 5020 software inventory, 6003 API activity.
_ROWS: tuple[tuple[str, type[Any], tuple[Section, ...], Durability, int, str], ...] = (
    ("model.use", ModelUse, _OF_MODELS, _WRITTEN, 5020, "agent name digest purpose"),
    ("model.pull", ModelPull, _OF_MODELS, _FSYNC, 6003, "agent name revision digest source purpose"),
    ("model.sign", ModelSign, (Section.MODELS,), _FSYNC, 6003, "agent name path signer"),
    ("model.quarantine", ModelQuarantine, (Section.MODELS,), _FSYNC, 1001, "agent path digest"),
    ("runtime.run", RuntimeRun, _OF_RUNTIMES, _WRITTEN, 5020, "agent name version path"),
    ("listener.serve", ListenerServe, _OF_RUNTIMES, _WRITTEN, 5001, "agent server address port"),
    ("listener.ask", ListenerAsk, _OF_RUNTIMES, _WRITTEN, 4001, "agent address port"),
    ("agent.run", AgentRun, _OF_AGENTS, _WRITTEN, 5020, "agent version owner"),
    ("command.run", CommandRun, _OF_AGENTS, _FSYNC, 1007, "agent session program arguments folder"),
    ("file.read", FileRead, _OF_AGENTS, _WRITTEN, 1001, "agent session path"),
    ("file.write", FileWrite, _OF_AGENTS, _FSYNC, 1001, "agent session path"),
    ("host.connect", HostConnect, _OF_AGENTS, _WRITTEN, 4001, "agent session host port raw"),
    ("http.request", HttpRequest, _OF_AGENTS, _FSYNC, 4002,
     "agent session host port method path query operations"),
    ("git.push", GitUpdate, _OF_AGENTS, _FSYNC, 6003, "agent session host port repository ref change force"),
    ("credential.use", CredentialUse, _OF_AGENTS, _FSYNC, 6003, "agent session credential host method path"),
    ("credential.keep", CredentialKeep, _OF_AGENTS, _FSYNC, 6003,
     "agent session change credential kind hosts"),
    ("tool.call", ToolCall, _OF_AGENTS, _FSYNC, 6003, "agent session server tool schema_digest arguments"),
    ("prompt.send", PromptSend, (Section.DATA,), _FSYNC, 6003, "agent session model host local sensitivity"),
    ("grant.give", GrantGive, (Section.OPERATORS,), _FSYNC, 3005, "operator asked_by action_type"),
    ("record.prune", RecordPrune, (Section.RETENTION,), _FSYNC, 6003, "event_types older_than_days"),
)  # fmt: skip


def _made(  # noqa: PLR0917 - a row of the table
    name: str,
    made: type[Any],
    sections: tuple[Section, ...],
    durability: Durability,
    ocsf_class: int,
    compares: str,
) -> ActionType:
    found = fields(made)
    words = {each.name: each.metadata["words"] for each in found if each.metadata["words"]}
    return ActionType(
        name=name,
        made=made,
        sections=sections,
        durability=durability,
        ocsf_class=ocsf_class,
        compares=tuple(compares.split()),
        fields=MappingProxyType({each.name: each.metadata["kind"] for each in found}),
        words=MappingProxyType(words),
    )


ACTION_TYPES: tuple[ActionType, ...] = tuple(_made(*row) for row in _ROWS)

_OF = {each.made: each for each in ACTION_TYPES}
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Of requests that only read: RFC 9110, 9.2.1, safe methods."""


def type_of(action: Action) -> ActionType:
    """What holds for actions of this type."""
    return _OF[type(action)]


def durability_of(action: Action) -> Durability:
    """When this action's record is safe: a request that only reads need not be on the disk before it."""
    if isinstance(action, HttpRequest) and action.method in READING_METHODS:
        return Durability.WRITTEN
    return type_of(action).durability
