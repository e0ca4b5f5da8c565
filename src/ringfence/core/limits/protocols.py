"""Bounds: what is said on the wire, and within requests and answers."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import GIB, KIB, MIB

__all__ = ["Protocols"]


@dataclass(frozen=True, kw_only=True)
class Protocols:
    """What is said on the wire, and within requests and answers."""

    # What is said on the wire
    http_head_bytes: int = 64 * KIB  # of one head; servers take 8 to 32
    http_headers: int = 200
    http_target_chars: int = 32 * KIB  # presigned URLs have 2
    http_query_values: int = 1_000
    http_chunk_line_bytes: int = 1 * KIB  # the size of a chunk, with extensions that are dropped
    http_trailer_bytes: int = 16 * KIB
    tls_hello_bytes: int = 64 * KIB
    tls_hello_records: int = 16
    websocket_message_bytes: int = 16 * MIB
    websocket_message_frames: int = 65_536
    dns_question_bytes: int = 1 * KIB
    http2_streams: int = 100  # at one time
    http2_window_bytes: int = 1 * MIB  # of one stream that nobody took yet
    http2_connection_window_bytes: int = 4 * MIB  # of all of a connection's
    http2_idle_frames: int = 1_000  # frames that bring nothing: settings, pings, resets, empty data …

    # What is said within requests and answers
    app_body_bytes: int = 1 * MIB  # of a JSON body, looked at before its request may go
    app_push_bytes: int = 8 * MIB  # of a git push, looked at before it may go
    rpc_messages: int = 100  # of one batch
    rpc_arguments: int = 1_000  # of one call, with all that is within them
    rpc_depth: int = 32
    rpc_line_depth: int = 128  # of one message of a tool server on standard streams, or to one
    rpc_id_chars: int = 256
    rpc_requests: int = 1_000  # of one side that the other one has not answered yet
    rpc_tools: int = 10_000  # of one server
    rpc_changes: int = 100  # of a server's tools, that one session records one by one
    rpc_queued_bytes: int = 1 * MIB  # of lines that one side does not read; then the other one waits
    rpc_ending_s: float = 10.0  # for a tool server whose client is gone, from its last word
    rpc_flush_s: float = 10.0  # for a client to read the rest of what a server said that has ended
    graphql_bytes: int = 256 * KIB  # of one document
    graphql_tokens: int = 50_000
    graphql_depth: int = 64  # of selections and values
    graphql_operations: int = 1_000  # root fields of one request
    git_commands: int = 1_000  # references of one push
    git_pack_objects: int = 20_000  # looked at to learn whether a push is a force-push
    git_pack_inflated_bytes: int = 64 * MIB
    git_commit_bytes: int = 1 * MIB
    git_delta_depth: int = 64
    usage_tokens: int = 1_000_000_000  # of one answer; what says more is not believed
    usage_bytes: int = 4 * MIB  # of an answer, or of one of its events, in which its usage may stand
    brought_depth: int = 3  # objects in a body that are searched for credentials
    brought_values: int = 10_000
    scrubbed_spellings: int = 128  # of one secret
    scrubbed_wholly_bytes: int = 512  # secrets up to that are known with every letter escaped
    coding_ratio: int = 400  # that an answer may grow when it is decoded; honest text stays under 100
    coding_slack_bytes: int = 4 * MIB  # that do not count for the ratio
    coding_bytes: int = 16 * GIB  # that one answer decodes to
    postgresql_startup_bytes: int = 10_000  # as its server has it
    postgresql_message_bytes: int = 64 * KIB  # of the start-up
    postgresql_iterations: int = 1_000_000  # of a SCRAM key; servers have 4,096
    postgresql_messages: int = 16  # until a user is let in
