"""SHA-256 digests, and the id that a model has because of its files."""

import hashlib
import re
from collections.abc import Iterable
from typing import NewType

__all__ = ["GitBlobSha1", "ModelId", "Sha256", "model_id", "parse_sha256"]

Sha256 = NewType("Sha256", str)
"""64 lowercase hexadecimal digits."""

GitBlobSha1 = NewType("GitBlobSha1", str)
"""40 lowercase hexadecimal digits: SHA-1 over `blob <size>\\0` and the bytes, as hubs name small files."""

ModelId = NewType("ModelId", str)
"""`sha256:` and the digest over a model's sorted file digests."""

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def parse_sha256(text: str) -> Sha256 | None:
    """The digest that `text` spells (with or without a `sha256:` or `sha256-` prefix), or None."""
    bare = text[7:] if text.lower().startswith(("sha256:", "sha256-")) else text
    return Sha256(bare.lower()) if _SHA256.fullmatch(bare) else None


def model_id(files: Iterable[Sha256]) -> ModelId:
    """The id of the model made of `files`: the same wherever its files lie and whatever they are called."""
    return ModelId("sha256:" + hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest())
