"""Finds the agents of each home, and what they hold.

A credential belongs to the agent whose own settings hold it. Those that belong to the person (environment,
shell start-up files, netrc …) are in reach of every agent of that home, and listed with each.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Agent, Credential
from ringfence.core.text import printable
from ringfence.endpoint.agents.desktop import DESKTOP_AGENTS, EXTENSION_FOLDERS
from ringfence.endpoint.agents.gathering import (
    Gathered,
    Project,
    gather_home,
    gather_project,
    project_at,
)
from ringfence.endpoint.agents.kind import AgentKind
from ringfence.endpoint.agents.terminal import TERMINAL_AGENTS
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.credentials.reachable import KEYRING, reachable
from ringfence.endpoint.home import Home
from ringfence.endpoint.packages import npm, pip
from ringfence.endpoint.packages.package import Package, tidy_version
from ringfence.endpoint.places import names, places

__all__ = ["AGENTS", "find_agents"]

AGENTS: tuple[AgentKind, ...] = (*TERMINAL_AGENTS, *DESKTOP_AGENTS)

_BY_NPM = {name: kind.name for kind in AGENTS for name in kind.npm}
_BY_PIP = {name: kind.name for kind in AGENTS for name in kind.pip}
_BY_EXTENSION = {name: kind.name for kind in AGENTS for name in kind.extensions}
_EXTENSION = re.compile(r"(.+?)-(\d+\.\d+\.\d+)(?:[-+].*)?")

_IN_PROJECTS = frozenset(
    pattern.partition("/")[0]
    for kind in AGENTS
    for pattern in (*(document.path for document in kind.project), *kind.project_skills)
)
_Programs = dict[str, list[Package]]
"""By an agent's name, its installed packages."""


def find_agents(
    homes: Sequence[Home],
    *,
    repositories: Iterable[Path] = (),
    environments: Iterable[Path] = (),
    node_modules: Iterable[Path] = (),
    system: Path | None = None,
) -> Iterator[Agent | Skipped]:
    """The agents of each home, one value per home and product, then those that belong to no home.

    `repositories`, `environments` and `node_modules` are what the walk met; `system` is the root of the
    machine's own files, None when only homes are looked at. Each reason for not looking is told once.
    """
    told: set[Skipped] = set()
    for each in _all(homes, list(repositories), [*environments], [*node_modules], system):
        if not isinstance(each, Skipped):
            yield each
        elif each not in told:
            told.add(each)
            yield each


def _all(
    homes: Sequence[Home],
    repositories: list[Path],
    environments: list[Path | Skipped],
    node_modules: list[Path | Skipped],
    system: Path | None,
) -> Iterator[Agent | Skipped]:
    elsewhere: _Programs = {}
    if system is not None:
        node_modules.extend(npm.system_folders(system))
        sites = list(pip.system_site_folders(system))
        yield from _packages(elsewhere, [], sites)
    yield from _packages(elsewhere, node_modules, _sites(environments))
    common = _owned(elsewhere, None, homes)
    used: set[str] = set()
    allowance = Allowance(LIMITS.settings_s)
    for home in homes:
        programs = _owned(elsewhere, home, homes)
        yield from _installed_in(home, programs)
        mine = _projects(repositories, homes, home)
        yield from _of_home(home, programs, common, projects=mine, used=used, allowance=allowance)
    nobodys = _projects(repositories, homes, None)
    for kind in AGENTS:
        gathered = Gathered(None, allowance)
        for project in nobodys:
            gather_project(gathered, kind, project)
        if kind.name not in used:
            _note(gathered, common.get(kind.name, ()))
        yield from gathered.skipped
        if gathered.locations:
            yield _agent(kind, gathered, ())


def _projects(repositories: list[Path], homes: Sequence[Home], home: Home | None) -> list[Project]:
    return [project_at(path, _IN_PROJECTS) for path in repositories if _owner(path, homes) == home]


