"""Makes the plan of a box: what every box has, the working tree, what the policy gives and what it takes.

Nothing here acts, and the machine is asked through `Host` alone. The policy decides what it speaks of; where
it says nothing, a box has what every box has, and nothing else of the host.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from ringfence.core.limits import LIMITS
from ringfence.policy.policy import Policy
from ringfence.policy.sandboxing import Sandboxing, sandboxing
from ringfence.sandbox.plan import Command, Limits, Mount, MountKind, Plan, PublishedPort, Why
from ringfence.sandbox.planning.answered import network_of
from ringfence.sandbox.planning.environment import environment
from ringfence.sandbox.planning.giving import AllGiven, all_given, as_user_s, is_giving
from ringfence.sandbox.planning.home import home_of, home_places
from ringfence.sandbox.planning.host import Host, Kind
from ringfence.sandbox.planning.identity import identity
from ringfence.sandbox.planning.judging import Judge
from ringfence.sandbox.planning.layering import restricting_in_order
from ringfence.sandbox.planning.patterns import TooMany
from ringfence.sandbox.planning.programs import program
from ringfence.sandbox.planning.restricted import hidden, masked
from ringfence.sandbox.planning.view import HIDING, View
from ringfence.sandbox.planning.wanted import Planned, Wanted

__all__ = ["DEFAULTS", "limits_of", "make_plan"]

DEFAULTS = Limits(processes=4096)
"""Where the policy says nothing. Memory has no bound then: programs reserve far more than they use."""


def make_plan(wanted: Wanted, *, policy: Policy, host: Host, now: datetime) -> Planned:
    """The plan for a command under a policy on a machine, at `now` (UTC).

    Raises:
        NeverGiven: the policy gives what no box has.
        NothingRuns, UnreadableScope: it denies what every box needs, or the working tree.
        TooMany: its patterns take too much looking, or come down to too many places.
        NotFound, NotExecutable: the box would have no such program.
        NoIdentity: there is nobody whom the command could be.
    """
    tree = wanted.tree.path
    who = identity(host, tree)
    said = sandboxing(policy.document, wanted.agent)
    limits, limits_why = limits_of(said)
    judge = Judge(policy, agent=wanted.agent, session=wanted.session, tree=tree, now=now)
    budget = [LIMITS.plan_names]
    given = all_given(wanted, judge, host, who=who, memory_bytes=limits.memory_disk_bytes, budget=budget)
    restricting = _restricting(wanted, given, judge, host, budget)
    mounts = (*given.mounts, *(as_user_s(each, host, who) for each in restricting))
    _refuse_many(mounts)
    view = View(mounts, host.files)
    home = host.home if host.home != "/" else home_of(host)
    network = None if wanted.network is None else network_of(wanted.network)
    variables = environment(
        wanted.environment,
        said,
        view,
        who=who,
        home=home,
        session=wanted.session,
        network=network,
        stand_ins=() if wanted.network is None else wanted.network.environment,
    )
    debug, hides_starts = said.said.debug, said.said.hides_starts
    plan = Plan(
        session=wanted.session,
        agent=wanted.agent,
        folder=wanted.folder,
        identity=who,
        mounts=mounts,
        limits=limits,
        limits_why=limits_why,
        debug=debug is not None and debug.is_on,
        debug_why=None if debug is None else Why(text="sandbox.debug", place=debug.at),
        tells_starts=hides_starts is None or not hides_starts.is_on,
        network=network,
        published=tuple(
            PublishedPort(
                port=each.port,
                host_port=each.host_port,
                why=Why(text="sandbox.publish", place=each.at),
            )
            for each in said.said.publish
        ),
        may_lack=wanted.may_lack,
        must_hide=tuple(dict.fromkeys((*wanted.must_hide, *_to_hide(mounts, view, host)))),
        must_keep=wanted.must_keep,
    )
    return Planned(
        plan=plan,
        command=Command(
            program=_program(wanted, dict(variables)["PATH"], view, host),
            arguments=wanted.argv,
            environment=variables,
        ),
        withheld=tuple(dict.fromkeys(given.withheld)),
        home_places=home_places(given.mounts, given.links, host),
    )


def limits_of(said: Sandboxing) -> tuple[Limits, Why]:
    """The bounds of a box, and the first line that says one."""
    bounds = said.bounds
    amounts = {name: bound.amount for name, bound in bounds.items()}
    memory = amounts.get("memory_bytes", DEFAULTS.memory_disk_bytes)
    limits = Limits(
        **{"processes": DEFAULTS.processes, **amounts},
        memory_disk_bytes=min(DEFAULTS.memory_disk_bytes, memory),
    )
    first = next(iter(bounds.values()), None)
    text = "what every box has" if first is None else "sandbox"
    return limits, Why(text=text, place=first.at if first else None)


def _restricting(
    wanted: Wanted, given: AllGiven, judge: Judge, host: Host, budget: list[int]
) -> Iterator[Mount]:
    """What the policy denies, credentials, and what protects the tree."""
    shown = View(given.mounts, host.files)
    found = (
        *hidden(given.mounts, judge, host, base=given.base, budget=budget),
        *masked(shown, host),
        *(each for each in wanted.protections if not is_giving(each)),
    )
    return restricting_in_order(found, given.mounts, host.files)


def _refuse_many(mounts: tuple[Mount, ...]) -> None:
    if len(mounts) > LIMITS.plan_places:
        raise TooMany(
            f"the policy comes down to {len(mounts)} places; {LIMITS.plan_places} are the most",
            hint="name folders instead of files: /data/project/**",
        )


def _program(wanted: Wanted, search: str, view: View, host: Host) -> str:
    return program(
        wanted.argv[0],
        folder=wanted.folder,
        search=search,
        host_search=wanted.environment.get("PATH", ""),
        view=view,
        files=host.files,
    )


def _to_hide(mounts: Iterable[Mount], view: View, host: Host) -> Iterator[str]:
    """What of the host a probe must not read: what is masked by name, and ringfence's own folders."""
    for place in host.state:
        if host.files.kind(place) is not None and view.seen(place) is None:
            yield place
    for each in mounts:
        if each.kind is MountKind.EMPTY_FILE or (
            each.kind in HIDING and host.files.kind(each.target) is Kind.FOLDER
        ):
            yield each.target
