"""Ports of the machine's own loopback lead into a box."""

from ringfence.core.dataclass import dataclass

__all__ = ["PortsPublished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortsPublished:
    """From when the command starts until its box is gone. What passes there is not recorded."""

    TYPE = "ports.published/1"

    session: str
    host_ports: tuple[int, ...]  # of the machine
    ports: tuple[int, ...]  # of the box, each where the host's in the same place leads
