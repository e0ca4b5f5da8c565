"""Every bound on what untrusted input may cost, in one place, each with its unit."""

from dataclasses import dataclass

__all__ = ["LIMITS", "Limits"]

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one scan may spend on what it finds. Past a limit the result says so; it is never silent."""

    # Text that strangers wrote
    evidence_chars: int = 200
    evidence_items: int = 20
    name_chars: int = 300
    metadata_value_chars: int = 1000

    # Documents that strangers wrote
    json_bytes: int = 16 * _MIB
    yaml_bytes: int = 256 * _KIB
    config_bytes: int = 4 * _MIB

    # Model files
    sniff_bytes: int = 4 * _KIB
    header_bytes: int = 100 * _MIB  # safetensors' own cap
    header_items: int = 1_000_000  # keys, tensors, members or nodes that one header may list
    header_string_bytes: int = 16 * _MIB
    header_depth: int = 16
    pickle_ops: int = 200_000  # enough to name what a checkpoint is; judging it is not scan's work
    inflated_bytes: int = 1 * _MIB

    # Folders and stores
    walk_depth: int = 512
    store_models: int = 100_000
    model_files: int = 10_000

    # Other people's programs
    proc_file_bytes: int = 4 * _MIB
    probe_requests: int = 4
    probe_request_s: float = 1.0
    probe_answer_bytes: int = 256 * _KIB
    probes_at_once: int = 128


LIMITS = Limits()
