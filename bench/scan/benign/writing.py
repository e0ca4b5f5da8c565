# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""Where honest files go: each in a folder of its own, and none that its library cannot write."""
# ruff: noqa: ANN401, E501 - untyped libraries, and tables of values, many to a line

import pathlib
import pickle
import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Folder"]

_MOST_BYTES = 2_000_000


class Folder:
    """Where the files of one group go."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place, self.made, self.failed = place, 0, 0
        place.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, writer: Callable[[str], object]) -> None:
        """Has `writer` write the file of that name, in a folder of its own; not one that is large or fails."""
        home = self.place / f"{self.made:04}"
        home.mkdir(exist_ok=True)
        path = home / re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        try:
            writer(str(path))
        except Exception:  # noqa: BLE001 - what a library cannot write is no file
            self.failed += 1
            path.unlink(missing_ok=True)
            return
        if path.stat().st_size > _MOST_BYTES:
            path.unlink()
        else:
            self.made += 1

    def bytes(self, name: str, data: bytes) -> None:
        """Writes them."""
        self.write(name, lambda path: pathlib.Path(path).write_bytes(data))

    def pickle(self, name: str, value: object, protocols: Iterable[int] = (2, 4)) -> None:
        """Pickles it with each protocol."""
        for protocol in protocols:
            self.write(
                f"{name}.pkl", lambda path, p=protocol: pathlib.Path(path).write_bytes(pickle.dumps(value, p))
            )

    def joblib(self, name: str, value: object, **how: Any) -> None:
        """Dumps it with joblib."""
        import joblib

        self.write(f"{name}.joblib", lambda path: joblib.dump(value, path, **how))

    def torch(self, name: str, value: object, **how: Any) -> None:
        """Saves it with torch."""
        import torch

        self.write(name, lambda path: torch.save(value, path, **how))
