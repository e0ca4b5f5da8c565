"""The policy that a task is about: the documents that are named, else those of this machine and folder."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ringfence.app.policy.reading import read_document
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

__all__ = ["policy_from", "policy_of"]


def policy_of(options: argparse.Namespace) -> Policy:
    """The policy of `--policy`, each document of the tier that `--tier` says.

    Raises:
        PolicyRefused, UnreadableScope: a document is not right, or cannot be read.
    """
    if options.policy:
        return policy_from(options.policy, options)
    from ringfence.wiring.policies import found_documents

    return load(found_documents())


def policy_from(paths: Sequence[Path], options: argparse.Namespace) -> Policy:
    """The policy that these documents are."""
    tier = Tier[options.tier.upper().replace("-", "_")]
    return load([read_document(each, tier) for each in paths])
