"""Each type of event in its class of OCSF.

A thing is inventory, and a finding while the policy has something against it. What was forgotten is left out.
The whole body as it is recorded goes along under `unmapped`, since OCSF has no place for all of it.
"""

import json
from collections.abc import Mapping
from typing import Any

from ringfence.app.documents import as_json
from ringfence.app.ledger.bodies import body_of
from ringfence.app.ledger.ocsf.actions import acting, ai_model, mapped
from ringfence.app.ledger.ocsf.frame import Made, Severity, device_of, frame, text
from ringfence.app.ledger.ocsf.processes import process_event
from ringfence.app.ledger.ocsf.things import thing_event
from ringfence.app.ledger.telling import Told, action_type, facts_in, subject_of, told
from ringfence.core.decisions import Decision, Effect, Mode, Reason
from ringfence.ledger.chain import Row
from ringfence.ledger.events.ask_opened import AskOpened
from ringfence.ledger.events.ask_withdrawn import AskWithdrawn
from ringfence.ledger.events.break_glass_used import BreakGlassUsed
from ringfence.ledger.events.credential_kept import CredentialKept
from ringfence.ledger.events.credential_removed import CredentialRemoved
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.effect_done import EffectDone
from ringfence.ledger.events.effect_failed import EffectFailed
from ringfence.ledger.events.egress_carried import EgressCarried
from ringfence.ledger.events.egress_opened import EgressOpened
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.events.events_pruned import EventsPruned
from ringfence.ledger.events.grant_given import GrantGiven
from ringfence.ledger.events.grant_refused import GrantRefused
from ringfence.ledger.events.grant_revoked import GrantRevoked
from ringfence.ledger.events.grant_used import GrantUsed
from ringfence.ledger.events.hold_lifted import HoldLifted
from ringfence.ledger.events.hold_set import HoldSet
from ringfence.ledger.events.home_forgotten import HomeForgotten
from ringfence.ledger.events.policy_loaded import PolicyLoaded
from ringfence.ledger.events.policy_refused import PolicyRefused
from ringfence.ledger.events.ports_published import PortsPublished
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold
from ringfence.ledger.events.sandbox_ended import SandboxEnded
from ringfence.ledger.events.sandbox_forgotten import SandboxForgotten
from ringfence.ledger.events.sandbox_refused import SandboxRefused
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.events.session_lowered import SessionLowered
from ringfence.ledger.events.spend_counted import SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.events.tool_changed import ToolChanged
from ringfence.ledger.events.tool_untold import ToolUntold
from ringfence.ledger.events.vault_rewritten import VaultRewritten
from ringfence.ledger.ledger import Recorded

__all__ = ["CLASS_OF_EVENT", "ocsf_event", "ocsf_line"]

CLASS_OF_EVENT: Mapping[str, str] = {
    "decision.made": "by action",
    "thing.appeared": "5020, 5001, 2003",
    "thing.changed": "5020, 5001, 2003",
    "thing.vanished": "5020, 5001, 2003",
    "ask.opened": "3005",
    "ask.withdrawn": "3005",
    "grant.given": "3005",
    "grant.refused": "3005",
    "grant.revoked": "3005",
    "grant.used": "3005",
    "break_glass.used": "2004",
    "policy.refused": "2004",
    "effect.done": "6003",
    "effect.failed": "6003",
    "events.pruned": "6003",
    "hold.lifted": "6003",
    "hold.set": "6003",
    "home.forgotten": "6003",
    "policy.loaded": "6003",
    "credential.kept": "6003",
    "credential.removed": "6003",
    "process.started": "1007",
    "process.untold": "6003",
    "sandbox.ended": "6003",
    "sandbox.forgotten": "6003",
    "sandbox.refused": "2004",
    "sandbox.started": "6003",
    "egress.opened": "6003",
    "egress.carried": "6003",
    "ports.published": "6003",
    "egress.refused": "2004",
    "session.lowered": "6003",
    "spend.counted": "6003",
    "spend.reserved": "6003",
    "tool.changed": "2004",
    "tool.untold": "2004",
    "vault.rewritten": "6003",
}
"""By type of event; what is not here is left out, since OCSF has no place for it."""

_INFO, _LOW, _MEDIUM, _HIGH = (
    Severity(1, "Informational"),
    Severity(2, "Low"),
    Severity(3, "Medium"),
    Severity(4, "High"),
)
_OTHER = 99
_UNKNOWN = "unknown"


def ocsf_line(row: Row, recorded: Recorded) -> str | None:
    """The event as one line of JSON; None when it is left out."""
    made = ocsf_event(row, recorded)
    return None if made is None else json.dumps(as_json(made), allow_nan=False)


