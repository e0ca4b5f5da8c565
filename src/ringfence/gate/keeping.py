"""The last good policy of each set of places, and the highest serial of each system document, kept for later.

They lie in the state folder, as what they were loaded from: a policy that fails to load leaves the last good
one in force, also in the next process.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.gate.finding import Candidate
from ringfence.gate.state import make_folder, read_private, write_private
from ringfence.policy.files import PolicyFile
from ringfence.policy.rule import Tier

__all__ = ["Keeper", "Kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was in force when it was last looked."""

    digest: str
    files: tuple[PolicyFile, ...]
    refused: str | None = None  # digest of the words that a document was refused with since, if one was


class Keeper:
    """Keeps for one set of places."""

    def __init__(self, state: Path, places: Sequence[Candidate]) -> None:
        paths = "\0".join(str(each.path) for each in places)
        key = hashlib.sha256(paths.encode("utf-8", "surrogateescape")).hexdigest()
        self._folder = state / "policies"
        self._path = self._folder / f"{key[:32]}.json"
        self._serials = self._folder / "serials.json"

    @property
    def serials_path(self) -> Path:
        """The file that remembers serials."""
        return self._serials

    def kept(self) -> Kept | None:
        """None when nothing was kept yet, or it is damaged."""
        try:
            read = json.loads(read_private(self._path) or b"null")
            return Kept(
                digest=read["digest"],
                files=tuple(
                    PolicyFile(tier=Tier(tier), name=name, data=base64.b64decode(data))
                    for tier, name, data in read["files"]
                ),
                refused=read["refused"],
            )
        except (ValueError, TypeError, LookupError, RecursionError, binascii.Error):
            return None

    def keep(self, kept: Kept) -> None:
        """In place of what was kept before.

        Raises:
            StateRefused: it cannot be written.
        """
        files = [[int(each.tier), each.name, base64.b64encode(each.data).decode()] for each in kept.files]
        make_folder(self._folder)
        self._write(self._path, {"digest": kept.digest, "files": files, "refused": kept.refused})

    def serial(self, system: Path) -> int | None:
        """The highest that the system's document ever had."""
        found = self._read_serials().get(str(system))
        return found if type(found) is int else None

    def saw_serial(self, system: Path, serial: int) -> None:
        """Remembers it."""
        make_folder(self._folder)
        self._write(self._serials, {**self._read_serials(), str(system): serial})

    def _read_serials(self) -> dict[str, object]:
        try:
            read = json.loads(read_private(self._serials) or b"{}")
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    @staticmethod
    def _write(path: Path, value: object) -> None:
        write_private(path, json.dumps(value, ensure_ascii=True).encode("ascii"), replace=True)
