"""What a blob's name, an entity tag or a record's `digest` claims; never joined to a path unparsed."""

import re

from ringfence.core.bounded_json import Json
from ringfence.core.digests import GitBlobSha1, Sha256, parse_sha256

__all__ = ["git_sha1_of", "sha256_of"]

_SHA1 = re.compile(r"[0-9a-fA-F]{40}")


def sha256_of(claim: Json) -> Sha256 | None:
    """The SHA-256 that `claim` spells (bare, behind `sha256:` or `sha256-`, or in quotes), or None."""
    return parse_sha256(claim.strip().strip('"')) if isinstance(claim, str) else None


def git_sha1_of(claim: Json) -> GitBlobSha1 | None:
    """The SHA-1 of a Git blob that `claim` spells (bare or in quotes), or None."""
    bare = claim.strip().strip('"') if isinstance(claim, str) else ""
    return GitBlobSha1(bare.lower()) if _SHA1.fullmatch(bare) else None
