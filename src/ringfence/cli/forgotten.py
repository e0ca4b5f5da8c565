"""Which sessions or homes `ringfence forget` has forgotten, and which stay and why."""

from collections.abc import Sequence

from ringfence.cli.exact import name
from ringfence.cli.sizes import show_size
from ringfence.cli.streams import tell, write

__all__ = ["say_forgotten"]


def say_forgotten(kind: str, gone: Sequence[tuple[str, int]], kept: Sequence[tuple[str, str]]) -> None:
    """Says it of each `kind`: the name and freed bytes of what is gone, the name and reason of what stays."""
    write(f"forgotten {each}: {show_size(freed_bytes)} freed\n" for each, freed_bytes in gone)
    for each, why in kept:
        tell(f"ringfence: {kind} {each} stays: {name(why)}")
    if not gone:
        write("nothing was forgotten\n")
