"""A machine that an operator watches: a door whose policy asks, sessions in its ledger, and what they did."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from doors import door_in, now
from ringfence.app.approving import Approving
from ringfence.app.watching.asking import Queue
from ringfence.app.watching.watch import Watch
from ringfence.core.action_types import Durability
from ringfence.core.actions import Action, CommandRun, GitChange, GitUpdate, HttpRequest
from ringfence.core.labels import Integrity, Label
from ringfence.core.receipts import Receipt
from ringfence.gate.door import Door
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused
from ringfence.ledger.event_types import Event
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.sandbox_ended import EndedBy, SandboxEnded
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.events.session_lowered import SessionLowered
from ringfence.ledger.streams import session_stream
from ringfence.ledger.values import Foreign
from ringfence.wiring.watching import Watching

__all__ = ["POLICY", "Machine", "get", "machine", "post", "push", "session_id"]

POLICY = """
version: 1
agents:
  mode: enforce
  rules:
    - {id: commands, actions: [command.run], then: allow}
    - {id: pushes, actions: [git.push], then: ask}
    - {id: calls, actions: [tool.call], then: ask}
    - {id: posts, actions: [http.request], match: {method: POST}, then: ask}
    - {id: reads, actions: [http.request], match: {method: GET, host: "*.example.com"}, then: allow}
operators:
  mode: enforce
  approve: [{who: olga, what: "*", up_to: {uses: 10, lasts: 8h}}]
"""


@dataclass(frozen=True)
class Machine:
    """It, and who watches it."""

    door: Door
    watching: Watching

    def does(self, session: str, action: Action) -> None:
        """A session comes to the door with an action of its own."""
        self.tries(session, action)

    def tries(self, session: str, action: Action, *, wait_s: float = 0) -> Receipt[Action] | Refused:
        """The same, and what comes of it."""
        door = replace(self.door, stream=session_stream(session), enforcing=True)
        return door.pass_(replace(action, agent="claude", session=session), wait_s=wait_s)

    def starts(self, session: str, *command: str) -> None:
        """A box of it stands."""
        self.does(session, CommandRun(program=command[0], arguments=command[1:], folder="/home/ann/site"))
        self.tells(
            session,
            SandboxStarted(
                session=session,
                agent="claude",
                decision_stream=session_stream(session),
                decision_seq=1,
                plan_digest="00",
                layers=("user", "mount", "seccomp"),
                lacking={},
                proofs={},
                masked=(),
                resumed=False,
            ),
        )

    def ends(self, session: str, by: EndedBy = EndedBy.ITSELF, status: int = 0) -> None:
        """Its box is gone."""
        ended = SandboxEnded(
            session=session, by=by, exit_status=status, lasted_ms=1, kill_us=None, operator=None
        )
        self.tells(session, ended)

    def runs(self, session: str, program: str, *arguments: str, by: str = "/bin/sh", times: int = 1) -> None:
        """A program started in it, so often."""
        started = ProcessStarted(
            session=session,
            program=Foreign(text=program),
            by=Foreign(text=by),
            pid=7,
            arguments=tuple(Foreign(text=each) for each in arguments),
            more_arguments=False,
            times=times,
        )
        self.tells(session, started)

    def reads(self, session: str, host: str) -> None:
        """It counts as untrusted from here on."""
        lowered = SessionLowered(
            session=session, integrity="untrusted", sensitivity="internal", by=Foreign(text=host)
        )
        self.tells(session, lowered)

    def tells(self, session: str, event: Event) -> None:
        """Its stream has this event."""
        self.door.ledger.append(event, stream=session_stream(session), durability=Durability.WRITTEN)


def machine(
    folder: Path,
    *,
    clock: Callable[[], datetime] = now,
    since: datetime | None = None,
    policy: str = POLICY,
    random: Random | None = None,
) -> Machine:
    """With its own state in `folder`; the operator is not the one who asks. `random` repeats its ids."""
    door = door_in(folder, policy, clock=clock)
    if random is not None:
        door = replace(door, randomness=random.randbytes)
    operator = Operator(name="olga", groups=())
    watcher = door_in(folder, clock=clock, asker="olga")
    queue = Queue(watcher.approvals)
    return Machine(
        door=door,
        watching=Watching(
            watch=Watch(watcher.ledger, queue, since=since or clock() - timedelta(hours=1), now=clock),
            queue=queue,
            who=Approving(door=watcher, operator=operator, check_free=lambda: None),
            now=clock,
            notes=deque(maxlen=10),
        ),
    )


def session_id(number: int) -> str:
    """An id as sessions have them; the last eight characters are what people see."""
    return f"0199c0de-0000-7000-8000-0000{number:08x}"


def push(ref: str = "refs/heads/main") -> GitUpdate:
    """To a repository, by a session that has read things of strangers."""
    return GitUpdate(
        host="github.example",
        port=443,
        repository="/our-org/site",
        ref=ref,
        change=GitChange.UPDATE,
        force=False,
        context=Label(integrity=Integrity.UNTRUSTED, sources=("session/x:12",)),
    )


def get(path: str, host: str = "api.example.com") -> HttpRequest:
    """A request that only reads."""
    return HttpRequest(host=host, port=443, method="GET", path=path)


def post(*query: str, host: str = "gist.example.org", path: str = "/upload") -> HttpRequest:
    """A request that takes something there."""
    return HttpRequest(host=host, port=443, method="POST", path=path, query=query)
