"""Events in words: what happened, to what, what the policy said, and the line that said so.

Subjects and reasons hold text of anybody's: who shows them spells out what hides or moves.
"""

from collections.abc import Mapping
from typing import assert_never

from ringfence.app.ledger.telling_boxes import box_told
from ringfence.app.ledger.words import Told
from ringfence.core.decisions import Decision, Effect, Reason
from ringfence.core.ids import session_name
from ringfence.core.standings import Standing
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.ask_opened import AskOpened
from ringfence.ledger.events.ask_withdrawn import AskWithdrawn
from ringfence.ledger.events.break_glass_used import BreakGlassUsed
from ringfence.ledger.events.checkpoint_made import CheckpointMade
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
from ringfence.ledger.events.scan_finished import ScanFinished
from ringfence.ledger.events.scan_started import ScanStarted
from ringfence.ledger.events.session_lowered import SessionLowered
from ringfence.ledger.events.spend_counted import SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved
from ringfence.ledger.events.thing import Thing, ThingKind
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.events.tool_changed import ToolChanged
from ringfence.ledger.events.tool_untold import ToolUntold
from ringfence.ledger.events.vault_rewritten import VaultRewritten
from ringfence.ledger.ledger import Recorded, Unknown
from ringfence.ledger.values import Facts, Json

__all__ = ["Told", "action_type", "fact", "facts_in", "subject_of", "thing_name", "told"]

_ID_CHARS = 8

# Which facts say best what an action is about, joined by what stands between them.
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "runtime.run": ("name", " ", "version"),
    "listener.serve": ("server", " ", "address", ":", "port"),
    "listener.ask": ("address", ":", "port"),
    "agent.run": ("agent", " ", "version"),
    "command.run": ("program", " ", "arguments"),
    "file.read": ("path",),
    "file.write": ("path",),
    "host.connect": ("host", ":", "port"),
    "http.request": ("method", " ", "host", "", "path"),
    "git.push": ("repository", " ", "ref", " at ", "host"),
    "credential.use": ("credential", " for ", "host"),
    "credential.keep": ("change", " ", "credential"),
    "tool.call": ("server", "/", "tool"),
    "prompt.send": ("model", " at ", "host"),
    "grant.give": ("operator", " for ", "action_type"),
    "record.prune": ("event_types",),
}

_USES: Mapping[ThingKind, str] = {
    ThingKind.MODEL: "model.use",
    ThingKind.LISTENER: "listener.serve",
    ThingKind.RUNTIME: "runtime.run",
    ThingKind.AGENT: "agent.run",
}


def told(recorded: Recorded) -> Told:
    """What there is to say at a glance."""
    event = recorded.event
    if event is None:
        return Told(what=f"{_name(recorded.type)}, forgotten as the policy says")
    if isinstance(event, Unknown):
        return Told(what=f"{_name(recorded.type)}, of a kind that this ringfence does not know")
    return _told(event)


def facts_in(event: Event | Unknown | None) -> Facts:
    """What an event knows of the action or thing that it is about; its type as `action`, if it has one."""
    match event:
        case DecisionMade(action=facts) | AskOpened(action=facts) | GrantUsed(action=facts):
            return facts
        case BreakGlassUsed(action=facts):
            return facts
        case GrantGiven(compared=facts, action_type=type_):
            return {**facts, "action": type_}
        case ThingAppeared(thing=thing) | ThingChanged(thing=thing) | ThingVanished(thing=thing):
            return {**thing.facts, "action": _USES[thing.kind]}
    return {}


def action_type(facts: Facts) -> str:
    """The type of the action that these facts tell."""
    return str(facts.get("action", "action"))


def fact(facts: Facts, name: str) -> str:
    """One fact as text; "" when nobody knows it."""
    return _text(facts.get(name))


def subject_of(facts: Facts) -> str:
    """What an action is about, and which agent acts."""
    type_ = action_type(facts)
    parts = _SUBJECTS.get(type_, ("name",))
    subject = fact(facts, parts[0])
    for between, name in zip(parts[1::2], parts[2::2], strict=True):
        more = fact(facts, name)
        subject += f"{between if subject else ''}{more}" if more else ""
    agent = fact(facts, "agent")
    return f"{subject} by {agent}" if agent and type_ != "agent.run" else subject


