"""Boxes on this machine: the running user's door, sessions and working tree, and a launcher of one's own."""

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.core.dataclass import replace
from ringfence.sandbox.forking import fork_server

if TYPE_CHECKING:  # what is imported is what a launcher has to copy
    from ringfence.app.running.explain import Explained
    from ringfence.app.running.house import Ran
    from ringfence.app.running.places import Places
    from ringfence.app.running.prepare import Around, Wish
    from ringfence.app.running.report import SessionReports
    from ringfence.app.running.tool_relay import ToolRelay
    from ringfence.app.running.way_out import Ask
    from ringfence.core.registries import Registries
    from ringfence.gate.door import Door
    from ringfence.policy.policy import Policy
    from ringfence.sandbox.sessions import Session, Sessions

__all__ = ["explain", "report", "run", "sessions"]

Tell = Callable[[str], None]


def run(
    wish: "Callable[[], Wish]",
    environment: Mapping[str, str],
    *,
    ask: "Ask",
    tell: Tell,
    say: Tell,
    learns: bool = False,
) -> "Ran":
    """Runs what is wished in a box, after putting in order what a killed supervisor left.

    `ask` is how the way out is asked for, where the policy gives any; `learns`: and where it gives none.

    Raises:
        RingfenceError: there is no such box, or it may not be.
    """
    pid, channel = _forked()  # now, while there is one thread and little to copy
    from ringfence.app.running.homes import held_home
    from ringfence.app.running.house import House
    from ringfence.app.running.prepare import held_session, prepare
    from ringfence.app.running.run import run as run_prepared
    from ringfence.app.running.unused_proxy import unused_proxy
    from ringfence.app.running.way_out import WayOut
    from ringfence.core.text import printable
    from ringfence.ledger.streams import session_stream
    from ringfence.sandbox.launcher import Launcher
    from ringfence.wiring.gate import open_door

    wished = wish()
    with Launcher(pid, channel) as launcher:
        door = open_door(environment, tell=tell)
        around = _around(environment, door, tell)
        _tidy_lost(around, door, tell)
        try:
            with held_session(wished, around, folder=_folder()) as held, ExitStack() as stack:
                around, registries = _of_agent(around, held)
                if wished.agent is not None and not _has_profile(around.policy, wished.agent):
                    tell(f"the policy has no profile for {printable(wished.agent)}; its rules alone hold")
                unused = unused_proxy(around.policy, held.agent, environment)
                if unused is not None:
                    tell(unused)
                is_resumed = wished.resume is not None
                session, home = stack.enter_context(held_home(held, around, is_resumed=is_resumed))
                way_out = stack.enter_context(WayOut(session, around.policy, ask, registries, learns=learns))
                prepared, _ = prepare(session, around, way_out.wanted, home=home, is_resumed=is_resumed)
                house = House(
                    door=replace(door, stream=session_stream(session.id)),
                    launcher=launcher,
                    places=around.places,
                    way_out=way_out,
                    machine=os.uname().machine,
                    monotonic=time.monotonic,
                    now=_now,
                    tell=tell,
                    say=say,
                    tools=_tools(wished, session, door, environment, tell, stack),
                )
                return run_prepared(prepared, house)
        finally:
            launcher.dismiss()  # it ends while the ledger is closed
            door.ledger.close()


def _tidy_lost(around: "Around", door: "Door", tell: Tell) -> None:
    if next(around.places.unfinished(), None) is None:
        return
    from ringfence.app.running.tidying import tidy_lost

    for session, changes in tidy_lost(around.places, door.ledger, now=around.now):
        for change in changes:
            tell(f"session {session.name}, which was lost: {change}")


def _tools(  # noqa: PLR0917 - what it is made of
    wish: "Wish",
    session: "Session",
    door: "Door",
    environment: Mapping[str, str],
    tell: Tell,
    stack: ExitStack,
) -> "ToolRelay | None":
    """What reads the standard streams of a tool server; judged at the session's own door."""
    if wish.mcp is None:
        return None
    from ringfence.app.running.tool_calls import ToolCalls
    from ringfence.app.running.tool_relay import ToolRelay
    from ringfence.wiring.gate import session_door

    own = session_door(
        door,
        session=session.id,
        agent=session.agent,
        folder=Path(session.folder),
        environment=environment,
    )
    calls = ToolCalls(
        door=own,
        session=session.id,
        agent=session.agent,
        server=wish.mcp,
        clock=time.monotonic,
        tell=tell,
    )
    return stack.enter_context(ToolRelay(calls, clock=time.monotonic))


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError as error:
        from ringfence.core.errors import UnreadableScope

        raise UnreadableScope(
            "the folder that you stand in is gone", hint="go into the folder of a project, and run it there"
        ) from error