def ocsf_event(row: Row, recorded: Recorded) -> Made | None:
    """The event; None when it is left out."""
    words = told(recorded)
    event = recorded.event
    made: Made | None
    match event:
        case DecisionMade():
            made = _decision(row, words, event)
        case ThingAppeared() | ThingChanged() | ThingVanished():
            made = thing_event(row, words, event)
        case AskOpened() | AskWithdrawn() | GrantGiven() | GrantRefused() | GrantUsed() | GrantRevoked():
            made = _access(row, words, event)
        case (
            BreakGlassUsed()
            | PolicyRefused()
            | SandboxRefused()
            | EgressRefused()
            | ToolChanged()
            | ToolUntold()
        ):
            made = _detection(row, words, event)
        case EffectDone() | EffectFailed() | PolicyLoaded() | EventsPruned() | HoldSet() | HoldLifted():
            made = _operation(row, words, event)
        case ProcessStarted():
            made = process_event(row, words, event)
        case SandboxStarted() | SandboxEnded() | CredentialKept() | CredentialRemoved() | VaultRewritten():
            made = _operation(row, words, event)
        case (
            ProcessUntold()
            | PortsPublished()
            | SandboxForgotten()
            | HomeForgotten()
            | EgressOpened()
            | EgressCarried()
            | SessionLowered()
            | SpendReserved()
            | SpendCounted()
        ):
            made = _operation(row, words, event)
        case _:
            return None
    if made is None:
        return None
    rest: Made = {"stream": row.stream, "seq": row.seq, "body": body_of(row)}
    model = ai_model(facts_in(event))
    if model is not None and "ai_model" not in made:
        rest["ai_model"] = model
    return made | {"unmapped": rest}


def _decision(row: Row, words: Told, event: DecisionMade) -> Made | None:
    decision = event.decision
    found = mapped(event.action, proceeds=event.proceeds, uid=row.hash.hex(), device=device_of(row))
    if found is None:
        return None
    action, disposition = _outcome(event)
    made = frame(
        row,
        words,
        class_=found.class_,
        activity=found.activity,
        own=action_type(event.action),
        severity=_severity(decision),
        profiles=("security_control", *found.profiles),
        correlation=event.ask or event.grant,
        labels=decision.controls,
    )
    reason = decision.reasons[0] if decision.reasons else None
    return (
        made
        | found.attributes
        | {
            "actor": acting(event.action, event.asked_by),
            "action_id": action[0],
            "action": action[1],
            "disposition_id": disposition[0],
            "disposition": disposition[1],
            "is_alert": decision.effect is Effect.DENY,
            "status_id": 1 if event.proceeds else 2,
            "status": "Success" if event.proceeds else "Failure",
            "policy": _policy(reason, decision),
            "authorizations": [
                {"decision": each.effect.value, "policy": _policy(each, decision)}
                for each in decision.reasons
            ],
        }
    )


def _outcome(event: DecisionMade) -> tuple[tuple[int, str], tuple[int, str]]:
    decision = event.decision
    if not event.proceeds:
        return (2, "Denied"), (2, "Blocked")
    if event.grant:
        return (1, "Allowed"), (8, "Approved")
    if decision.effect is Effect.ALLOW:
        return (1, "Allowed"), (1, "Allowed")
    return (1, "Allowed"), (19, "Alert") if decision.mode is Mode.WARN else (17, "Logged")


def _policy(reason: Reason | None, decision: Decision) -> Made:
    made: Made = {"uid": decision.policy_digest, "is_applied": decision.mode is Mode.ENFORCE}
    if reason is not None:
        made["name"] = text(reason.rule or f"the mode of {reason.section}")
        made["is_applied"] = reason.mode is Mode.ENFORCE
        if reason.at is not None:
            made["desc"] = text(f"{reason.at}: {reason.why}" if reason.why else str(reason.at))
    return made


def _severity(decision: Decision) -> Severity:
    match decision.effect:
        case Effect.DENY:
            return _MEDIUM
        case Effect.ASK:
            return _LOW
    return _INFO