def _told(event: Event) -> Told:
    match event:
        case DecisionMade():
            return _decision(event)
        case AskOpened(action=action, rules=rules):
            return Told(
                what=f"{action_type(action)} waits for a yes",
                subject=subject_of(action),
                effect="ask",
                rule=", ".join(rules),
            )
        case AskWithdrawn(ask=ask, why=why):
            return Told(what=f"question {_id(ask)} withdrawn", subject=why)
        case GrantGiven() | GrantRefused() | GrantUsed() | GrantRevoked() | BreakGlassUsed():
            return _answer(event)
        case EffectDone() | EffectFailed():
            return _effect(event)
        case PolicyLoaded(digest=digest, files=files):
            names = ", ".join(each.name for each in files)
            return Told(what=f"policy {digest[:_ID_CHARS]} in force", subject=names)
        case PolicyRefused(faults=faults):
            first = f"{faults[0].file}:{faults[0].line or 1}: {faults[0].what.text}" if faults else ""
            return Told(what="policy refused", subject=first)
        case ThingAppeared() | ThingChanged() | ThingVanished():
            return _thing(event)
        case (
            SandboxStarted()
            | SandboxRefused()
            | SandboxEnded()
            | SandboxForgotten()
            | ProcessStarted()
            | ProcessUntold()
            | PortsPublished()
        ):
            return box_told(event)
        case CredentialKept() | CredentialRemoved() | VaultRewritten():
            return _vault(event)
        case (
            SpendReserved()
            | SpendCounted()
            | EgressOpened()
            | EgressCarried()
            | EgressRefused()
            | SessionLowered()
            | ToolChanged()
            | ToolUntold()
        ):
            return _egress(event)
        case _:
            return _record(event)


def _record(
    event: ScanStarted | ScanFinished | EventsPruned | HoldSet | HoldLifted | HomeForgotten | CheckpointMade,
) -> Told:
    match event:
        case ScanStarted(scope=scope):
            more = f" and {len(scope) - 1} other places" if len(scope) > 2 else ""
            return Told(what="scan started", subject=scope[0] + more if more else ", ".join(scope))
        case ScanFinished(things=things, appeared=new, changed=changed, vanished=gone, complete=complete):
            whole = "" if complete else ", not complete"
            return Told(
                what=f"scan finished{whole}",
                subject=f"{things} things: {new} new, {changed} changed, {gone} gone",
            )
        case EventsPruned(of_stream=stream, types=types, events=events):
            return Told(what=f"{events} events forgotten", subject=f"{', '.join(types)} of {stream}")
        case HoldSet(hold=hold, streams=streams, types=types, operator=operator):
            return Told(what=f"hold {_id(hold)} set by {operator}", subject=f"{types} of {streams}")
        case HomeForgotten(home=home, operator=operator):
            return Told(what=f"kept home forgotten by {operator}", subject=home)
        case HoldLifted(hold=hold, operator=operator, why=why):
            return Told(what=f"hold {_id(hold)} lifted by {operator}", subject=why.text)
        case CheckpointMade(size=size):
            return Told(what=f"{size} events signed")
        case _:
            assert_never(event)


def _decision(event: DecisionMade) -> Told:
    decision, type_ = event.decision, action_type(event.action)
    reason = decision.reasons[0] if decision.reasons else None
    return Told(
        what=f"{type_} {_outcome(event, decision)}",
        subject=subject_of(event.action),
        effect=decision.effect.value,
        mode=decision.mode.value,
        place=_place(reason),
        rule=reason.rule if reason else None,
    )


def _outcome(event: DecisionMade, decision: Decision) -> str:
    if event.proceeds:
        if event.grant:
            return f"allowed by grant {_id(event.grant)}"
        return "allowed" if decision.effect is Effect.ALLOW else "went ahead"
    if decision.effect is Effect.ASK:
        return f"held, question {_id(event.ask)}" if event.ask else "held"
    return "refused"


def _effect(event: EffectDone | EffectFailed) -> Told:
    if isinstance(event, EffectFailed):
        return Told(what=f"{event.action_type} failed", subject=event.problem.text)
    at = f"{event.decision_stream}:{event.decision_seq}"
    return Told(what=f"{event.action_type} done", subject=f"as decided at {at}")


def _answer(event: GrantGiven | GrantRefused | GrantUsed | GrantRevoked | BreakGlassUsed) -> Told:
    match event:
        case GrantGiven(grant=grant, action_type=type_, operator=operator):
            what = f"{type_} granted by {operator}, grant {_id(grant)}"
            return Told(what=what, subject=subject_of(facts_in(event)))
        case GrantRefused(ask=ask, operator=operator, note=note):
            return Told(what=f"question {_id(ask)} refused by {operator}", subject=note.text if note else "")
        case GrantRevoked(grant=grant, operator=operator, note=note):
            return Told(what=f"grant {_id(grant)} revoked by {operator}", subject=note.text if note else "")
        case GrantUsed(grant=grant, use=use, action=action):
            what = f"grant {_id(grant)} used for {action_type(action)}, use {use}"
            return Told(what=what, subject=subject_of(action))
        case BreakGlassUsed(operator=operator, action=action, why=why):
            what = f"glass broken by {operator} for {action_type(action)}"
            return Told(what=what, subject=f"{subject_of(action)}: {why.text}")
        case _:
            assert_never(event)