def _forked() -> tuple[int, socket.socket]:
    try:
        return fork_server()
    except OSError as error:
        from ringfence.sandbox.failures import refusal
        from ringfence.sandbox.messages import Failed

        raise refusal(Failed(layer=None, errno=error.errno or 0, what="fork what starts it")) from error


def explain(wish: "Wish", environment: Mapping[str, str], *, tell: Tell) -> "Explained":
    """What the box would be. Nothing runs, and no session stays."""
    from ringfence.app.running.explain import explained
    from ringfence.app.running.homes import explained_home
    from ringfence.app.running.prepare import held_session, prepare
    from ringfence.app.running.way_out import as_explained
    from ringfence.sandbox.tree.settle import forget
    from ringfence.wiring.gate import open_door

    door = open_door(environment, tell=tell)
    around = _around(environment, door, tell)
    with held_session(wish, around, folder=_folder()) as session:
        around, registries = _of_agent(around, session)
        _, planned = prepare(
            session,
            around,
            lambda: as_explained(session, around.policy, registries),
            home=explained_home(session, around),
            is_resumed=False,
        )
        forget(around.places.sessions.folder_of(session))
        around.places.sessions.forget(session)
    machine = os.uname().machine
    return explained(planned, around.policy, machine=machine, started_at=around.now, server=wish.mcp)


def report(name: str | None, environment: Mapping[str, str], *, tell: Tell) -> "SessionReports":
    """Of one session, or of all."""
    from ringfence.app.running.report import SessionReports, reports
    from ringfence.app.running.report_homes import report_homes
    from ringfence.wiring.gate import open_door

    ours = sessions(environment)
    wanted = tuple(ours.all()) if name is None else (ours.find(name),)
    door = open_door(environment, tell=tell)
    try:
        found = reports(wanted, sessions=ours, ledger=door.ledger)
    finally:
        door.ledger.close()
    homes = report_homes(_places(environment).homes, ours) if name is None else ()
    return SessionReports(started_at=door.now(), complete=True, sessions=found, homes=homes)


def sessions(environment: Mapping[str, str] = os.environ) -> "Sessions":
    """The running user's."""
    from ringfence.sandbox.sessions import Sessions
    from ringfence.wiring.gate import state_folder

    # Without links: a box follows none to what it is given.
    return Sessions(folder=state_folder(environment).resolve() / "sessions")


def _around(environment: Mapping[str, str], door: "Door", tell: Tell) -> "Around":
    from ringfence.app.running.prepare import Around
    from ringfence.core.ids import RANDOM_BYTES, uuid7
    from ringfence.endpoint.homes import own_home
    from ringfence.sandbox.planning.looking import look

    home = own_home(environment)
    own = tuple(
        str(each) for each in (home.state("ringfence"), home.config("ringfence"), home.cache("ringfence"))
    )
    return Around(
        places=_places(environment),
        host=look(environment, home=str(home.path), own=own),
        policy=door.policy(),
        environment=environment,
        now=_now(),
        new_id=lambda: uuid7(_now(), os.urandom(RANDOM_BYTES)),
        code=_code(),
        tell=tell,
    )


def _of_agent(around: "Around", session: "Session") -> "tuple[Around, Registries]":
    """With what is built in of the session's agent; and the registries that it may read."""
    from ringfence.core.registries import Registries
    from ringfence.policy.egressing import egressing
    from ringfence.policy.known_agents import for_agent
    from ringfence.policy.registries import with_registries
    from ringfence.sandbox.tree.remotes import remotes

    repositories = [(each.host, each.path) for each in remotes(session.folder)]
    policy = for_agent(around.policy, session.agent, repositories)
    found = Registries()
    if egressing(policy.document, session.agent).registries:
        from ringfence.wiring.registries import registries_for

        found = registries_for(around.environment, tree=session.tree, policy=policy)
    return replace(around, policy=with_registries(policy, session.agent, found.found)), found


def _has_profile(policy: "Policy", agent: str) -> bool:
    from ringfence.core.actions import FieldKind
    from ringfence.policy.globs import glob

    return any(glob(each.agent, FieldKind.NAME).fits(agent) for each in policy.document.profiles)


def _code() -> tuple[str, ...]:
    """Where Python takes this program's modules from, the program itself among them."""
    places = (sys.prefix, *(each for each in sys.path if each))
    there = (each for each in dict.fromkeys(places) if os.path.isdir(each))  # noqa: PTH112 - no error where nobody may look
    return tuple(map(os.path.realpath, there))


def _places(environment: Mapping[str, str]) -> "Places":
    from ringfence.app.running.places import Places
    from ringfence.endpoint.homes import own_home

    return Places(sessions=sessions(environment), cache=own_home(environment).cache("ringfence"))


def _now() -> datetime:
    return datetime.now(UTC)