def _access(
    row: Row,
    words: Told,
    event: AskOpened | AskWithdrawn | GrantGiven | GrantRefused | GrantUsed | GrantRevoked,
) -> Made:
    """Asks and grants: a privilege, to do what is asked, is wanted, assigned, used, refused, revoked."""
    activity, own = _ACCESS[type(event)]
    facts = facts_in(event)
    asked_by = getattr(event, "asked_by", None)
    id_ = getattr(event, "ask", None) or getattr(event, "grant", None)
    made = frame(
        row,
        words,
        class_=3005,
        activity=activity,
        own=own,
        severity=_INFO,
        correlation=id_,
    )
    operator = getattr(event, "operator", None)
    made["actor"] = {"user": {"name": text(operator)}} if operator else acting(facts, asked_by)
    made["user"] = {"uid": text(asked_by or _UNKNOWN)}
    made["privileges"] = [text(action_type(facts) if facts else str(id_))]
    if facts:
        made["resources"] = [{"name": text(subject_of(facts) or _UNKNOWN), "type": action_type(facts)}]
    return made


_ACCESS: Mapping[type[Any], tuple[int, str]] = {
    AskOpened: (_OTHER, "Ask"),
    AskWithdrawn: (_OTHER, "Withdraw"),
    GrantGiven: (1, ""),
    GrantRefused: (_OTHER, "Refuse"),
    GrantUsed: (_OTHER, "Use"),
    GrantRevoked: (2, ""),
}


def _detection(
    row: Row,
    words: Told,
    event: BreakGlassUsed | PolicyRefused | SandboxRefused | EgressRefused | ToolChanged | ToolUntold,
) -> Made:
    title, severity = _DETECTIONS[type(event)]
    made = frame(
        row,
        words,
        class_=2004,
        activity=1,
        own="",
        severity=severity,
        profiles=("security_control",),
        correlation=event.grant if isinstance(event, BreakGlassUsed) else None,
    )
    resource: Made = {"name": text(words.subject or words.what), "type": row.type.partition("/")[0]}
    return made | {
        "finding_info": {"uid": row.hash.hex(), "title": title, "desc": made["message"]},
        "resources": [resource],
        "is_alert": True,
        "status_id": 1,
        "status": "New",
        "actor": {"user": {"name": text(event.operator)}}
        if isinstance(event, BreakGlassUsed)
        else {"app_name": "ringfence"},
    }


_DETECTIONS: Mapping[type[Any], tuple[str, Severity]] = {
    BreakGlassUsed: ("An operator went past the policy", _HIGH),
    PolicyRefused: ("A policy was refused", _MEDIUM),
    SandboxRefused: ("A box refused something", _LOW),
    EgressRefused: ("A way out refused something", _LOW),
    ToolChanged: ("A tool is not what it was", _LOW),
    ToolUntold: ("Tools change again and again", _LOW),
}


def _operation(
    row: Row,
    words: Told,
    event: EffectDone
    | EffectFailed
    | PolicyLoaded
    | EventsPruned
    | HoldSet
    | HoldLifted
    | SandboxStarted
    | SandboxEnded
    | SandboxForgotten
    | HomeForgotten
    | ProcessUntold
    | CredentialKept
    | CredentialRemoved
    | VaultRewritten
    | EgressOpened
    | EgressCarried
    | PortsPublished
    | SessionLowered
    | SpendReserved
    | SpendCounted,
) -> Made:
    """What ringfence itself does to its own record and policy, and what came of what was decided."""
    failed = isinstance(event, EffectFailed)
    activity = _OPERATIONS.get(type(event), _OTHER)
    operation = getattr(event, "action_type", None) or row.type.partition("/")[0]
    made = frame(
        row,
        words,
        class_=6003,
        activity=activity,
        own="Effect",
        severity=_MEDIUM if failed else _INFO,
        correlation=getattr(event, "hold", None) or getattr(event, "session", None),
    )
    operator = getattr(event, "operator", None)
    return made | {
        "actor": {"user": {"name": text(operator)}} if operator else {"app_name": "ringfence"},
        "api": {"operation": text(operation), "service": {"name": "ringfence"}},
        "src_endpoint": {"uid": device_of(row)["uid"]},
        "resources": [{"name": text(words.subject or words.what), "type": row.type.partition("/")[0]}],
        "status_id": 2 if failed else 1,
        "status": "Failure" if failed else "Success",
    }


_OPERATIONS: Mapping[type[Any], int] = {
    PolicyLoaded: 3,
    EventsPruned: 4,
    HoldSet: 1,
    HoldLifted: 4,
    SandboxStarted: 1,
    SandboxEnded: 4,
    SandboxForgotten: 4,
    HomeForgotten: 4,
    CredentialKept: 1,
    CredentialRemoved: 4,
    VaultRewritten: 3,
    EgressOpened: 1,
    PortsPublished: 1,
    SessionLowered: 3,
    SpendReserved: 1,
    SpendCounted: 3,
}
