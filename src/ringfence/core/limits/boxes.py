"""Bounds: boxes and the working trees that they get."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import KIB, MIB

__all__ = ["Boxes"]


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """Boxes and the working trees that they get."""

    # A working tree that a box gets
    tree_folders: int = 200_000
    tree_names: int = 3_000_000
    tree_depth: int = 256
    tree_settings_depth: int = 2  # folders below its top whose configuration files are searched for tokens
    tree_settings: int = 2_000  # of them; those nearest to its top
    tree_suspects: int = 10_000  # other files that are opened to see whether they hold a secret
    tree_kept: int = 1_000  # names that are kept, and files with secrets: each is a mount
    tree_told: int = 1_000  # files whose change is told
    tree_cache_bytes: int = 64 * MIB
    tree_record_bytes: int = 64 * MIB
    secret_head_bytes: int = 64 * KIB
    git_folders: int = 256  # of one tree
    git_config_bytes: int = 1 * MIB
    git_config_entries: int = 20_000
    git_pointer_bytes: int = 4 * KIB
    git_names: int = 2_000  # hooks of one git folder, submodules and worktrees of one
    kept_file_bytes: int = 1 * MIB  # of one file that is put back when a run changed it

    # The box
    terminal_string_chars: int = 4_096  # of one command to the terminal; a title, a link
    terminal_sequence_chars: int = 256
    terminal_buffer_bytes: int = 64 * KIB  # of keys that nobody reads, or output that the terminal holds up
    refused_kinds: int = 1_000  # that one session records; more are counted together
    start_wait_s: float = 30.0  # for a box to stand
    last_word_s: float = 1.0  # for the launcher to say which limits a box met that has ended
    refused_at_once: int = 256  # calls that are answered in one go
    start_arguments: int = 16  # of a program that starts; more are left out of the record
    start_argument_bytes: int = 512
    started_pairs: int = 1_000  # programs and who started them that one session counts apart
    started_programs: int = 10_000  # paths that are known to be there
    started_told_s: float = 1.0  # between two times that the record is told
    plan_ports: int = 64  # that a box catches one by one
    published_ports: int = 64  # of one box
    published_connections: int = 128  # at one time, of all ports of a box
    published_waiting_bytes: int = 256 * KIB  # of one direction of a connection
    plan_items: int = 100_000  # of one list in a plan
    plan_names: int = 1_000_000  # looked at to find what the policy's patterns stand for
    plan_places: int = 20_000  # of the host that they may stand for
    probed_paths: int = 256  # of each kind that the probe tries
    home_copy_bytes: int = 256 * MIB  # of a kept home, for a session that cannot have it
    home_copy_names: int = 20_000
    home_copy_depth: int = 64  # folders in folders
    home_size_names: int = 500_000  # that are counted to tell how large a kept home is
