"""What is kept from run to run: each home, whose it is and how large. Nothing in it is read."""

from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.ids import session_name
from ringfence.sandbox.home_sizes import size_of
from ringfence.sandbox.kept_homes import KeptHomes, has_box
from ringfence.sandbox.sessions import Sessions

__all__ = ["HomeReport", "report_homes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeReport:
    """One of them."""

    name: str
    agent: str
    tree: str
    session: str  # that had it last, as people call it
    used_at: datetime  # when that one began, or was gone on with
    in_use: bool
    size_bytes: int | None  # of the disk; None: it is more than is counted, or cannot be seen


def report_homes(homes: KeptHomes, sessions: Sessions) -> tuple[HomeReport, ...]:
    """All, by name. Raises StateRefused."""
    return tuple(
        HomeReport(
            name=each.name,
            agent=each.agent,
            tree=each.tree,
            session=session_name(each.session),
            used_at=datetime.fromisoformat(each.used_at),
            in_use=has_box(each, sessions),
            size_bytes=size_of(homes.path_of(each.name)),
        )
        for each in homes.all()
    )
