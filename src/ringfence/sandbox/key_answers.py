"""What agents remember of keys by their ends, said of the placeholders of the session that begins.

Claude Code asks whether the key of its environment is to be used, and notes the answer with the last 20
characters of the key. Each session has another placeholder; in a home that is kept the answer is to stay.
So the ends of placeholders are noted beside the home, and replaced in the agent's own file. The answer is
what it was: nothing is answered for anybody.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.gate.state import read_private, write_private
from ringfence.sandbox.home_files import put_files
from ringfence.sandbox.plan import Identity
from ringfence.sandbox.tree.reading import read_regular

__all__ = ["carry_answers", "copy_ends"]

_NOTE = "keys.json"  # beside the home
_FILES = (".claude.json",)
_CHARS = 20


def carry_answers(home: Path, variables: Iterable[tuple[str, str]], who: Identity) -> None:
    """Replaces the ends of former placeholders by those of these: names of variables, and placeholders.

    Raises:
        InTheWay: an agent's file cannot be written.
        StateRefused: the note is not as ringfence made it, or cannot be written.
    """
    ends = {name: value[-_CHARS:] for name, value in variables if len(value) >= _CHARS}
    before = _noted(home)
    former = [(before[name].encode(), end.encode()) for name, end in ends.items() if name in before]
    for path in _FILES if former else ():
        text = read_regular(str(home / path), at_most=LIMITS.config_bytes)
        if text is None:
            continue
        said = text
        for old, new in former:
            said = said.replace(old, new)
        if said != text:
            put_files(home, [(path, said)], who)
    if before | ends != before:
        _note(home, before | ends)


def copy_ends(source: Path, target: Path) -> None:
    """What is noted beside a home, beside a copy of it as well. Raises StateRefused."""
    _note(target, _noted(source))


def _noted(home: Path) -> dict[str, str]:
    """By the name of the variable; nothing where the note did not outlive a crash of the machine."""
    data = read_private(home.parent / _NOTE)
    try:
        found = json.loads(data) if data is not None else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: end for name, end in found.items() if isinstance(end, str) and len(end) == _CHARS}


def _note(home: Path, ends: dict[str, str]) -> None:
    data = json.dumps(ends, sort_keys=True).encode()
    write_private(home.parent / _NOTE, data, replace=True, lasts=False)
