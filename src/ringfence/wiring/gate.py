"""The door of the running user: this machine's policy, the user's ledger and state folder."""

import atexit
import grp
import hmac
import os
import pwd
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.action_types import Durability
from ringfence.core.dataclass import replace
from ringfence.core.registries import Registry
from ringfence.core.text import printable
from ringfence.endpoint.home import Home
from ringfence.endpoint.homes import own_home
from ringfence.gate.confined import has_terminal, may_append, refuse_confined
from ringfence.gate.door import Asker, Door
from ringfence.gate.endpoint_id import endpoint_id
from ringfence.gate.finding import NAME, Places
from ringfence.gate.operators import Operator
from ringfence.gate.policies import Policies
from ringfence.gate.seals import open_seals
from ringfence.gate.state import load_key, make_folder
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.signing import SignedLedger
from ringfence.ledger.streams import session_stream
from ringfence.policy.known_agents import for_agent
from ringfence.sandbox.tree.remotes import remotes

if TYPE_CHECKING:  # whoever only asks the door need not load it
    from ringfence.app.approving import Approving
    from ringfence.ledger.notes import SigningKey

__all__ = [
    "approving",
    "endpoint_stream",
    "has_terminal",
    "ledger_at",
    "open_door",
    "operator",
    "places",
    "session_door",
    "state_folder",
    "subjects",
    "was_never_used",
]

_SYSTEM = Path("/etc/ringfence") / NAME
_ROOT = 0


def open_door(
    environment: Mapping[str, str] = os.environ, *, tell: Callable[[str], None] = lambda _line: None
) -> Door:
    """The door. The ledger is opened when something is recorded. `tell` hears what a person should know.

    Raises:
        StateRefused: the state folder is not as it must be.
    """
    state = state_folder(environment)
    make_folder(state)
    ledger = SignedLedger(
        partial(_opened_ledger, ledger_at(environment)),
        lambda: _signing_key(state),
        now=_now,
        tell=tell,
    )
    atexit.register(ledger.close)
    stream = endpoint_stream(environment)
    name = operator().name
    return Door(
        policies=Policies(
            places(environment, folder=_folder()),
            state=state,
            record=lambda event: ledger.append(event, stream=stream, durability=Durability.FSYNC),
            tell=tell,
        ),
        ledger=ledger,
        seals=open_seals(state, now=_now, randomness=os.urandom),
        asker=Asker(name=name, pseudonym=subjects(environment)(name)),
        stream=stream,
        now=_now,
        randomness=os.urandom,
        tell=lambda refused: tell(f"{refused.what}; it goes ahead, as the policy only warns"),
    )


def _opened_ledger(where: str | Path) -> Ledger:
    from ringfence.ledger.open import open_ledger  # a command has it when it has something to record

    return open_ledger(where, clock=_now, may_append=may_append)


def _signing_key(state: Path) -> "SigningKey":
    from ringfence.app.ledger.keys import signing_key  # few commands make a checkpoint

    return signing_key(state, randomness=os.urandom)


def session_door(
    door: Door,
    *,
    session: str,
    agent: str,
    folder: Path,
    registries: tuple[Registry, ...] = (),
    environment: Mapping[str, str] = os.environ,
) -> Door:
    """The door of a box's session, through the same ledger: it enforces, and records in the session's stream.

    `folder` is where its command starts; the working tree's policy is found from there. `registries` are as
    the run looked them up, whose environment is not here.
    """
    state = state_folder(environment)
    repositories = [(each.host, each.path) for each in remotes(str(folder))]
    return replace(
        door,
        policies=Policies(
            places(environment, folder=folder),
            state=state,
            record=lambda event: door.ledger.append(event, stream=door.stream, durability=Durability.FSYNC),
            adapted=lambda policy: for_agent(policy, agent, repositories, registries),
        ),
        stream=session_stream(session),
        enforcing=True,
        tell=lambda _refused: None,
    )


def approving(*, tell: Callable[[str], None]) -> "Approving":
    """The running account as an operator, at its own door."""
    from ringfence.app.approving import Approving

    return Approving(door=open_door(tell=tell), operator=operator(), check_free=refuse_confined)


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where ringfence keeps its own state for the running user."""
    return own_home(environment).state("ringfence")


def endpoint_stream(environment: Mapping[str, str] = os.environ) -> str:
    """Where the ledger has what happens on this endpoint.

    Raises:
        StateRefused: the state folder is not as it must be.
    """
    return f"endpoint/{endpoint_id(state_folder(environment), now=_now, randomness=os.urandom)}"


def subjects(environment: Mapping[str, str] = os.environ) -> Callable[[str], str]:
    """Gives accounts their pseudonyms: the same for the same one as long as the key is there.

    Raises:
        StateRefused: the state folder is not as it must be.
    """
    key = load_key(state_folder(environment) / "subjects.key", randomness=os.urandom)

    def pseudonym(name: str) -> str:
        return "subject-" + hmac.digest(key, name.encode("utf-8", "surrogateescape"), "sha256").hex()[:16]

    return pseudonym


def ledger_at(environment: Mapping[str, str] = os.environ) -> str | Path:
    """What RINGFENCE_LEDGER names, a path or a PostgreSQL DSN; else a file of the state folder."""
    return environment.get("RINGFENCE_LEDGER") or state_folder(environment) / "ledger.sqlite"


def places(environment: Mapping[str, str], *, folder: Path | None) -> Places:
    """Where this machine and the running user keep policies."""
    home: Home = own_home(environment)
    return Places(
        system=_SYSTEM,
        user=home.config("ringfence") / NAME,
        folder=folder,
        owners=frozenset({_ROOT}),
        user_id=os.geteuid(),
    )


def operator() -> Operator:
    """The account that runs this, with its groups. A number that has no name is called by the number."""
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = str(user)
    groups = sorted(filter(None, map(_group, {os.getgid(), *os.getgroups()})))
    return Operator(name=printable(name), groups=tuple(groups))


def was_never_used(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the running user has no ledger and no state folder, so that nothing was ever recorded."""
    if environment.get("RINGFENCE_LEDGER"):
        return False
    try:
        state_folder(environment).lstat()
    except FileNotFoundError:
        return True
    except OSError:  # whoever opens the door is told
        return False
    return False


def _group(number: int) -> str | None:
    try:
        return printable(grp.getgrgid(number).gr_name)
    except KeyError:
        return None


def _folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it is gone
        return None


def _now() -> datetime:
    return datetime.now(UTC)