def _of_home(
    home: Home,
    programs: _Programs,
    common: _Programs,
    *,
    projects: list[Project],
    used: set[str],
    allowance: Allowance,
) -> Iterator[Agent | Skipped]:
    """The agents of one home. Those that use a `common` program are added to `used`."""
    in_reach: list[Credential] | None = None
    for kind in AGENTS:
        gathered = gather_home(kind, home, allowance)
        for project in projects:
            gather_project(gathered, kind, project)
        _note(gathered, programs.get(kind.name, ()))
        yield from gathered.skipped
        if not gathered.locations:
            continue
        if kind.name in common:
            _note(gathered, common[kind.name])
            used.add(kind.name)
        if in_reach is None:
            in_reach = []
            for each in reachable(home, allowance):
                if isinstance(each, Skipped):
                    yield each
                elif len(in_reach) < LIMITS.agent_items:
                    in_reach.append(each)
                else:
                    reason = f"the first {LIMITS.agent_items} credentials in reach were taken"
                    yield Skipped(kind="credential", subject=printable(str(home.path)), reason=reason)
                    break
        yield _agent(kind, gathered, in_reach)


def _agent(kind: AgentKind, gathered: Gathered, in_reach: Sequence[Credential]) -> Agent:
    own = tuple(gathered.credentials)
    credentials = tuple(dict.fromkeys((*own, *in_reach)))[: LIMITS.agent_items]
    return Agent(
        name=kind.name,
        version=gathered.version,
        locations=tuple(gathered.locations),
        mcp_servers=tuple(gathered.servers),
        skills=tuple(gathered.skills),
        credentials=credentials,
        findings=_findings(kind, own, credentials),
    )


def _findings(
    kind: AgentKind, own: tuple[Credential, ...], all_of_them: tuple[Credential, ...]
) -> tuple[Finding, ...]:
    """That brain, hands and secrets share a box. A keyring alone is on every desktop and proves nothing."""
    telling = [each for each in all_of_them if each.kind != KEYRING]
    if not telling:
        return ()
    return (
        finding(
            "agent-holds-credentials",
            severity=Severity.MEDIUM,
            confidence=Confidence.CERTAIN if own else Confidence.LIKELY,
            subject=kind.name,
            evidence=tuple(f"{each.kind} in {each.location}" for each in telling),
            advice="run its tools where these are not: in a sandbox, with a broker that adds secrets outside",
        ),
    )


def _note(gathered: Gathered, programs: Iterable[Package]) -> None:
    for program in programs:
        gathered.locations[program.location] = None
        gathered.version = gathered.version or program.version


def _installed_in(home: Home, programs: _Programs) -> Iterator[Skipped]:
    """Notes the home's global packages and editor extensions in `programs`."""
    yield from _packages(programs, npm.global_folders(home), pip.user_site_folders(home))
    yield from _packages(programs, (), _sites(pip.environments_of(home)))
    for place in EXTENSION_FOLDERS:
        for folder in places(home, place):
            for name in (folder,) if isinstance(folder, Skipped) else names(folder):
                if isinstance(name, Skipped):
                    yield name
                    continue
                found = _EXTENSION.fullmatch(name[: LIMITS.name_chars].lower())
                if found and found[1] in _BY_EXTENSION and isinstance(folder, Path):
                    package = Package(name=found[1], version=tidy_version(found[2]), location=folder / name)
                    programs.setdefault(_BY_EXTENSION[found[1]], []).append(package)


def _packages(
    programs: _Programs, node_modules: Iterable[Path | Skipped], sites: Iterable[Path | Skipped]
) -> Iterator[Skipped]:
    for folders, table, packages_in in (
        (node_modules, _BY_NPM, npm.npm_packages),
        (sites, _BY_PIP, pip.pip_packages),
    ):
        for folder in folders:
            for found in (folder,) if isinstance(folder, Skipped) else packages_in(folder, table):
                if isinstance(found, Skipped):
                    yield found
                else:
                    programs.setdefault(table[found.name], []).append(found)


def _sites(environments: Iterable[Path | Skipped]) -> Iterator[Path | Skipped]:
    for environment in environments:
        yield from (environment,) if isinstance(environment, Skipped) else pip.site_folders(environment)


def _owned(programs: _Programs, home: Home | None, homes: Sequence[Home]) -> _Programs:
    """Those of `programs` that lie in `home`; None stands for those in no home."""
    mine = {
        name: [package for package in packages if _owner(package.location, homes) == home]
        for name, packages in programs.items()
    }
    return {name: packages for name, packages in mine.items() if packages}


def _owner(path: Path, homes: Sequence[Home]) -> Home | None:
    """The innermost of `homes` that `path` lies in."""
    around = [home for home in homes if path.is_relative_to(home.path)]
    return max(around, key=lambda home: len(home.path.parts), default=None)
