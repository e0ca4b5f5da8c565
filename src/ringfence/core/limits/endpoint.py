"""Bounds: what is found on a machine: folders, stores, settings, packages and programs."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import GIB, KIB, MIB

__all__ = ["Endpoint"]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What is found on a machine: folders, stores, settings, packages and programs."""

    # Folders and stores
    walk_depth: int = 512
    hashed_hole_bytes: int = 16 * GIB  # of a sparse file, which costs its author nothing and a reader hours
    cached_digests: int = 200_000
    store_models: int = 100_000
    model_files: int = 10_000
    signal_items: int = 1000  # evidence of one signal; the rest is counted
    store_roots: int = 64  # of one kind of store for one home
    store_entries: int = 300_000  # names listed below one root
    store_depth: int = 32
    store_record_bytes: int = 2 * MIB  # one manifest, index or reference
    store_records_bytes: int = 64 * MIB  # all of them below one root

    # Settings, packages and repositories
    relaxed_json_bytes: int = 1 * MIB  # JSON with comments, rewritten in Python
    settings_text_bytes: int = 128 * KIB  # YAML and TOML
    settings_s: float = 20.0  # processor time for what agents and people configure, all homes together
    settings_values: int = 200_000  # of one file, looked through for secrets
    key_parts: int = 64  # of one dotted TOML key; its parser's time grows with their square
    folder_entries: int = 10_000  # names looked at in one folder
    agent_items: int = 1_000  # servers, skills or credentials of one agent
    package_head_bytes: int = 64 * KIB  # of a package's metadata, whose headers come first
    dpkg_status_bytes: int = 128 * MIB
    repository_names: int = 500  # looked at until one is code
    packed_refs_bytes: int = 64 * MIB

    # Other people's programs
    proc_file_bytes: int = 4 * MIB
    processes: int = 100_000
    process_arguments: int = 256
    process_descriptors: int = 10_000
    process_files: int = 20_000
    listening_sockets: int = 10_000
    answer_models: int = 100
    probe_requests: int = 4
    probe_request_s: float = 1.0
    probe_answer_bytes: int = 256 * KIB
    probes_at_once: int = 128
