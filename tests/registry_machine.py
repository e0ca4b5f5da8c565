"""A machine whose package managers are set to registries: a home, a root and a tree of a test's own."""

import os
from pathlib import Path
from types import MappingProxyType

from ringfence.core.registries import Registries
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.registries import Looking, registries

__all__ = ["Machine"]


class Machine:
    """One with nothing on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.root, self.tree = folder / "home", folder / "root", folder / "tree"
        for each in (self.home, self.root, self.tree):
            each.mkdir()

    def write(self, path: str, text: str) -> Path:
        """Below home, root or tree."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def look(self, *, defended: bool = True, **environment: str) -> Registries:
        """What is found; without the defence a working tree is a folder like any other."""
        home = Home(path=self.home, system=System.LINUX, environment=MappingProxyType(environment))
        owners = frozenset({os.geteuid()})
        never = (str(self.tree),) if defended else ()
        return registries(Looking(home=home, root=self.root, never=never, owners=owners))

    def found(self, **environment: str) -> list[str]:
        """Each as one text."""
        return [
            f"{each.program} {each.host}:{each.port}{each.path} {each.file}:{each.line}"
            for each in self.look(**environment).found
        ]
