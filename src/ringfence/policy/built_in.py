"""The documents that come with ringfence: the starter, which holds where there is none, and others."""

from importlib.resources import files

from ringfence.policy.files import PolicyFile
from ringfence.policy.rule import Tier

__all__ = ["AGENTS", "PRICES", "SCHEMA", "STARTER", "STRICT", "starter", "text_of"]

STARTER = "starter.yaml"
STRICT = "strict.yaml"
AGENTS = "agents.yaml"
PRICES = "prices.yaml"
SCHEMA = "ringfence.schema.json"


def starter() -> PolicyFile:
    """The starter as it holds where neither system nor user has a document."""
    return PolicyFile(tier=Tier.BUILT_IN, name="built-in", data=text_of(STARTER))


def text_of(name: str) -> bytes:
    """One of the documents that come with ringfence, or their JSON Schema."""
    return (files("ringfence.policy") / "documents" / name).read_bytes()
