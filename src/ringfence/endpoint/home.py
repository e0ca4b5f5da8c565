"""A person's home folder, on whichever system it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

__all__ = ["Home", "System"]


class System(StrEnum):
    """Whose paths a home follows."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home. Only the running user's own home comes with an environment; others' is unknown, so empty."""

    path: Path
    system: System
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def own(self) -> bool:
        """Whether this is the home of the user who runs ringfence."""
        return bool(self.environment)

    def variable(self, name: str) -> Path | None:
        """The folder that an environment variable names, `~` expanded to this home; None when unset."""
        value = self.environment.get(name)
        if not value:
            return None
        return self.path / value[2:] if value.startswith("~/") else Path(value)

    def data(self, application: str) -> Path:
        """Where an application of that name keeps its data on this home's system."""
        match self.system:
            case System.LINUX:
                return (self.variable("XDG_DATA_HOME") or self.path / ".local/share") / application
            case System.MACOS:
                return self.path / "Library/Application Support" / application
            case System.WINDOWS:
                return self.path / "AppData/Local" / application

    def cache(self, application: str) -> Path:
        """Where an application of that name keeps its cache on this home's system."""
        match self.system:
            case System.LINUX:
                return (self.variable("XDG_CACHE_HOME") or self.path / ".cache") / application
            case System.MACOS:
                return self.path / "Library/Caches" / application
            case System.WINDOWS:
                return self.path / "AppData/Local" / application / "Cache"

    def config(self, application: str) -> Path:
        """Where an application of that name keeps its settings on this home's system."""
        match self.system:
            case System.LINUX:
                return (self.variable("XDG_CONFIG_HOME") or self.path / ".config") / application
            case System.MACOS:
                return self.path / "Library/Application Support" / application
            case System.WINDOWS:
                return self.path / "AppData/Roaming" / application
