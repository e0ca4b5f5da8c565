"""Bounds: model files: their headers, what loading them would do, and what rides with them."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import GIB, KIB, MIB

__all__ = ["Artifacts"]


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """Model files: their headers, what loading them would do, and what rides with them."""

    # Model files
    sniff_bytes: int = 4 * KIB
    header_bytes: int = 100 * MIB  # safetensors' own cap
    header_items: int = 200_000  # keys, tensors, members or nodes that one header may list
    header_strings: int = 4_000_000  # in all lists of one GGUF header; vocabularies have 300,000 at most
    headers_s: float = 30.0  # processor time for the headers of one scan; then files are only identified
    header_string_bytes: int = 16 * MIB
    header_depth: int = 16
    pickle_ops: int = 200_000  # enough to name what a checkpoint is; judging it is not scan's work
    inflated_bytes: int = 1 * MIB  # of one member, to name what it is

    # More of model files
    promised_bytes: int = 1024 * GIB  # by a file that is cut short; more is no honest size
    read_bytes: int = 128 * MIB  # of one file in all, whatever its size
    json_header_bytes: int = 25_000_000  # hubs cap safetensors headers here
    literal_bytes: int = 64 * KIB  # the header of a NumPy array
    prefix_bytes: int = 1 * MIB  # searched for marks that have no fixed place
    zip_directory_bytes: int = 64 * MIB
    zip_members: int = 100_000  # whose local headers are compared with the directory
    zip_members_of_too_many: int = 5_000  # looked into where there are more than that
    zip_overlapping: int = 16  # members that share bytes with others and are looked into all the same
    inflated_ratio: int = 1_100  # deflate itself cannot do more than 1,032
    decompressor_bytes: int = 80 * MIB  # xz -9 asks for 65 MiB
    zstd_window_log: int = 27  # 128 MiB, as much as its own tool takes unasked
    path_chars: int = 4096  # of a member of an archive
    tar_header_bytes: int = 1 * MIB  # of one member's names, attributes and holes
    seven_zip_header_bytes: int = 64 * MIB  # when inflated
    nested_arrays: int = 10_000  # of a GGUF key's value, which no known writer nests at all
    fact_items: int = 100  # names in one fact
    children: int = 4  # model files within one file

    # Files that are judged, with all files within them
    judged_bytes: int = 2 * GIB  # read of one file in all
    judged_s: float = 120.0  # for one file
    judged_memory_bytes: int = 4 * GIB  # of one process that judges
    judged_files: int = 100_000  # within one file
    judged_depth: int = 8  # of files within files
    judged_total_inflated_bytes: int = 4 * GIB  # of one file in all
    judged_findings: int = 50  # of one check in one file; the rest counts for the verdict only
    folder_files: int = 100_000  # of one folder that is inspected
    folder_json_bytes: int = 25_000_000  # of one document that is compared with the files beside it

    # Configurations and code that ride with weights
    configuration_json_bytes: int = 64 * MIB  # a tokenizer has up to 40; parsed, these are up to 2 GB
    configuration_nodes: int = 2_000_000  # values of one YAML document
    configuration_depth: int = 64  # YAML; JSON is bounded by the recursion limit
    configuration_texts: int = 200_000  # values that are looked into for what does not belong there
    python_bytes: int = 1 * MIB  # its syntax tree takes a hundred times as much
    python_nodes: int = 400_000  # of its syntax tree; ten thousand lines have a fifth of that
    python_text_chars: int = 64 * MIB  # of all text that one file puts together from constants
    script_bytes: int = 1 * MIB  # of a shell script and the like

    # Pickles that are judged, opcode by opcode
    judged_opcode_bytes: int = 512 * MIB  # walked of one file; literals that are skipped do not count
    judged_inflated_bytes: int = 256 * MIB  # of one compressed file or member
    inflated_growth: int = 4  # times a compressed file's own size, where that is more
    spool_memory_bytes: int = 32 * MIB  # of one inflated file; what is more lies on disk
    judged_json_bytes: int = 32 * MIB  # of one document that tells what to build
    storage_ops: int = 5_000_000  # opcodes walked over to find out where raw storages end
    pickle_stack: int = 16_000_000  # items
    pickle_marks: int = 1_000_000  # of containers that are open at one time
    pickle_memo: int = 16_000_000  # items
    pickle_globals: int = 10_000  # different ones
    pickle_uses: int = 10_000  # calls of what is on no list
    pickle_name_bytes: int = 1_000
    pickle_arguments: int = 64  # kept of one tuple
    pickle_nesting: int = 8  # pickles within pickles' bytes and arrays
    pickle_nested: int = 1_000  # such pickles
    pickles_stacked: int = 10_000  # one behind the other
    carved_bytes: int = 16 * MIB  # searched for pickles behind the end of one
    carved_places: int = 64

    # Graphs and tables that are judged
    graph_fields: int = 8_000_000  # of all messages of one file, a second for each million or two
    graph_depth: int = 100  # messages in messages, as protobuf itself allows
    xml_bytes: int = 256 * MIB
    xml_elements: int = 4_000_000
    xml_depth: int = 200
    xml_attributes: int = 1_000  # of one element
    serialized_items: int = 8_000_000  # R objects, UBJSON values, lines of a text
    serialized_depth: int = 10_000  # kept on a list, not on the stack

    # Text that rides with weights
    template_chars: int = 256 * KIB  # of one chat template; the longest known has 30,000
    template_constant_chars: int = 16 * KIB  # that a template puts together beforehand
    template_nodes: int = 20_000  # of its syntax tree; known ones have under 1,000
    template_steps: int = 200_000  # of following values through one template
    template_depth: int = 256  # of blocks in a Go template
    text_piece_bytes: int = 1 * MIB  # of a text that is read piece by piece
    sentence_pieces: int = 4_000_000  # fields of a SentencePiece model, those of its pieces not among them
