"""What happens in boxes and no event tells of: on any kernel, on this one, or of some sessions."""

from collections.abc import Iterable, Iterator

from ringfence.app.ledger.telling_boxes import UNTOLD_BECAUSE
from ringfence.app.watching.sessions import WatchedSession
from ringfence.core.dataclass import dataclass
from ringfence.core.ids import session_name
from ringfence.ledger.events.process_untold import UntoldWhy

__all__ = ["Unseen", "unseen"]

_NAMED = 5  # sessions, of more


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Something that happens and that no event tells of."""

    what: str
    why: str
    instead: str  # what is there to see of it


_WITHOUT_STARTS = "the command itself, and each system call that the box refused, when it ends"
_ANYWHERE: tuple[Unseen, ...] = (
    Unseen(
        what="each start of a program that starts again and again",
        why="starts of one program by another are counted together",
        instead="the first with its arguments, how often it was at the end, and now and then before",
    ),
    Unseen(
        what="what a program was started with, beyond doubt",
        why="it is read from memory that another thread of the program can change meanwhile",
        instead="the path and arguments as told; who started it is the kernel's word",
    ),
    Unseen(
        what="files that a box reads and writes",
        why="mounts and Landlock decide, and this version asks no kernel to tell of each",
        instead="what of the working tree was protected, hidden or taken out again",
    ),
    Unseen(
        what="tools that are called over a pipe, within a box",
        why="what never leaves a box passes nobody",
        instead="tools that are called over the network, and those of servers that run by run --mcp",
    ),
    Unseen(
        what="what passes on raw connections",
        why="the policy says that nobody reads them",
        instead="the connection, with host and port",
    ),
)


def unseen(sessions: Iterable[WatchedSession], *, tells_starts: bool) -> tuple[Unseen, ...]:
    """All of it, what is special to this kernel and these sessions first.

    `tells_starts`: this kernel can tell of programs that start.
    """
    return (*_of_starts(tuple(sessions), tells_starts=tells_starts), *_ANYWHERE)


def _of_starts(sessions: tuple[WatchedSession, ...], *, tells_starts: bool) -> Iterator[Unseen]:
    if not tells_starts:
        yield Unseen(
            what="programs that start in boxes of this machine",
            why=UNTOLD_BECAUSE[UntoldWhy.KERNEL],
            instead=_WITHOUT_STARTS,
        )
    for why in UntoldWhy:
        names = [session_name(each.id) for each in sessions if each.untold is why]
        if names and (tells_starts or why is not UntoldWhy.KERNEL):
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield Unseen(
                what=f"programs that start in {', '.join(names[:_NAMED])}{more}",
                why=UNTOLD_BECAUSE[why],
                instead=_WITHOUT_STARTS,
            )
