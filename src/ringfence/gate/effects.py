"""Every function that has an effect on this machine or beyond, in one table.

An effect is what a policy judges: it takes the receipt of its type of action and redeems it. All else that
writes, starts or connects is ringfence's own: where it keeps what it knows, where a person told it to write,
the processes that read for it. Each such module stands here with the reason. tests/architecture finds what
stands in neither table, and every entry that is no longer true.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ringfence.core.actions import (
    CommandRun,
    CredentialKeep,
    CredentialUse,
    GrantGive,
    HostConnect,
    HttpRequest,
    ListenerAsk,
    ModelSign,
    RecordPrune,
    ToolCall,
)

__all__ = ["EFFECTS", "OWN"]

EFFECTS: Mapping[
    str,
    type[
        CommandRun
        | CredentialKeep
        | CredentialUse
        | GrantGive
        | HostConnect
        | HttpRequest
        | ListenerAsk
        | ModelSign
        | RecordPrune
        | ToolCall
    ],
] = MappingProxyType(
    {
        "app.running.tool_calls:handed_over": ToolCall,
        "app.signing.keyless:KeylessSigner.sign": ModelSign,
        "app.signing.signers:KeySigner.sign": ModelSign,
        "endpoint.listeners.ask:ask": ListenerAsk,
        "egress.broker.dialing:Dialer.dial": HostConnect,
        "egress.broker.dialing:Dialer.dial_at_once": HostConnect,
        "egress.broker.preparing:written": HttpRequest,
        "egress.broker.releasing:Releasing.release": CredentialUse,
        "gate.grants:give": GrantGive,
        "gate.pruning:forget": RecordPrune,
        "sandbox.box:Box.give": CommandRun,
        "vault.store:Vault.keep": CredentialKeep,
        "vault.store:Vault.rekey": CredentialKeep,
        "vault.store:Vault.remove": CredentialKeep,
        "vault.store:Vault.restore": CredentialKeep,
    }
)
"""`module:function` below `ringfence`, and the type of action whose receipt it redeems."""

_ATTEMPT = "tries what a box must refuse, in the process that becomes its command"
_BOX = (
    "a part of a box, which runs nothing before sandbox.box has a receipt; it changes nothing outside of it"
)
_DAEMON = "ringfence's own processes and the socket to them; they act for a box with receipts alone"
_EXCHANGE = "carries out what has receipts, which are redeemed before: of the connection, request, secrets"
_OUTPUT = "writes the file that the command line names for its result"
_PROXY = "bytes on descriptors that daemon and broker gave it; it has no way out of its own"
_RECORD = "the ledger itself, which every receipt rests on"
_STATE = "ringfence's own state, in folders that only its user can look into"
_HOME = "the home of a box, below ringfence's own state"
_WORKER = "starts ringfence's own process, which reads and judges"

OWN: Mapping[str, str] = MappingProxyType(
    {
        "app.demo.building": _OUTPUT,
        "app.demo.loose": "puts an archive together in memory",
        "app.judging.judges": "asks ringfence's own process, which reads and judges",
        "app.judging.processes": _WORKER,
        "app.ledger.anchoring": "hands a checkpoint where the command line says: a file, git, a program",
        "app.lock.gather": "a folder for an image's files, gone when they are judged",
        "app.lock.lock": _OUTPUT,
        "app.notices.desktop": "shows a person on their own desktop that a question waits",
        "app.notices.posting": "tells the addresses that an operator's document names that a question waits",
        "app.notices.standing": _STATE,
        "app.policy.init": _OUTPUT,
        "app.running.tool_relay": "hands lines on between a box and its client; each call has a receipt",
        "app.signing.sign": _OUTPUT + "; what is written was signed with a receipt",
        "app.signing.keyless:KeylessTrust.signer": "verifies a signature; changes nothing",
        "app.signing.keyless:_config": "fetches which keys sigstore has, for whoever verifies",
        "artifacts.spool": "inflated bytes in a file without a name, gone with the process",
        "cli.delivering": _OUTPUT,
        "cli.ledger.export": _OUTPUT,
        "cli.run": "starts ringfence's own process, which takes logins into the vault",
        "cli.streams": "standard streams that are closed lead to the null device",
        "core.dataclass": "writes the constructor of a class from the names of its fields",
        "daemon.children": _DAEMON,
        "daemon.confining": "takes from its own process what it does not need, and tries it",
        "daemon.control": _DAEMON,
        "daemon.forking": _DAEMON,
        "daemon.finding": _DAEMON,
        "daemon.pac": "answers a question in a process that has nothing, and ends",
        "daemon.starting": _DAEMON,
        "daemon.serving": _DAEMON,
        "egress.authority": "hands OpenSSL a session's certificate in a file without a name",
        "egress.broker.arriving": "lets others have a turn before it waits for a connection",
        "egress.broker.asking": _EXCHANGE,
        "egress.broker.blame": "writes whose work is done now on a page that the daemon shares",
        "egress.broker.core": "waits for the ledger beside the event loop",
        "egress.broker.dialing": "connects for those with a receipt, and to what an operator has named",
        "egress.broker.going": "waits for the ledger beside the event loop",
        "egress.broker.main": "ringfence's own process, which ends with its daemon",
        "egress.broker.proxies": "looks a name up, to judge where it leads before a proxy hears of it",
        "egress.broker.proxy_scripts": "fetches from where an operator says which proxies there are",
        "egress.broker.raw": _EXCHANGE,
        "egress.broker.sealed": _EXCHANGE,
        "egress.broker.serving": "answers ringfence's own processes",
        "egress.broker.socks": "speaks to the proxy that a connection with a receipt goes through",
        "egress.broker.steps": "waits for the vault beside the event loop",
        "egress.broker.switching": _EXCHANGE,
        "egress.broker.tunnels": "speaks to the proxy that a connection with a receipt goes through",
        "egress.broker.upstream": "speaks on connections that were dialled with a receipt",
        "egress.broker.upstream_http2": "speaks on connections that were dialled with a receipt",
        "egress.channel": "carries messages between ringfence's own processes",
        "egress.injecting.postgresql": "speaks on a connection that was dialled with a receipt",
        "egress.injecting.tokens": "one at a time; what it is given to fetch with has the receipt",
        "egress.proxy.accepting": _PROXY,
        "egress.proxy.exchanging": _PROXY,
        "egress.proxy.http2_answer": _PROXY,
        "egress.proxy.http2_side": _PROXY,
        "egress.proxy.main": _PROXY,
        "egress.proxy.relaying": _PROXY,
        "egress.proxy.resolving": _PROXY,
        "egress.proxy.roads": _PROXY,
        "egress.proxy.sealed_leg": _PROXY,
        "egress.proxy.serving": _PROXY,
        "egress.proxy.sniffing": _PROXY,
        "egress.proxy.upstreams": _PROXY,
        "egress.proxy.websockets": _PROXY,
        "egress.proxy.wires": _PROXY,
        "endpoint.digest_cache": _STATE,
        "endpoint.folders:send": "hands what a process of ringfence's own has read to the one that asked",
        "endpoint.images.unpack": "an image's files in the folder that app.lock.gather made for them",
        "endpoint.linux.kernel": "tries in a child of its own what the kernel offers",
        "endpoint.linux.network": "asks the kernel for its routes; nothing leaves the machine",
        "endpoint.new_files": _OUTPUT,
        "endpoint.walkers": _WORKER,
        "gate.state": _STATE,
        "gate.uses": _STATE,
        "ledger.calling": _RECORD,
        "ledger.places": _RECORD,
        "ledger.postgresql": _RECORD,
        "ledger.sqlite": _RECORD,
        "ledger.writing": _RECORD,
        "app.running.kill": "an operator ends a box; what runs in none is never reached",
        "sandbox.box": "hears a box, tells it to go on with what a receipt gave it, and ends it",
        "sandbox.furnishing": _HOME,
        "sandbox.home_copies": _HOME,
        "sandbox.home_files": _HOME,
        "sandbox.kept_homes": _STATE,
        "sandbox.login_files": _HOME,
        "sandbox.framing": "carries documents between ringfence's own processes",
        "sandbox.linux.attempts.calls": _ATTEMPT,
        "sandbox.linux.attempts.places": _ATTEMPT,
        "sandbox.linux.attempts.surroundings": _ATTEMPT,
        "sandbox.linux.box": _BOX,
        "sandbox.linux.cgroups": "the control group of one box, which a run of a command with a receipt has",
        "sandbox.linux.command": _BOX,
        "sandbox.linux.covering": "puts back what stood over files in a box, which a receipt started",
        "sandbox.linux.identity": _BOX,
        "sandbox.linux.init": _BOX,
        "sandbox.linux.kernel": _BOX,
        "sandbox.linux.limits": "limits that ringfence takes on in the box's own namespaces",
        "sandbox.linux.network.loopback": _BOX,
        "sandbox.linux.network.netlink": _BOX,
        "sandbox.linux.network.sockets": _BOX,
        "sandbox.linux.own_terminal": _BOX,
        "sandbox.linux.places": _BOX,
        "sandbox.linux.root": _BOX,
        "sandbox.linux.telling": _BOX,
        "sandbox.publishing": "carries bytes between the machine's loopback and a box, as long as that runs",
        "sandbox.removing": _STATE,
        "sandbox.sessions": _STATE,
        "sandbox.supervising": "stops itself when the command that it watches is stopped",
        "sandbox.terminal.relay": "shows a box's output on the terminal of whoever started it",
        "sandbox.forking": "starts ringfence's own process, which clones boxes that run nothing yet",
        "sandbox.launcher": "has boxes made and ended, in which nothing runs without a receipt",
        "sandbox.serving": "clones boxes, in which nothing runs without a receipt",
        "sandbox.tree.cache": _STATE,
        "sandbox.tree.flow_back": "hands on which branches a run that had a receipt made, and no other key",
        "sandbox.tree.moving": "takes back what a run left under names that act on the host",
        "sandbox.tree.record": _STATE,
        "sandbox.tree.refusals": _STATE,
        "sandbox.tree.settle": _STATE,
        "tui.view": "waits for the ledger beside its keys; an operator's yes is given by gate.grants",
        "vault.keys": "the vault's own key; old ones are forgotten",
        "vault.system_keyring": "ringfence's own keys, into the keyring of its user",
        "vault.linux.memory": "takes from its own process that others may read it",
        "vault.locking": _STATE,
        "wiring.automatic_proxy": "starts ringfence's own process, which answers and can do nothing else",
        "sandbox.linux.seccomp.loading": "takes from its own process what the filter refuses",
    }
)
"""Module, or `module:function`, below `ringfence`, and why no action is judged for what it does."""