def _thing(event: ThingAppeared | ThingChanged | ThingVanished) -> Told:
    thing = event.thing
    match event:
        case ThingAppeared():
            what = f"{thing.kind} appeared"
        case ThingChanged(changed=changed):
            what = f"{thing.kind} changed: {', '.join(changed)}" if changed else f"{thing.kind} changed"
        case ThingVanished():
            what = f"{thing.kind} vanished"
        case _:
            assert_never(event)
    standing = thing.standing
    return Told(
        what=what,
        subject=thing_name(thing),
        effect=standing.word.value if standing else None,
        mode=standing.mode.value if standing else None,
        place=_place(standing),
        rule=standing.rule if standing else None,
    )


def _vault(event: CredentialKept | CredentialRemoved | VaultRewritten) -> Told:
    match event:
        case CredentialKept(credential=name, kind=kind, rotated=rotated):
            return Told(what=f"{kind} credential {'rotated' if rotated else 'kept'}", subject=name)
        case CredentialRemoved(credential=name, kind=kind):
            return Told(what=f"{kind} credential removed", subject=name)
        case VaultRewritten(why=why, key=key):
            return Told(what=f"vault {why}; its key: {key}")
        case _:
            assert_never(event)


def _egress(
    event: SpendReserved
    | SpendCounted
    | EgressOpened
    | EgressCarried
    | EgressRefused
    | SessionLowered
    | ToolChanged
    | ToolUntold,
) -> Told:
    name = session_name(event.session)
    match event:
        case SpendReserved() | SpendCounted():
            return _spend(event)
        case EgressOpened(ports=ports, catches_all_ports=catches_all, credentials=credentials):
            heard = "all ports" if catches_all else f"ports {', '.join(map(str, ports))}"
            placed = f"{len(credentials)} credential{'' if len(credentials) == 1 else 's'} outside"
            return Told(what=f"way out of {name} opened: {heard}, {placed}", subject=", ".join(credentials))
        case EgressCarried(sent_bytes=sent, received_bytes=received):
            return Told(what=f"way out of {name} carried {sent} bytes out, {received} in")
        case EgressRefused(trouble=trouble, host=host, what=what, times=times):
            often = f", {times} times" if times > 1 else ""
            where = f"{host.text}: " if host else ""
            return Told(what=f"way out of {name} refused: {trouble}{often}", subject=f"{where}{what.text}")
        case SessionLowered(integrity=integrity, sensitivity=sensitivity, by=by):
            return Told(what=f"session {name} lowered to {integrity}, {sensitivity}", subject=by.text)
        case ToolChanged(server=server, tool=tool, was=was):
            how = "is new" if was is None else "is described otherwise"
            return Told(what=f"a tool in {name} {how}", subject=f"{server}.{tool.text}")
        case ToolUntold(server=server, times=times):
            often = "once" if times == 1 else f"{times} times"
            return Told(what=f"tools in {name} changed {often} more than is told one by one", subject=server)
        case _:
            assert_never(event)


def _spend(event: SpendReserved | SpendCounted) -> Told:
    amount = f"{event.usd_micro / 1_000_000:.6f} USD"
    match event:
        case SpendReserved(model=model):
            return Told(what=f"up to {amount} reserved by {session_name(event.session)}", subject=model.text)
        case SpendCounted(model=model, basis=basis):
            what = f"{amount} spent by {session_name(event.session)}, by {basis}"
            return Told(what=what, subject=model.text)
        case _:
            assert_never(event)


def thing_name(thing: Thing) -> str:
    """As an action of its kind would be told."""
    return subject_of({**thing.facts, "action": _USES[thing.kind]}) or thing.id


def _place(reason: Reason | Standing | None) -> str | None:
    return str(reason.at) if reason is not None and reason.at is not None else None


def _text(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case Mapping():
            return "…"
        case list() | tuple():
            return " ".join(map(_text, value))
    return str(value)  # a fraction, which only a tampered file has


def _name(type_: str) -> str:
    return type_.partition("/")[0]


def _id(id_: str) -> str:
    return id_[:_ID_CHARS]
