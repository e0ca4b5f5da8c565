"""Makes a session and the plan of its box, from what is typed, the policy, the machine and the tree."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ringfence.app.running.own_code import kept_code
from ringfence.app.running.places import Places
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.text import printable
from ringfence.policy.known_agents import FORGES
from ringfence.policy.policy import Policy
from ringfence.sandbox.furnishing import InTheWay, furnish, give, introduce, put_readable
from ringfence.sandbox.plan import DEGRADABLE, Command, Identity, MountKind, Plan
from ringfence.sandbox.planning.host import Host
from ringfence.sandbox.planning.identity import identity
from ringfence.sandbox.planning.making import make_plan
from ringfence.sandbox.planning.wanted import Planned, Wanted, WantedHome, WantedNetwork
from ringfence.sandbox.planning.working_tree import working_tree
from ringfence.sandbox.processes import is_running
from ringfence.sandbox.sessions import Session
from ringfence.sandbox.tree.look import look
from ringfence.sandbox.tree.mounts import mounts
from ringfence.sandbox.tree.settle import forget as forget_tree
from ringfence.sandbox.tree.settle import prepare as prepare_tree
from ringfence.sandbox.tree.tree import Tree

__all__ = ["Around", "Prepared", "SecretsThere", "StillRunning", "Unkept", "Wish", "held_session", "prepare"]


class SecretsThere(RingfenceError):
    """The working tree holds secrets, and --strict was said."""

    code = ExitCode.NO_BOX


class StillRunning(RingfenceError):
    """A session whose box has not ended."""

    code = ExitCode.NO_BOX


class Unkept(RingfenceError):
    """Something in the working tree that a box could change and that acts outside."""

    code = ExitCode.NO_BOX


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A session, what its box will be, and what is to run in it."""

    session: Session
    plan: Plan
    command: Command
    masked: tuple[str, ...]  # files with secrets, which the box shows empty
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody typed."""

    argv: tuple[str, ...]
    agent: str | None
    resume: str | None
    strict: bool
    is_degradable: bool
    mcp: str | None = None  # the name of the tool server that the command is


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else a plan depends on."""

    places: Places
    host: Host
    policy: Policy
    environment: Mapping[str, str]
    now: datetime
    new_id: Callable[[], str]
    code: tuple[str, ...]  # places of ringfence's own code, without links
    tell: Callable[[str], None]


@contextmanager
def held_session(wish: Wish, around: Around, *, folder: str) -> Iterator[Session]:
    """A new session, or the one that is resumed, which nobody else has meanwhile.

    Raises:
        NoSession: there is none of that name.
        CommandNotKept: it would go on with a command that is not known any more.
        StillRunning: its box has not ended.
        UnreadableScope, NeverGiven: `folder` is in no working tree that a box may have.
    """
    sessions = around.places.sessions
    session = sessions.find(wish.resume) if wish.resume is not None else _new(wish, around, folder)
    with sessions.held(session) as is_ours:
        running = sessions.running(session)
        if not is_ours or (running and is_running(running)):
            raise StillRunning(
                f"session {session.name} is still running",
                hint=f"end it first: ringfence kill {session.name}",
            )
        yield session if wish.resume is None else sessions.going_on(session, wish.argv)


def _new(wish: Wish, around: Around, folder: str) -> Session:
    session = Session(
        id=around.new_id(),
        agent=wish.agent or Path(wish.argv[0]).name,
        command=wish.argv,
        folder=folder,
        tree=working_tree(folder, around.host).path,
        started_at=around.now.isoformat(timespec="seconds"),
        options={"strict": wish.strict, "is_degradable": wish.is_degradable},
    )
    around.places.sessions.make(session)
    return session


