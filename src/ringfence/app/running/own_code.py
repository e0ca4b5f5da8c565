"""Keeps a box from changing ringfence: where its own code lies in the working tree, a box only reads it.

Whatever a box wrote there would run outside of any box, with all that its user may do, at the next command.
"""

from collections.abc import Callable, Iterable, Iterator

from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.text import printable
from ringfence.sandbox.plan import Mount, MountKind, Why
from ringfence.sandbox.planning.host import within

__all__ = ["OwnCodeThere", "kept_code"]

_WHY = Why(text="ringfence itself is started from it")


class OwnCodeThere(RingfenceError):
    """The working tree as a whole is a place of ringfence's own code."""

    code = ExitCode.NO_BOX


def kept_code(places: Iterable[str], tree: str, tell: Callable[[str], None]) -> Iterator[Mount]:
    """Those of `places` (absolute, without links) that lie in the tree, outermost only, to be read alone.

    Raises:
        OwnCodeThere: one is the tree itself.
    """
    inside = sorted({place for place in places if within(place, tree)})
    if tree in inside:
        raise OwnCodeThere(
            f"{printable(tree)}: ringfence itself takes modules from there, and a box could change them",
            hint="leave the working tree out of PYTHONPATH, or install ringfence elsewhere: pipx install",
        )
    for place in inside:
        if not any(within(place, other) and place != other for other in inside):
            tell(f"{printable(place)} is read-only in the box: {_WHY.text}")
            yield Mount(target=place, kind=MountKind.READ, source=place, why=_WHY, is_user_s=True)
