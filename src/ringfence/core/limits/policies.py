"""Bounds: policy documents, and what is learned, imported or compared to make one."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import MIB

__all__ = ["Policies"]


@dataclass(frozen=True, kw_only=True)
class Policies:
    """Policy documents, and what is learned, imported or compared to make one."""

    policy_files: int = 64
    policy_bytes: int = 16 * MIB  # of one; ten thousand rules have two
    policy_nodes: int = 1_000_000  # keys and values of one
    policy_depth: int = 24  # lists and mappings within each other
    policy_text_chars: int = 4_000  # of one value
    policy_problems: int = 100  # that are told of one
    policy_quoted_chars: int = 60  # of what stands there, in a problem
    policy_pattern_chars: int = 1_000  # of one pattern
    policy_pattern_steps: int = 2_000_000  # of patterns followed side by side, to tell them apart
    policy_outcomes: int = 10_000  # decisions that are kept for what the same rules matched
    policy_version_chars: int = 100  # of a version that is compared
    policy_kinds: int = 100  # of values of one fact that are put together of others
    policy_compared: int = 100_000  # steps to find out what another policy makes possible
    policy_turns: int = 20_000  # decisions to find facts that would turn one
    policy_near_rules: int = 200  # whose conditions are tried for that
    egress_ports: int = 64  # that policy names and a box listens on besides its own
    policy_cases: int = 10_000  # of all files that are tried at one time
    learned_requests: int = 4_096  # of one session that are told apart where a policy is learned from it
    learned_hosts: int = 32  # that are proposed; others are counted
    learned_entries: int = 16  # of one host
    registries: int = 32  # of packages, that a machine's package managers are set to
    registry_settings_bytes: int = 1 * MIB  # of one file that says so
    registry_settings_lines: int = 4_000
    registry_places: int = 100  # of one pattern, where package managers may be installed
    imported_rules: int = 1_000  # network policies of all files that are imported
    imported_endpoints: int = 1_000
    imported_entries: int = 20_000  # that they come down to
