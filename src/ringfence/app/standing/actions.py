"""Each thing as the action that a policy judges: that it is there to be used."""

from collections.abc import Iterable

from ringfence.app.standing.sources import source_of
from ringfence.core.actions import (
    Action,
    AgentRun,
    Exposure,
    ListenerServe,
    ModelUse,
    Purpose,
    RuntimeRun,
)
from ringfence.core.machine import Agent, Listener, Runtime
from ringfence.core.models import Model

__all__ = ["Seen", "use_of"]

Seen = Model | Listener | Runtime | Agent
"""What the policy judges of an inventory."""

_LOOSE = "none"  # the store of files that are in none


def use_of(thing: Seen, *, purpose: Purpose | None = None) -> Action:
    """The action with all that is known of the thing.

    `purpose` is what models are asked about for. Where nobody says, that is to experiment: the least that
    somebody does who has one.
    """
    match thing:
        case Model():
            return _of_model(thing, purpose)
        case Listener():
            return ListenerServe(
                server=thing.server,
                address=thing.address,
                port=thing.port,
                exposure=Exposure.NETWORK if thing.exposed else Exposure.LOOPBACK,
                models=thing.models,
            )
        case Runtime():
            return RuntimeRun(
                name=thing.name,
                version=thing.version,
                kind=thing.kind.value,
                installed_by=thing.source,
                path=str(thing.location),
            )
        case Agent():
            return AgentRun(
                agent=thing.name,
                version=thing.version,
                tool_servers=_each(server.name for server in thing.mcp_servers),
                skills=_each(skill.name for skill in thing.skills),
                credentials=_each(credential.kind for credential in thing.credentials),
            )


def _of_model(model: Model, purpose: Purpose | None) -> ModelUse:
    """Nobody knows all findings of a model that was not judged, so then they are unknown."""
    licensed = model.effective_license is not None
    return ModelUse(
        name=model.name,
        revision=model.revision,
        digest=model.id,
        formats=_each(file.format for file in model.files if file.format is not None),
        store=model.store or _LOOSE,
        source=source_of(model),
        license=model.effective_license,
        obligations=_each(each.id for each in model.obligations) if licensed else None,
        size_bytes=None if model.remote else model.size_bytes,
        verdict=model.verdict,
        findings=None if model.verdict is None else _each(each.check for each in model.findings),
        remote=model.remote,
        purpose=purpose or Purpose.EXPERIMENT,
    )


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
