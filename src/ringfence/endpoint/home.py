"""A person's home folder, on whichever system it was made."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from types import MappingProxyType

from ringfence.core.dataclass import dataclass, field

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
    elsewhere: bool = False  # a backup or a mounted disk: absolute paths in its settings do not hold here

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

    def xdg(self, name: str, default: str) -> Path:
        """The folder an XDG variable names; `default` below the home when it is unset or, as the standard
        has it, not absolute."""
        named = self.variable(name)
        return named if named and named.is_absolute() else self.path / default

    def place(self, text: str) -> Path | None:
        """Where the absolute path `text` of one of this home's settings files lies here.

        None when it is not absolute, or names a place of another machine that is not within this home.
        """
        if "\0" in text:
            return None
        if text in ("~", "~/") or text.startswith(("~/", "~\\")):
            return self.path / text[2:].replace("\\", "/")
        if self.system is System.WINDOWS:
            return self._in_this_home(PureWindowsPath(text))
        if self.elsewhere:
            return self._in_this_home(PurePosixPath(text))
        return Path(text) if text.startswith("/") else None

    def data(self, application: str) -> Path:
        """Where an application of that name keeps its data on this home's system."""
        match self.system:
            case System.LINUX:
                return self.xdg("XDG_DATA_HOME", ".local/share") / application
            case System.MACOS:
                return self.path / "Library/Application Support" / application
            case System.WINDOWS:
                return self.path / "AppData/Local" / application

    def roaming_data(self, application: str) -> Path:
        """As `data`, for applications whose data follows their user from machine to machine on Windows."""
        return self.config(application) if self.system is System.WINDOWS else self.data(application)

    def cache(self, application: str) -> Path:
        """Where an application of that name keeps its cache on this home's system."""
        match self.system:
            case System.LINUX:
                return self.xdg("XDG_CACHE_HOME", ".cache") / application
            case System.MACOS:
                return self.path / "Library/Caches" / application
            case System.WINDOWS:
                return self.path / "AppData/Local" / application / "Cache"

    def state(self, application: str) -> Path:
        """Where an application of that name keeps what it must not forget on this home's system."""
        match self.system:
            case System.LINUX:
                return self.xdg("XDG_STATE_HOME", ".local/state") / application
            case System.MACOS | System.WINDOWS:
                return self.data(application) / "state"

    def unix_cache(self, application: str) -> Path:
        """Where a program keeps its cache that knows `$XDG_CACHE_HOME` and `~/.cache` on every system."""
        return self.xdg("XDG_CACHE_HOME", ".cache") / application

    def config(self, application: str) -> Path:
        """Where an application of that name keeps its settings on this home's system."""
        match self.system:
            case System.LINUX:
                return self.xdg("XDG_CONFIG_HOME", ".config") / application
            case System.MACOS:
                return self.path / "Library/Application Support" / application
            case System.WINDOWS:
                return self.path / "AppData/Roaming" / application

    def _in_this_home(self, written: PurePath) -> Path | None:
        """`written` counted from this home, where it lies in one of that name: /Users/ann, C:/Users/ann."""
        folders = written.parts[1:]
        named = [part.casefold() for part in folders[:2]]
        if not written.is_absolute() or named not in (
            [p, self.path.name.casefold()] for p in ("users", "home")
        ):
            return None
        return self.path.joinpath(*folders[2:])
