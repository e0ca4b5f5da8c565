"""Why nobody was reached."""

from ringfence.core.errors import RingfenceError

__all__ = ["AddressRefused", "NotReached"]


class AddressRefused(RingfenceError):
    """All addresses of the host are such as boxes may not reach."""


class NotReached(RingfenceError):
    """The host has no address, or nobody answers there."""

    def __init__(self, what: str, *, hint: str, is_slow: bool = False) -> None:
        super().__init__(what, hint=hint)
        self.is_slow = is_slow
