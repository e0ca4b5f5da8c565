"""Why a signature or a key is not accepted. The reasons quote nothing that a stranger wrote."""

__all__ = ["BadKey", "BadSignature"]


class BadSignature(Exception):
    """What was signed, or how, is not accepted. `reason` is harmless to print."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadKey(Exception):
    """A key or certificate of the user's own that cannot be used. `reason` is harmless to print."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
