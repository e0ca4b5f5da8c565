"""What the ledger can record: every type of event, listed here. A released type never changes its meaning."""

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
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.events.tool_changed import ToolChanged
from ringfence.ledger.events.tool_untold import ToolUntold
from ringfence.ledger.events.vault_rewritten import VaultRewritten

__all__ = ["EVENTS", "Event"]

Event = (
    DecisionMade
    | AskOpened
    | AskWithdrawn
    | GrantGiven
    | GrantRefused
    | GrantUsed
    | GrantRevoked
    | EffectDone
    | EffectFailed
    | PolicyLoaded
    | PolicyRefused
    | ScanStarted
    | ScanFinished
    | ThingAppeared
    | ThingChanged
    | ThingVanished
    | EventsPruned
    | HoldSet
    | HoldLifted
    | HomeForgotten
    | BreakGlassUsed
    | CheckpointMade
    | SandboxStarted
    | SandboxRefused
    | SandboxEnded
    | SandboxForgotten
    | ProcessStarted
    | ProcessUntold
    | CredentialKept
    | CredentialRemoved
    | VaultRewritten
    | EgressOpened
    | EgressCarried
    | PortsPublished
    | EgressRefused
    | SessionLowered
    | SpendReserved
    | SpendCounted
    | ToolChanged
    | ToolUntold
)

EVENTS: tuple[type[Event], ...] = (
    DecisionMade,
    AskOpened,
    AskWithdrawn,
    GrantGiven,
    GrantRefused,
    GrantUsed,
    GrantRevoked,
    EffectDone,
    EffectFailed,
    PolicyLoaded,
    PolicyRefused,
    ScanStarted,
    ScanFinished,
    ThingAppeared,
    ThingChanged,
    ThingVanished,
    EventsPruned,
    HoldSet,
    HoldLifted,
    HomeForgotten,
    BreakGlassUsed,
    CheckpointMade,
    SandboxStarted,
    SandboxRefused,
    SandboxEnded,
    SandboxForgotten,
    ProcessStarted,
    ProcessUntold,
    CredentialKept,
    CredentialRemoved,
    VaultRewritten,
    EgressOpened,
    EgressCarried,
    PortsPublished,
    EgressRefused,
    SessionLowered,
    SpendReserved,
    SpendCounted,
    ToolChanged,
    ToolUntold,
)
