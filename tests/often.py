"""How often properties are tried: as often as they say in `make soak`, a third of that in `make test`."""

import os

__all__ = ["examples"]


def examples(many: int) -> int:
    """For `settings(max_examples=…)`."""
    return many if os.environ.get("SOAK") else many // 3