def prepare(
    session: Session,
    around: Around,
    network: Callable[[], WantedNetwork | None],
    *,
    home: WantedHome | None,
    is_resumed: bool,
) -> tuple[Prepared, Planned]:
    """The plan, with all in its place that must be there before the box stands.

    `network` is called when the working tree has been looked at. `home`: None for the session's own.

    Raises:
        RingfenceError: there can be no such box, and why. A new session is forgotten again.
    """
    try:
        return _prepared(session, around, network, home=home, is_resumed=is_resumed)
    except BaseException:
        forget_tree(around.places.sessions.folder_of(session))
        if not is_resumed:
            around.places.sessions.forget(session)
        raise


def _prepared(
    session: Session,
    around: Around,
    network: Callable[[], WantedNetwork | None],
    *,
    home: WantedHome | None,
    is_resumed: bool,
) -> tuple[Prepared, Planned]:
    sessions, host = around.places.sessions, around.host
    place = sessions.folder_of(session)
    of = working_tree(session.folder, host)
    who = identity(host, of.path)
    within = Path(home.folder) if home else place / "home"
    give(within, who)
    tree = look(Path(of.path), cache=around.places.cache, now_ns=int(around.now.timestamp() * 1_000_000_000))
    _refuse_unkept(tree, session, around)
    if session.options["strict"] and tree.secrets:
        raise SecretsThere(
            f"the working tree holds secrets: {', '.join(printable(each.path) for each in tree.secrets[:5])}",
            hint="move them out of the working tree, or leave --strict out: they are then shown empty",
        )
    protections = (*mounts(tree, place), *kept_code(around.code, of.path, around.tell))
    answered = network()
    if answered is not None:
        from ringfence.sandbox.planning.answered import BUNDLE, authorities

        put_readable(place / BUNDLE, authorities(answered, host))
    wanted = Wanted(
        session=session.id,
        agent=session.agent,
        argv=session.command,
        folder=session.folder,
        environment=around.environment,
        session_folder=str(place),
        tree=of,
        protections=protections,
        must_keep=tuple(each.target for each in protections if each.kind is MountKind.READ),
        may_lack=DEGRADABLE if session.options["is_degradable"] else frozenset(),
        network=answered,
        home=home,
    )
    planned = make_plan(wanted, policy=around.policy, host=host, now=around.now)
    prepare_tree(tree, place)
    _make_ready(within, planned, answered, around, who)
    prepared = Prepared(
        session=session,
        plan=planned.plan,
        command=planned.command,
        masked=tuple(each.path for each in tree.secrets),
        resumed=is_resumed,
    )
    return prepared, planned


def _make_ready(
    home: Path, planned: Planned, answered: WantedNetwork | None, around: Around, who: Identity
) -> None:
    try:
        furnish(home, planned.home_places, who)
        introduce(home, _git_s(around), who, https_for=() if answered is None else sorted(FORGES))
        if answered is not None:
            from ringfence.sandbox.key_answers import carry_answers  # few boxes are answered
            from ringfence.sandbox.login_files import put_login_files
            from ringfence.sandbox.signed_in import say_signed_in

            put_login_files(home, answered.files, who)
            carry_answers(home, answered.environment, who)
            say_signed_in(home, [path for path, _ in answered.files], who)
    except InTheWay as error:
        if around.places.homes.folder in home.parents:
            error.hint = f"look at it there, or forget this home: ringfence forget --homes {home.parent.name}"
        raise


def _git_s(around: Around) -> tuple[Path, Path]:
    """Where git keeps what it knows of the user, the last word last."""
    home = Path(around.host.home)
    return Path(
        around.environment.get("XDG_CONFIG_HOME") or home / ".config"
    ) / "git/config", home / ".gitconfig"


def _refuse_unkept(tree: Tree, session: Session, around: Around) -> None:
    """Says what of the tree cannot be kept, where the box may start all the same.

    Raises:
        Unkept: it may not.
    """
    said = [f"{printable(each.path)}: {printable(each.why)}" for each in tree.troubles]
    if said and not session.options["is_degradable"]:
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        raise Unkept(
            f"the working tree cannot be kept as it should: {said[0]}{more}",
            hint="put it in order, or start all the same, on the record: --allow-degraded",
        )
    for each in said:
        around.tell(each)
