"""A layer that could not be had, and what was being done then."""

from types import TracebackType

from ringfence.sandbox.plan import Layer

__all__ = ["NotHad", "making"]


class NotHad(Exception):
    """Nothing may run: `what` was done for `layer` and failed. `code` is 0 where it only did not hold."""

    def __init__(self, layer: Layer | None, code: int, what: str) -> None:
        super().__init__(f"{layer}: {what}: {code}")
        self.layer, self.code, self.what = layer, code, what


class making:  # noqa: N801 - reads as a word: `with making(Layer.ROOT, "mount /usr"):`
    """Turns an OSError within into `NotHad` of this layer."""

    __slots__ = ("layer", "what")

    def __init__(self, layer: Layer | None, what: str) -> None:
        self.layer, self.what = layer, what

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise NotHad(self.layer, error.errno or 0, self.what) from error
