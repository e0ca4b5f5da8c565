"""Gathers what one agent has in one home: settings, servers, skills and secrets. Reads; decides nothing."""

import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from ringfence.core.bounded_json import Json
from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.core.machine import Credential, McpServer, Skill
from ringfence.core.text import printable
from ringfence.endpoint.agents.kind import AgentKind, Document, Syntax
from ringfence.endpoint.agents.mcp import servers_in
from ringfence.endpoint.allowance import Allowance
from ringfence.endpoint.credentials.search import in_document, in_text_file
from ringfence.endpoint.credentials.secrets import label
from ringfence.endpoint.home import Home
from ringfence.endpoint.places import below, names, places, shown, status
from ringfence.endpoint.settings import read_jsonc, read_toml, read_yaml

__all__ = ["Gathered", "Project", "gather_home", "gather_project", "project_at"]

_T = TypeVar("_T")
_PLACE = re.compile(r"~/|\$|[a-z-]+:")
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9})+")


@dataclass(slots=True)
class Gathered:
    """What was found so far; dictionaries keep order and let nothing in twice."""

    home: Home | None
    allowance: Allowance
    version: str | None = None
    locations: dict[Path, None] = field(default_factory=dict)
    servers: dict[McpServer, None] = field(default_factory=dict)
    skills: dict[Skill, None] = field(default_factory=dict)
    credentials: dict[Credential, None] = field(default_factory=dict)
    skipped: dict[Skipped, None] = field(default_factory=dict)


def gather_home(kind: AgentKind, home: Home, allowance: Allowance) -> Gathered:
    """What the agent's settings and state in `home` show. Without any location it is not there."""
    gathered = Gathered(home, allowance)
    roots = [path for place in kind.roots for path in _existing(gathered, places(home, place))]
    gathered.locations.update(dict.fromkeys(roots))
    programs = [path for place in kind.programs for path in _existing(gathered, places(home, place))]
    if programs:
        newest = max(programs, key=lambda path: _numbers(path.name))
        gathered.locations[newest] = None
        version = _VERSION.search(newest.name)
        gathered.version = version[0] if version else None
    for document in kind.documents:
        for path in _existing(gathered, _paths(home, roots, document.path)):
            _read(gathered, document, path, told=not any(path.is_relative_to(root) for root in roots))
    for pattern in kind.skills:
        for folder in _existing(gathered, _paths(home, roots, pattern)):
            _look_for_skills(gathered, folder)
    return gathered


@dataclass(frozen=True, slots=True)
class Project:
    """A repository, and which of the names that agents look for are in it; None when nobody can tell."""

    path: Path
    names: frozenset[str] | None

    def below(self, pattern: str, home: Home | None) -> Iterator[Path | Skipped]:
        """As `places.below`, but knows at once when there is nothing."""
        first = pattern.partition("/")[0]
        if self.names is None or first in self.names:
            yield from below(self.path, pattern, home=home)


def project_at(path: Path, wanted: frozenset[str]) -> Project:
    """The repository at `path`, of whose names only the `wanted` matter."""
    found: set[str] = set()
    for name in names(path):
        if isinstance(name, Skipped):
            return Project(path, None)
        if name in wanted:
            found.add(name)
    return Project(path, frozenset(found))


def gather_project(gathered: Gathered, kind: AgentKind, project: Project) -> None:
    """Adds what the repository configures for the agent."""
    for document in kind.project:
        for path in _existing(gathered, project.below(document.path, gathered.home)):
            _read(gathered, document, path, told=True)
    for pattern in kind.project_skills:
        for folder in _existing(gathered, project.below(pattern, gathered.home)):
            if _look_for_skills(gathered, folder):
                gathered.locations[folder] = None


def _paths(home: Home, roots: list[Path], pattern: str) -> Iterator[Path | Skipped]:
    if _PLACE.match(pattern):
        yield from places(home, pattern)
    else:
        for root in roots:
            yield from below(root, pattern, home=home)


def _existing(gathered: Gathered, paths: Iterable[Path | Skipped]) -> Iterator[Path]:
    """Those that exist, each once; why others could not be looked at is noted."""
    seen: set[Path] = set()
    for path in paths:
        found = path if isinstance(path, Skipped) else status(path, gathered.home)
        if isinstance(found, Skipped):
            gathered.skipped[found] = None
        elif found is not None and isinstance(path, Path) and path not in seen:
            seen.add(path)
            yield path


def _read(gathered: Gathered, document: Document, path: Path, *, told: bool) -> None:
    """Notes what stands in one document that exists; `told` makes the file itself one of the locations."""
    if gathered.allowance.is_spent:
        reason = f"reading others took {LIMITS.settings_s:.0f} s"
        gathered.skipped[Skipped(kind="agent", subject=printable(str(path)), reason=reason)] = None
        return
    with gathered.allowance:
        _take(gathered, document, path, told=told)


def _take(gathered: Gathered, document: Document, path: Path, *, told: bool) -> None:
    name = shown(path, gathered.home)
    found: Iterable[Credential | Skipped] = ()
    servers: list[McpServer] = []
    match document.syntax:
        case Syntax.CLOSED:
            reason = "may hold secrets in a form that is not opened"
            found = [Skipped(kind="credential", subject=printable(str(path)), reason=reason)]
        case Syntax.TEXT:
            found = in_text_file(path, shown=name)
        case Syntax.JSON | Syntax.TOML | Syntax.YAML:
            value = _parsed(document.syntax, path)
            if isinstance(value, Skipped):
                found = [value]
            else:
                servers = [
                    server
                    for way in document.servers
                    for server in servers_in(value, way, configured_in=path)
                ]
                found = in_document(value, shown=name, auth_file=document.auth_file)
    if document.shared and not servers:
        return
    if told:
        gathered.locations[path] = None
    _add(gathered, path, gathered.servers, servers)
    for each in found:
        if isinstance(each, Skipped):
            gathered.skipped[each] = None
        elif not _add(gathered, path, gathered.credentials, [each]):
            break


def _parsed(syntax: Syntax, path: Path) -> Json | Skipped:
    if syntax is Syntax.TOML:
        return read_toml(path)
    return read_yaml(path) if syntax is Syntax.YAML else read_jsonc(path)


def _look_for_skills(gathered: Gathered, folder: Path) -> bool:
    """Notes the skills right below `folder`: whether there are any."""
    any_found = False
    for name in names(folder):
        if isinstance(name, Skipped):
            gathered.skipped[name] = None
        elif not name.startswith("."):
            found = status(folder / name / "SKILL.md")
            if isinstance(found, Skipped):
                gathered.skipped[found] = None
            elif found is not None and stat.S_ISREG(found.st_mode):
                any_found = True
                if not _add(gathered, folder, gathered.skills, [Skill(name=label(name), path=folder / name)]):
                    break
    return any_found


def _add(gathered: Gathered, path: Path, into: dict[_T, None], items: Iterable[_T]) -> bool:
    """Adds items up to the limit; false, with a note, when it is reached."""
    for item in items:
        if len(into) >= LIMITS.agent_items:
            reason = f"an agent's first {LIMITS.agent_items} servers, skills or credentials were taken"
            gathered.skipped[Skipped(kind="agent", subject=printable(str(path)), reason=reason)] = None
            return False
        into[item] = None
    return True


def _numbers(name: str) -> tuple[int, ...]:
    version = _VERSION.search(name)
    return tuple(int(part) for part in version[0].split(".")) if version else ()
