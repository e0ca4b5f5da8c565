"""The policy documents of this machine, for the running user in the current folder."""

import os
from pathlib import Path

from ringfence.core.errors import UsageError
from ringfence.endpoint.homes import own_home
from ringfence.gate.finding import candidates, read
from ringfence.policy.files import PolicyFile
from ringfence.wiring.gate import places

__all__ = ["found_documents", "own_folder", "own_place"]


def own_place() -> Path:
    """Where the running user's own document is looked for.

    Raises:
        UsageError: this user has no home.
    """
    user = places(os.environ, folder=None).user
    if user is None:
        raise UsageError("there is no home to keep a policy in", hint="name a file with --output")
    return user


def own_folder() -> Path:
    """The running user's home."""
    return own_home(os.environ).path


def found_documents() -> list[PolicyFile]:
    """All documents that take part here.

    Raises:
        DocumentRefused: one is there and cannot be relied on.
    """
    try:
        folder = Path.cwd()
    except OSError:  # it is gone
        folder = None
    looked = places(os.environ, folder=folder)
    found = (read(each, looked) for each in candidates(looked))
    return [each for each in found if each is not None]
