"""What goes out of the proxy and comes back, whoever talks with the host: the words of an exchange."""

from typing import Protocol

from ringfence.egress.messages import Refused
from ringfence.protocols.http import Headers, RequestHead, ResponseHead

__all__ = ["Leg", "LegBroken", "LegRefused"]


class LegBroken(Exception):
    """The other side broke off, or sent what cannot be read. `refused` is what the program is told."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.what)
        self.refused = refused


class LegRefused(Exception):
    """The broker does not want it. It has recorded that."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.what)
        self.refused = refused


class Leg(Protocol):
    """One exchange. All that waits raises LegBroken."""

    length: int | None  # of the response's body, once its head is there
    has_body: bool  # the response may have one
    trailers: Headers  # that came behind the body, once it is over

    async def begin(self, head: RequestHead, beginning: bytes, length: int | None, *, is_whole: bool) -> None:
        """Sends the head, and the beginning of the body or all of it."""
        ...

    async def send(self, data: bytes) -> None:
        """Sends more of the body, or after a 101 what the program says."""
        ...

    async def finish(self) -> None:
        """The body is over."""
        ...

    async def head(self) -> ResponseHead:
        """The response. LegRefused where it is refused after all."""
        ...

    def ready(self) -> bytes:
        """What of the body came with the head."""
        ...

    async def read(self) -> bytes:
        """The next bytes of the body, or of what follows a 101; none at the end."""
        ...

    def abort(self) -> None:
        """Whoever reads or writes it now sees that it broke off."""
        ...

    def close(self, *, is_over: bool) -> None:
        """Lets go of it; what is not over is broken off."""
        ...
