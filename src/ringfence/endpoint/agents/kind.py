"""What an agent is to ringfence: where it leaves its marks, and how its settings are to be read."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass

__all__ = ["AgentKind", "Document", "Syntax"]


class Syntax(StrEnum):
    """How a settings file is written."""

    JSON = "json"  # with or without comments
    TOML = "toml"
    YAML = "yaml"
    TEXT = "text"  # NAME=VALUE, line by line
    CLOSED = "closed"  # a database or an encrypted file that is known to hold secrets, and is not opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A settings file."""

    path: str  # below each root; or a place, as endpoint/places.py spells them
    syntax: Syntax = Syntax.JSON
    servers: tuple[str, ...] = ()  # where MCP servers stand, keys joined by `/`, `*` for any; "" for the top
    auth_file: bool = False  # it holds little but secrets
    shared: bool = False  # an editor's own: it counts only when servers stand in it


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKind:
    """One product. It is here when one of its roots, documents or packages is."""

    name: str  # as in agents[].name, e.g. claude-code
    roots: tuple[str, ...] = ()  # places of its settings and state, as endpoint/places.py spells them
    documents: tuple[Document, ...] = ()
    skills: tuple[str, ...] = ()  # folders of skills, below each root or as places; may hold `*`
    programs: tuple[str, ...] = ()  # places that show that it is installed; a version in the name is taken
    npm: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()  # of VS Code and its kin, as publisher.name
    project: tuple[Document, ...] = ()  # within a repository
    project_skills: tuple[str, ...] = ()
