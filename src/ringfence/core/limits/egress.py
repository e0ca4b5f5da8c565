"""Bounds: the way out: between proxy, broker and daemon, and in each of them."""

from ringfence.core.dataclass import dataclass
from ringfence.core.limits.units import KIB, MIB

__all__ = ["Egress"]


@dataclass(frozen=True, kw_only=True)
class Egress:
    """The way out: between proxy, broker and daemon, and in each of them."""

    # Between proxy, broker and daemon
    channel_bytes: int = 16 * MIB  # of one message, as written
    channel_fds: int = 253  # beside one message; the kernel takes no more
    channel_questions: int = 4_096  # that are answered at one time; others wait in the socket
    channel_queued_bytes: int = 64 * MIB  # of messages that the other end does not read
    sealed_frame_bytes: int = 256 * KIB

    # The broker
    pac_bytes: int = 1 * MIB  # of a file of automatic proxy configuration
    pac_question_bytes: int = 4 * MIB  # with it, as JSON
    pac_answer_bytes: int = 4 * KIB
    pac_memory_bytes: int = 32 * MIB
    pac_stack_bytes: int = 256 * KIB
    pac_s: int = 1  # of the processor
    pac_wait_s: float = 10.0  # for the process, on a machine that is busy
    pac_hosts: int = 10_000  # whose answers are kept
    pac_fetch_s: float = 5.0  # for a script that has an address
    pac_fresh_s: int = 300  # that it is not asked for again
    pac_kept_s: int = 7 * 86_400  # that it serves where its server does not answer
    proxy_head_bytes: int = 16 * KIB  # of what a company's proxy answers to CONNECT
    egress_dial_s: float = 20.0  # for a name and a connection
    egress_addresses: int = 8  # of one name that are tried
    egress_pool: int = 8  # connections to one host that are kept for one session
    egress_pool_idle_s: float = 30.0  # servers keep theirs for 60 and more
    egress_open: int = 2_048  # connections of one session that are known at one time
    egress_exchanges: int = 256  # of one connection of a program at one time
    egress_ca_bytes: int = 4 * MIB  # a file of authorities that a policy names; the system's has 220 KB
    egress_told: int = 256  # refusals of one session that are told apart; the rest are counted together
    egress_asked_s: float = 30.0  # that a request waits for an operator
    egress_asked_every_s: float = 0.5  # between two looks at whether one has answered
    egress_held: int = 16  # requests of one session that wait for an operator at one time
    egress_replayed: int = 100_000  # events of a session, or of a day, that are counted again when it goes on
    egress_watched_s: float = 1.0  # between two looks at the policy while something is in flight

    # The proxy
    egress_ahead: int = 16  # requests of one session that the broker was told of and may not have heard yet
    egress_leaves: int = 256  # certificates of one session that are kept; each has about 30 KB
    egress_connections: int = 1_024  # of one session at one time
    egress_buffered_bytes: int = 256 * KIB  # of one connection, each way
    egress_first_line_bytes: int = 16 * KIB  # read to find out whether it is HTTP
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
