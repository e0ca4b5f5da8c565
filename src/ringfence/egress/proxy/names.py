"""Addresses of 198.18.0.0/15 that stand for names, as a session's programs get them by DNS.

Whoever dials one means the name. The table has an end; what was asked for longest ago leaves it, and its
address is not given again for a long time. Source: RFC 2544.
"""

import ipaddress
from collections import OrderedDict

from ringfence.core.limits import LIMITS

__all__ = ["Names"]

_NETWORK = ipaddress.IPv4Network("198.18.0.0/15")
_FIRST, _LAST = int(_NETWORK[1]), int(_NETWORK[-2])


class Names:
    """Of one session."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, int] = OrderedDict()
        self._names: dict[int, str] = {}
        self._next = _FIRST

    def address(self, name: str) -> str:
        """The one that stands for a name, in canonical spelling."""
        number = self._addresses.get(name)
        if number is None:
            if len(self._addresses) >= LIMITS.egress_names:
                del self._names[self._addresses.popitem(last=False)[1]]
            while self._next in self._names:
                self._step()
            number = self._addresses[name] = self._next
            self._names[number] = name
            self._step()
        self._addresses.move_to_end(name)
        return str(ipaddress.IPv4Address(number))

    def meant(self, address: str) -> str | None:
        """The name that an address stands for; the address itself where it is of another network; None: no
        name has it, or not any more.
        """
        try:
            parsed = ipaddress.IPv4Address(address)
        except ValueError:
            return address
        return self._names.get(int(parsed)) if parsed in _NETWORK else address

    def _step(self) -> None:
        self._next = self._next + 1 if self._next < _LAST else _FIRST
