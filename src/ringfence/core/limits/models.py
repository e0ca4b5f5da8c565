"""Bounds: models as they are compared, converted, named by code, packed into images and signed."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import GIB, KIB, MIB

__all__ = ["Models"]


@dataclass(frozen=True, kw_only=True)
class Models:
    """Models as they are compared, converted, named by code, packed into images and signed."""

    # Checkpoints whose tensors are listed, compared or converted
    state_ops: int = 10_000_000  # opcodes of the pickle; 200,000 tensors take half of them
    state_values: int = 1_000_000  # tensors and all else that dictionaries lead to
    gathered_bytes: int = 2 * GIB  # of one tensor that does not lie in order
    gathered_runs: int = 20_000_000  # rows of such a tensor
    converted_growth: int = 4  # times a checkpoint's own size, where tensors share their bytes

    # Two versions of a model that are compared
    diffed_lines: int = 2_000  # of each text; the time grows with their product
    diffed_values: int = 100_000  # of one configuration
    diff_lines: int = 200  # of one text that are shown
    diff_line_chars: int = 240
    diff_names: int = 20  # of tensors or words that are shown
    diff_items: int = 1_000  # texts, values or files that are told

    # Locks, container images and what code says of models
    references: int = 10_000  # of one tree
    reference_files: int = 50_000  # looked into for them
    reference_bytes: int = 256 * MIB  # of all these files; one has script_bytes at most
    reference_line_chars: int = 4_000  # looked at of one line
    bad_digests_bytes: int = 64 * MIB
    image_bytes: int = 64 * GIB  # that the layers of one image inflate to, and that are taken out of them
    image_layers: int = 1_000  # docker allows 127
    image_manifests: int = 64  # of one layout: one for each platform
    image_files: int = 1_000_000  # in all layers
    image_links: int = 40  # followed to one file, as Linux does
    image_s: float = 1800.0  # for taking the models out of one image
    image_sniffed_bytes: int = 64 * KIB  # files of unknown suffix in an image are looked into from here on
    image_beside_bytes: int = 64 * MIB  # of one file that lies beside a model

    # Signatures
    signature_bytes: int = 64 * MIB  # a file that holds one, or the statement within it
    signature_certificates: int = 10
    signed_pieces: int = 200_000  # files, or shards of files
    signed_findings: int = 1_000  # of one check; the rest is counted
