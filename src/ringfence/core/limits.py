"""Every bound on what untrusted input may cost, in one place, each with its unit."""

from ringfence.core.dataclass import dataclass

__all__ = ["LIMITS", "Limits"]

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # so many fields make these dear
class Limits:
    """What one scan may spend on what it finds. Past a limit the result says so; it is never silent."""

    # Text that strangers wrote
    evidence_chars: int = 200
    evidence_items: int = 20
    name_chars: int = 300
    paragraph_chars: int = 2000
    metadata_value_chars: int = 1000
    report_places: int = 20  # of one check, in a report for people
    report_rows: int = 500  # of one table there

    # Documents that strangers wrote
    json_bytes: int = 8 * _MIB  # parsed, these are up to 300 MB
    locks_bytes: int = 64 * _MIB  # all models.lock of one scan
    yaml_bytes: int = 256 * _KIB
    config_bytes: int = 4 * _MIB
    card_nodes: int = 50_000  # of a model card's front matter
    readme_bytes: int = 1 * _MIB  # searched for what its author says about limits of the model
    license_text_bytes: int = 256 * _KIB
    license_chars: int = 2000  # one license field, as an author writes it

    # Policy documents
    policy_files: int = 64
    policy_bytes: int = 16 * _MIB  # of one; ten thousand rules have two
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
    registry_settings_bytes: int = 1 * _MIB  # of one file that says so
    registry_settings_lines: int = 4_000
    registry_places: int = 100  # of one pattern, where package managers may be installed
    imported_rules: int = 1_000  # network policies of all files that are imported
    imported_endpoints: int = 1_000
    imported_entries: int = 20_000  # that they come down to

    # Model files
    sniff_bytes: int = 4 * _KIB
    header_bytes: int = 100 * _MIB  # safetensors' own cap
    header_items: int = 200_000  # keys, tensors, members or nodes that one header may list
    header_strings: int = 4_000_000  # in all lists of one GGUF header; vocabularies have 300,000 at most
    headers_s: float = 30.0  # processor time for the headers of one scan; then files are only identified
    header_string_bytes: int = 16 * _MIB
    header_depth: int = 16
    pickle_ops: int = 200_000  # enough to name what a checkpoint is; judging it is not scan's work
    inflated_bytes: int = 1 * _MIB  # of one member, to name what it is

    # Files that are judged, with all files within them
    judged_bytes: int = 2 * _GIB  # read of one file in all
    judged_s: float = 120.0  # for one file
    judged_memory_bytes: int = 4 * _GIB  # of one process that judges
    judged_files: int = 100_000  # within one file
    judged_depth: int = 8  # of files within files
    judged_total_inflated_bytes: int = 4 * _GIB  # of one file in all
    judged_findings: int = 50  # of one check in one file; the rest counts for the verdict only
    folder_files: int = 100_000  # of one folder that is inspected
    folder_json_bytes: int = 25_000_000  # of one document that is compared with the files beside it

    # Configurations and code that ride with weights
    configuration_json_bytes: int = 64 * _MIB  # a tokenizer has up to 40; parsed, these are up to 2 GB
    configuration_nodes: int = 2_000_000  # values of one YAML document
    configuration_depth: int = 64  # YAML; JSON is bounded by the recursion limit
    configuration_texts: int = 200_000  # values that are looked into for what does not belong there
    python_bytes: int = 1 * _MIB  # its syntax tree takes a hundred times as much
    python_nodes: int = 400_000  # of its syntax tree; ten thousand lines have a fifth of that
    python_text_chars: int = 64 * _MIB  # of all text that one file puts together from constants
    script_bytes: int = 1 * _MIB  # of a shell script and the like

    # Pickles that are judged, opcode by opcode
    judged_opcode_bytes: int = 512 * _MIB  # walked of one file; literals that are skipped do not count
    judged_inflated_bytes: int = 256 * _MIB  # of one compressed file or member
    inflated_growth: int = 4  # times a compressed file's own size, where that is more
    spool_memory_bytes: int = 32 * _MIB  # of one inflated file; what is more lies on disk
    judged_json_bytes: int = 32 * _MIB  # of one document that tells what to build
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
    carved_bytes: int = 16 * _MIB  # searched for pickles behind the end of one
    carved_places: int = 64

    # Checkpoints whose tensors are listed, compared or converted
    state_ops: int = 10_000_000  # opcodes of the pickle; 200,000 tensors take half of them
    state_values: int = 1_000_000  # tensors and all else that dictionaries lead to
    gathered_bytes: int = 2 * _GIB  # of one tensor that does not lie in order
    gathered_runs: int = 20_000_000  # rows of such a tensor
    converted_growth: int = 4  # times a checkpoint's own size, where tensors share their bytes

    # Two versions of a model that are compared
    diffed_lines: int = 2_000  # of each text; the time grows with their product
    diffed_values: int = 100_000  # of one configuration
    diff_lines: int = 200  # of one text that are shown
    diff_line_chars: int = 240
    diff_names: int = 20  # of tensors or words that are shown
    diff_items: int = 1_000  # texts, values or files that are told

    # Graphs and tables that are judged
    graph_fields: int = 8_000_000  # of all messages of one file, a second for each million or two
    graph_depth: int = 100  # messages in messages, as protobuf itself allows
    xml_bytes: int = 256 * _MIB
    xml_elements: int = 4_000_000
    xml_depth: int = 200
    xml_attributes: int = 1_000  # of one element
    serialized_items: int = 8_000_000  # R objects, UBJSON values, lines of a text
    serialized_depth: int = 10_000  # kept on a list, not on the stack

    # Text that rides with weights
    template_chars: int = 256 * _KIB  # of one chat template; the longest known has 30,000
    template_constant_chars: int = 16 * _KIB  # that a template puts together beforehand
    template_nodes: int = 20_000  # of its syntax tree; known ones have under 1,000
    template_steps: int = 200_000  # of following values through one template
    template_depth: int = 256  # of blocks in a Go template
    text_piece_bytes: int = 1 * _MIB  # of a text that is read piece by piece
    sentence_pieces: int = 4_000_000  # fields of a SentencePiece model, those of its pieces not among them

    # More of model files
    promised_bytes: int = 1024 * _GIB  # by a file that is cut short; more is no honest size
    read_bytes: int = 128 * _MIB  # of one file in all, whatever its size
    json_header_bytes: int = 25_000_000  # hubs cap safetensors headers here
    literal_bytes: int = 64 * _KIB  # the header of a NumPy array
    prefix_bytes: int = 1 * _MIB  # searched for marks that have no fixed place
    zip_directory_bytes: int = 64 * _MIB
    zip_members: int = 100_000  # whose local headers are compared with the directory
    zip_members_of_too_many: int = 5_000  # looked into where there are more than that
    zip_overlapping: int = 16  # members that share bytes with others and are looked into all the same
    inflated_ratio: int = 1_100  # deflate itself cannot do more than 1,032
    decompressor_bytes: int = 80 * _MIB  # xz -9 asks for 65 MiB
    zstd_window_log: int = 27  # 128 MiB, as much as its own tool takes unasked
    path_chars: int = 4096  # of a member of an archive
    tar_header_bytes: int = 1 * _MIB  # of one member's names, attributes and holes
    seven_zip_header_bytes: int = 64 * _MIB  # when inflated
    nested_arrays: int = 10_000  # of a GGUF key's value, which no known writer nests at all
    fact_items: int = 100  # names in one fact
    children: int = 4  # model files within one file

    # Locks, container images and what code says of models
    references: int = 10_000  # of one tree
    reference_files: int = 50_000  # looked into for them
    reference_bytes: int = 256 * _MIB  # of all these files; one has script_bytes at most
    reference_line_chars: int = 4_000  # looked at of one line
    bad_digests_bytes: int = 64 * _MIB
    image_bytes: int = 64 * _GIB  # that the layers of one image inflate to, and that are taken out of them
    image_layers: int = 1_000  # docker allows 127
    image_manifests: int = 64  # of one layout: one for each platform
    image_files: int = 1_000_000  # in all layers
    image_links: int = 40  # followed to one file, as Linux does
    image_s: float = 1800.0  # for taking the models out of one image
    image_sniffed_bytes: int = 64 * _KIB  # files of unknown suffix in an image are looked into from here on
    image_beside_bytes: int = 64 * _MIB  # of one file that lies beside a model

    # Signatures
    signature_bytes: int = 64 * _MIB  # a file that holds one, or the statement within it
    signature_certificates: int = 10
    signed_pieces: int = 200_000  # files, or shards of files
    signed_findings: int = 1_000  # of one check; the rest is counted

    # Approvals
    pending_asks: int = 10_000  # questions that wait for an operator at one time
    pending_asks_of_one: int = 1_000  # of them, of one agent, or of one person with none
    pending_asks_of_session: int = (
        100  # of those, of one session, which leaves the others of its agent theirs
    )
    ask_chars: int = 50_000  # of one action that an operator is shown; nobody reads more

    # What an operator watches
    watched_events: int = 10_000  # lines that are kept; the ledger has all
    watched_chars: int = 300  # of one text in a line; the whole of it is shown on demand
    watched_at_once: int = 2_000  # events of one look, so that keys are answered in between
    watched_sessions: int = 1_000
    watched_settled: int = 2_000  # answered questions that are looked through for ones asked again
    watched_alike: int = 100  # lines of the queue that are answered together; each is shown whole
    watched_notes: int = 50  # of what went wrong, until somebody has seen it

    # Notices of questions
    notices_a_minute: int = 6  # told one by one; how many more wait is told as one number
    notices_of_session: int = 3  # told at one time that nobody has answered
    notices_kept: int = 100  # for one receiver that does not take them; then the oldest go
    notice_chars: int = 300  # of one text of anybody's
    notice_facts_chars: int = 600  # of all facts of one question; one with more is shown without them
    notice_every_s: float = 1.0  # between two looks at what waits
    webhook_s: float = 10.0  # for one try: name, connection, handshake, the first line of the answer
    webhook_tries: int = 3
    webhook_status_bytes: int = 512  # of an answer; nothing after its first line is read
    webhook_secret_bytes: int = 4_096
    webhook_addresses: int = 8  # of one name that are tried

    # Folders and stores
    walk_depth: int = 512
    hashed_hole_bytes: int = 16 * _GIB  # of a sparse file, which costs its author nothing and a reader hours
    cached_digests: int = 200_000
    store_models: int = 100_000
    model_files: int = 10_000
    signal_items: int = 1000  # evidence of one signal; the rest is counted
    store_roots: int = 64  # of one kind of store for one home
    store_entries: int = 300_000  # names listed below one root
    store_depth: int = 32
    store_record_bytes: int = 2 * _MIB  # one manifest, index or reference
    store_records_bytes: int = 64 * _MIB  # all of them below one root

    # Settings, packages and repositories
    relaxed_json_bytes: int = 1 * _MIB  # JSON with comments, rewritten in Python
    settings_text_bytes: int = 128 * _KIB  # YAML and TOML
    settings_s: float = 20.0  # processor time for what agents and people configure, all homes together
    settings_values: int = 200_000  # of one file, looked through for secrets
    key_parts: int = 64  # of one dotted TOML key; its parser's time grows with their square
    folder_entries: int = 10_000  # names looked at in one folder
    agent_items: int = 1_000  # servers, skills or credentials of one agent
    package_head_bytes: int = 64 * _KIB  # of a package's metadata, whose headers come first
    dpkg_status_bytes: int = 128 * _MIB
    repository_names: int = 500  # looked at until one is code
    packed_refs_bytes: int = 64 * _MIB

    # Other people's programs
    proc_file_bytes: int = 4 * _MIB
    processes: int = 100_000
    process_arguments: int = 256
    process_descriptors: int = 10_000
    process_files: int = 20_000
    listening_sockets: int = 10_000
    answer_models: int = 100
    probe_requests: int = 4
    probe_request_s: float = 1.0
    probe_answer_bytes: int = 256 * _KIB
    probes_at_once: int = 128

    # The ledger
    event_bytes: int = 1 * _MIB  # of one event's body
    event_depth: int = 32
    event_foreign_chars: int = 4_000  # of one text that somebody else wrote; what is cut is counted
    ledger_group: int = 1_000  # events in one transaction
    ledger_group_bytes: int = 2 * _MIB  # of bodies that one question asks to record together
    ledger_clients: int = 400  # processes and threads that append through the one that writes
    checkpoint_signatures: int = 16  # of one signed checkpoint
    anchors: int = 100_000  # checkpoints and keys in one file of them
    anchor_bytes: int = 64 * _MIB
    proof_bytes: int = 8 * _MIB  # a body, escaped, and some hashes
    ledger_shown: int = 100_000  # events in one document
    ledger_wait_s: float = 20.0  # for another process that writes, or that just ended

    # A working tree that a box gets
    tree_folders: int = 200_000
    tree_names: int = 3_000_000
    tree_depth: int = 256
    tree_settings_depth: int = 2  # folders below its top whose configuration files are searched for tokens
    tree_settings: int = 2_000  # of them; those nearest to its top
    tree_suspects: int = 10_000  # other files that are opened to see whether they hold a secret
    tree_kept: int = 1_000  # names that are kept, and files with secrets: each is a mount
    tree_told: int = 1_000  # files whose change is told
    tree_cache_bytes: int = 64 * _MIB
    tree_record_bytes: int = 64 * _MIB
    secret_head_bytes: int = 64 * _KIB
    git_folders: int = 256  # of one tree
    git_config_bytes: int = 1 * _MIB
    git_config_entries: int = 20_000
    git_pointer_bytes: int = 4 * _KIB
    git_names: int = 2_000  # hooks of one git folder, submodules and worktrees of one
    kept_file_bytes: int = 1 * _MIB  # of one file that is put back when a run changed it

    # The box
    terminal_string_chars: int = 4_096  # of one command to the terminal; a title, a link
    terminal_sequence_chars: int = 256
    terminal_buffer_bytes: int = 64 * _KIB  # of keys that nobody reads, or output that the terminal holds up
    refused_kinds: int = 1_000  # that one session records; more are counted together
    start_wait_s: float = 30.0  # for a box to stand
    refused_at_once: int = 256  # calls that are answered in one go
    start_arguments: int = 16  # of a program that starts; more are left out of the record
    start_argument_bytes: int = 512
    started_pairs: int = 1_000  # programs and who started them that one session counts apart
    started_programs: int = 10_000  # paths that are known to be there
    started_told_s: float = 1.0  # between two times that the record is told
    plan_ports: int = 64  # that a box catches one by one
    published_ports: int = 64  # of one box
    published_connections: int = 128  # at one time, of all ports of a box
    published_waiting_bytes: int = 256 * _KIB  # of one direction of a connection
    plan_items: int = 100_000  # of one list in a plan
    plan_names: int = 1_000_000  # looked at to find what the policy's patterns stand for
    plan_places: int = 20_000  # of the host that they may stand for
    probed_paths: int = 256  # of each kind that the probe tries
    home_copy_bytes: int = 256 * _MIB  # of a kept home, for a session that cannot have it
    home_copy_names: int = 20_000
    home_copy_depth: int = 64  # folders in folders
    home_size_names: int = 500_000  # that are counted to tell how large a kept home is

    # The vault
    vault_bytes: int = 16 * _MIB  # of its file
    vault_credentials: int = 10_000
    vault_name_chars: int = 100
    vault_secret_chars: int = 16_384  # of one secret; keys in PEM have 3,300
    vault_patterns: int = 64  # of hosts, methods or paths that one credential is bound to
    vault_import_bytes: int = 1 * _MIB  # of one file that is taken in
    vault_placeholders: int = 100_000  # of all sessions at one time
    injected_body_bytes: int = 8 * _MIB  # of one request that a secret is put into, or that is signed
    token_answer_bytes: int = 64 * _KIB  # of a token server

    # What is said on the wire
    http_head_bytes: int = 64 * _KIB  # of one head; servers take 8 to 32
    http_headers: int = 200
    http_target_chars: int = 32 * _KIB  # presigned URLs have 2
    http_query_values: int = 1_000
    http_chunk_line_bytes: int = 1 * _KIB  # the size of a chunk, with extensions that are dropped
    http_trailer_bytes: int = 16 * _KIB
    tls_hello_bytes: int = 64 * _KIB
    tls_hello_records: int = 16
    websocket_message_bytes: int = 16 * _MIB
    websocket_message_frames: int = 65_536
    dns_question_bytes: int = 1 * _KIB
    http2_streams: int = 100  # at one time
    http2_window_bytes: int = 1 * _MIB  # of one stream that nobody took yet
    http2_connection_window_bytes: int = 4 * _MIB  # of all of a connection's
    http2_idle_frames: int = 1_000  # frames that bring nothing: settings, pings, resets, empty data …

    # Between proxy, broker and daemon
    channel_bytes: int = 16 * _MIB  # of one message, as written
    channel_fds: int = 253  # beside one message; the kernel takes no more
    channel_questions: int = 4_096  # that are answered at one time; others wait in the socket
    channel_queued_bytes: int = 64 * _MIB  # of messages that the other end does not read
    sealed_frame_bytes: int = 256 * _KIB

    # The broker
    pac_bytes: int = 1 * _MIB  # of a file of automatic proxy configuration
    pac_question_bytes: int = 4 * _MIB  # with it, as JSON
    pac_answer_bytes: int = 4 * _KIB
    pac_memory_bytes: int = 32 * _MIB
    pac_stack_bytes: int = 256 * _KIB
    pac_s: int = 1  # of the processor
    pac_wait_s: float = 10.0  # for the process, on a machine that is busy
    pac_hosts: int = 10_000  # whose answers are kept
    proxy_head_bytes: int = 16 * _KIB  # of what a company's proxy answers to CONNECT
    egress_dial_s: float = 20.0  # for a name and a connection
    egress_addresses: int = 8  # of one name that are tried
    egress_pool: int = 8  # connections to one host that are kept for one session
    egress_pool_idle_s: float = 30.0  # servers keep theirs for 60 and more
    egress_open: int = 2_048  # connections of one session that are known at one time
    egress_exchanges: int = 256  # of one connection of a program at one time
    egress_ca_bytes: int = 4 * _MIB  # a file of authorities that a policy names; the system's has 220 KB
    egress_told: int = 256  # refusals of one session that are told apart; the rest are counted together
    egress_asked_s: float = 30.0  # that a request waits for an operator
    egress_asked_every_s: float = 0.5  # between two looks at whether one has answered
    egress_held: int = 16  # requests of one session that wait for an operator at one time
    egress_replayed: int = 100_000  # events of a session, or of a day, that are counted again when it goes on
    egress_watched_s: float = 1.0  # between two looks at the policy while something is in flight

    # The proxy
    egress_leaves: int = 256  # certificates of one session that are kept; each has about 30 KB
    egress_connections: int = 1_024  # of one session at one time
    egress_buffered_bytes: int = 256 * _KIB  # of one connection, each way
    egress_first_line_bytes: int = 16 * _KIB  # read to find out whether it is HTTP
    egress_head_s: float = 30.0  # for a whole head, or a whole handshake
    egress_idle_s: float = 300.0  # between two requests of a connection
    egress_body_s: float = 120.0  # between two pieces of what a program sends
    egress_answer_s: float = 900.0  # for the beginning of an answer, or its next piece; models think long
    egress_silent_s: float = 0.5  # after that a program may be one that waits for its server to speak
    egress_names: int = 16_384  # of one session that have an address
    egress_datagrams: int = 64  # that are answered before others have their turn
    egress_upstreams: int = 100  # kept for one connection of a box
    proxy_open_files: int = 8_192  # of one session's; each connection has two to four
    proxy_memory_bytes: int = 1 << 30  # of one session's, besides programs' code

    # What is said within requests and answers
    app_body_bytes: int = 1 * _MIB  # of a JSON body, looked at before its request may go
    app_push_bytes: int = 8 * _MIB  # of a git push, looked at before it may go
    rpc_messages: int = 100  # of one batch
    rpc_arguments: int = 1_000  # of one call, with all that is within them
    rpc_depth: int = 32
    rpc_line_depth: int = 128  # of one message of a tool server on standard streams, or to one
    rpc_id_chars: int = 256
    rpc_requests: int = 1_000  # of one side that the other one has not answered yet
    rpc_tools: int = 10_000  # of one server
    rpc_queued_bytes: int = 1 * _MIB  # of lines that one side does not read; then the other one waits
    rpc_ending_s: float = 10.0  # for a tool server whose client is gone, from its last word
    rpc_flush_s: float = 10.0  # for a client to read the rest of what a server said that has ended
    graphql_bytes: int = 256 * _KIB  # of one document
    graphql_tokens: int = 50_000
    graphql_depth: int = 64  # of selections and values
    graphql_operations: int = 1_000  # root fields of one request
    git_commands: int = 1_000  # references of one push
    git_pack_objects: int = 20_000  # looked at to learn whether a push is a force-push
    git_pack_inflated_bytes: int = 64 * _MIB
    git_commit_bytes: int = 1 * _MIB
    git_delta_depth: int = 64
    usage_tokens: int = 1_000_000_000  # of one answer; what says more is not believed
    usage_bytes: int = 4 * _MIB  # of an answer, or of one of its events, in which its usage may stand
    brought_depth: int = 3  # objects in a body that are searched for credentials
    brought_values: int = 10_000
    scrubbed_spellings: int = 128  # of one secret
    scrubbed_wholly_bytes: int = 512  # secrets up to that are known with every letter escaped
    coding_ratio: int = 400  # that an answer may grow when it is decoded; honest text stays under 100
    coding_slack_bytes: int = 4 * _MIB  # that do not count for the ratio
    coding_bytes: int = 16 * _GIB  # that one answer decodes to
    postgresql_startup_bytes: int = 10_000  # as its server has it
    postgresql_message_bytes: int = 64 * _KIB  # of the start-up
    postgresql_iterations: int = 1_000_000  # of a SCRAM key; servers have 4,096
    postgresql_messages: int = 16  # until a user is let in


LIMITS = Limits()
