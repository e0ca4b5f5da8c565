"""A small home, scanned in this process and recorded into a ledger of the test's own."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from doors import door_in
from ringfence.app.scan.here import Here
from ringfence.app.scan.request import NoProgress, ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.app.standing.assessor import Assessor
from ringfence.app.standing.naming import Paths
from ringfence.app.standing.recording import Book
from ringfence.core.inventory import Inventory
from ringfence.endpoint.this_platform import this_platform
from ringfence.gate.door import Door
from ringfence.ledger.ledger import Recorded

__all__ = ["STREAM", "Endpoint", "pickled"]

STREAM = "endpoint/test"


def pickled(path: Path, value: object = 0.5) -> Path:
    """A model of a few bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps([value]))
    return path


@dataclass(slots=True)
class Endpoint:
    """One machine, with all it keeps in `folder`; the home that is looked at is `folder/home/ann`."""

    folder: Path
    policy: str | None = None
    told: list[str] = field(default_factory=list)
    home: Path = field(init=False)
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.folder / "home" / "ann"
        self.home.mkdir(parents=True)
        self.door = door_in(self.folder, self.policy)

    def scan(self, *paths: Path, judge: bool = False, **request: object) -> Inventory:
        """Looks, assesses and records; without paths at the whole home."""
        where = {"paths": paths} if paths else {"home": self.home}
        wanted = ScanRequest(**{"hashed": False, "processes": False, "listeners": False} | where | request)
        here = Here(
            environment={"HOME": str(self.home)},
            platform=this_platform,
            now=lambda: datetime.now(UTC),
            digest_cache=self.folder / "cache" / "digests.sqlite",
            cores=1,
            door=lambda: self.door,
        )
        scan = Scan(wanted, here)
        inventory = scan.look(NoProgress())
        if wanted.hashed:
            inventory = scan.verify(NoProgress())
        if judge:
            inventory = scan.judge(inventory, NoProgress())
        return self.assessor().assess(inventory, wanted, listening=scan.listening)

    def assessor(self) -> Assessor:
        return Assessor(
            policy=self.door.policy, book=self.book, now=lambda: datetime.now(UTC), tell=self.told.append
        )

    def book(self) -> Book:
        paths = Paths(own_home=self.home, own_account="ann", subject_of=lambda name: f"subject-{name[::-1]}")
        return Book(ledger=self.door.ledger, stream=STREAM, paths=paths, new_id=lambda: "a-scan")

    def recorded(self, after: int = 0) -> list[Recorded]:
        """Everything in the endpoint's stream but for the first `after` events."""
        return list(self.door.ledger.read(stream=STREAM))[after:]

    def news(self, after: int = 0) -> list[tuple[str, ...]]:
        """Each event's type with the names of what it is about, and of what changed."""
        return [tuple(_told(each)) for each in self.recorded(after)]


def _told(recorded: Recorded) -> Iterator[str]:
    yield recorded.type.removesuffix("/1")
    thing = getattr(recorded.event, "thing", None)
    if thing is not None:
        yield str(thing.facts.get("name", thing.facts.get("agent")))
    yield from getattr(recorded.event, "changed", ()) if thing is not None else ()
