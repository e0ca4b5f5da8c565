"""Whether this machine is online, and over a VPN. Looked up, never tried out."""

from ringfence.core.inventory import Skipped
from ringfence.core.machine import Network
from ringfence.endpoint.platform import Platform
from ringfence.endpoint.this_platform import not_implemented

__all__ = ["network"]


def network(platform: Platform | None) -> Network | Skipped:
    """The network's state as the running system tells it."""
    return platform.network() if platform else not_implemented("network")
