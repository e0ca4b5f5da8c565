"""What kind of thing an event tells of, and whether something was refused."""

from collections.abc import Mapping
from enum import StrEnum

from ringfence.app.ledger.telling import action_type, facts_in
from ringfence.core.decisions import Mode
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.ledger import Recorded, Unknown

__all__ = ["Kind", "is_refusal", "kind_of"]


class Kind(StrEnum):
    """As people choose them."""

    BOX = "box"  # a command that starts in a box, and the box's own refusals
    PROCESS = "process"  # programs that start in a box
    CONNECTION = "connect"
    REQUEST = "request"  # HTTP, pushes, prompts
    TOOL = "tool"
    CREDENTIAL = "secret"  # uses of credentials, and the vault
    LABEL = "label"  # what a session counts as
    ASK = "ask"  # questions, and operators' answers
    MODEL = "model"  # models, runtimes, listeners, agents of this machine
    RECORD = "record"  # policies, scans, and the ledger's own


_OF_ACTIONS: Mapping[str, Kind] = {
    "command.run": Kind.BOX,
    "file.read": Kind.BOX,
    "file.write": Kind.BOX,
    "host.connect": Kind.CONNECTION,
    "http.request": Kind.REQUEST,
    "git.push": Kind.REQUEST,
    "prompt.send": Kind.REQUEST,
    "tool.call": Kind.TOOL,
    "credential.use": Kind.CREDENTIAL,
    "credential.keep": Kind.CREDENTIAL,
    "grant.give": Kind.ASK,
    "record.prune": Kind.RECORD,
}
_OF_NOUNS: Mapping[str, Kind] = {
    "sandbox": Kind.BOX,
    "process": Kind.PROCESS,
    "egress": Kind.CONNECTION,
    "ports": Kind.CONNECTION,
    "credential": Kind.CREDENTIAL,
    "vault": Kind.CREDENTIAL,
    "session": Kind.LABEL,
    "tool": Kind.TOOL,
    "ask": Kind.ASK,
    "grant": Kind.ASK,
    "break_glass": Kind.ASK,
    "thing": Kind.MODEL,
}
_REFUSALS = ("sandbox.refused/", "egress.refused/", "grant.refused/", "policy.refused/", "effect.failed/")


def kind_of(recorded: Recorded) -> Kind:
    """By the action that it decides, else by the noun of its type."""
    event = recorded.event
    if recorded.type.startswith("decision.") or recorded.type.startswith("effect."):
        return _OF_ACTIONS.get(_action(event), Kind.MODEL)
    return _OF_NOUNS.get(recorded.type.partition(".")[0], Kind.RECORD)


def is_refusal(recorded: Recorded) -> bool:
    """Whether something did not go ahead, or waits."""
    event = recorded.event
    if isinstance(event, DecisionMade):
        return not event.proceeds and event.decision.mode is Mode.ENFORCE
    return recorded.type.startswith(_REFUSALS)


def _action(event: Event | Unknown | None) -> str:
    return str(getattr(event, "action_type", "")) or action_type(facts_in(event))
