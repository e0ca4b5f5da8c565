"""Every listening TCP socket of this machine, asked a few harmless questions."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ringfence.core.actions import ListenerAsk
from ringfence.core.errors import RingfenceError
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Listener
from ringfence.core.receipts import Receipt
from ringfence.endpoint.listeners.answer import Answer
from ringfence.endpoint.listeners.ask import Silence, ask
from ringfence.endpoint.listeners.judge import judge
from ringfence.endpoint.listeners.questions import next_path
from ringfence.endpoint.platform import ListeningSocket, RunningProcess, Snapshot
from ringfence.endpoint.runtime_signs import inference_libraries, runtime_of
from ringfence.gate.door import Door
from ringfence.gate.seals import Seals

__all__ = ["find_listeners"]

# Protocols that do not care for HTTP and may log, count or punish it.
_NOT_HTTP_PORTS = frozenset(
    {21, 22, 23, 25, 53, 88, 110, 111, 119, 139, 143, 389, 445, 465, 514, 515, 587, 636, 853, 873, 993, 995}
    | {1433, 1521, 1883, 2049, 3260, 3306, 3389, 4369, 5060, 5432, 5672, 5900, 5901, 6000, 6379, 6432, 8883}
    | {9042, 9092, 9100, 11211, 27017, 33060}
)
_PORT = "the port is kept for a protocol other than HTTP"
_POLICY = "the policy does not let it be asked"
_HELD = "the policy asks an operator first: ringfence asks"


def find_listeners(snapshot: Snapshot, door: Door) -> Iterator[Listener | Skipped]:
    """The listeners that have to do with models, by port; then those that could not be asked, by reason.

    What answered and is something else is left out. ringfence's own sockets are never asked, nor those that
    the policy says no to, or of which nothing can be recorded.
    """
    owners = {inode: process for process in snapshot.processes for inode in process.sockets}
    sockets = {(s.address, s.port): s for s in snapshot.sockets if s.inode not in snapshot.own_sockets}
    ordered = sorted(sockets.values(), key=lambda s: (s.port, s.address))
    unasked: Counter[str] = Counter()
    wanted: list[ListeningSocket] = []
    for socket in ordered:
        if socket.port in _NOT_HTTP_PORTS and not _has_to_do_with_models(owners.get(socket.inode)):
            unasked[_PORT] += 1
        else:
            wanted.append(socket)
    asked = _passed(wanted, door, unasked)
    if asked:
        with ThreadPoolExecutor(max_workers=min(LIMITS.probes_at_once, len(asked))) as pool:
            outcomes = pool.map(
                lambda each: _asked(
                    each[0], owners.get(each[0].inode), snapshot.addresses, each[1], door.seals
                ),
                asked,
            )
            for outcome in outcomes:
                if isinstance(outcome, Listener):
                    yield outcome
                elif outcome is not None:
                    unasked[outcome] += 1
    for reason, count in sorted(unasked.items()):
        yield Skipped(kind="listener", subject="listening ports", reason=str(reason), count=count)


def _passed(
    sockets: Sequence[ListeningSocket], door: Door, unasked: Counter[str]
) -> list[tuple[ListeningSocket, Receipt[ListenerAsk]]]:
    """Those that may be asked, with their receipts; the others are counted."""
    passed: list[tuple[ListeningSocket, Receipt[ListenerAsk]]] = []
    for number, socket in enumerate(sockets):
        try:
            answer = door.pass_(
                ListenerAsk(address=socket.address, port=socket.port), uses=LIMITS.probe_requests
            )
        except RingfenceError as error:  # what cannot be recorded for one cannot for the next
            unasked[f"not asked: {error.what}"] += len(sockets) - number
            break
        if isinstance(answer, Receipt):
            passed.append((socket, answer))
        else:
            unasked[_POLICY if answer.ask is None else _HELD] += 1
    return passed


def _asked(
    socket: ListeningSocket,
    process: RunningProcess | None,
    own: Mapping[str, int],
    receipt: Receipt[ListenerAsk],
    seals: Seals,
) -> Listener | Silence | None:
    runtime = runtime_of(process) if process else None
    answers: list[Answer] = []
    silence: Silence | None = None
    while silence is None:
        path = next_path(answers, port=socket.port, runtime=runtime[0] if runtime else None)
        if path is None:
            break
        reply = ask(path, own=own, receipt=receipt, seals=seals)
        if isinstance(reply, Silence):
            silence = reply
        else:
            answers.append(reply)
    listener = judge(socket, answers, process)
    return listener or (silence if not answers else None)


def _has_to_do_with_models(process: RunningProcess | None) -> bool:
    return process is not None and bool(runtime_of(process) or inference_libraries(process))
