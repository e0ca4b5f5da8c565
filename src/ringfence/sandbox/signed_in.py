"""Tells Claude Code in a home that it is signed in, where its login is: else it asks how to sign in.

Its file of logins is not enough for it: until its first start is marked as done it leads everybody to a web
page, with no way past. Whether the working tree is to be trusted it asks all the same.
"""

import json
from collections.abc import Collection
from pathlib import Path

from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.limits import LIMITS
from ringfence.sandbox.home_files import put_files
from ringfence.sandbox.plan import Identity
from ringfence.sandbox.tree.reading import lexists, read_regular

__all__ = ["say_signed_in"]

_LOGIN, _FILE, _DONE = ".claude/.credentials.json", ".claude.json", "hasCompletedOnboarding"


def say_signed_in(home: Path, logins: Collection[str], who: Identity) -> None:
    """Marks it in the agent's own file, where its login is among `logins`, paths in the home.

    What is no such file, or says so already, stays.

    Raises:
        InTheWay: it cannot be written.
    """
    if _LOGIN not in logins:
        return
    text = read_regular(str(home / _FILE), at_most=LIMITS.config_bytes)
    if text is None and lexists(str(home / _FILE)) is not None:
        return
    try:
        said = parse(text) if text is not None else {}
    except BadJson:
        return
    if isinstance(said, dict) and not said.get(_DONE):
        put_files(home, [(_FILE, json.dumps({**said, _DONE: True}, indent=2).encode())], who)
