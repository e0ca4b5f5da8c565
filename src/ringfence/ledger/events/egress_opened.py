"""A session may reach the world, as far as policy lets it."""

from ringfence.core.dataclass import dataclass

__all__ = ["EgressOpened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressOpened:
    """What is listened on for it, and what it has placeholders for. Each connection is decided on its own."""

    TYPE = "egress.opened/1"

    session: str
    ports: tuple[int, ...]
    catches_all_ports: bool  # what is dialled on others lands there, too
    credentials: tuple[str, ...]  # names
