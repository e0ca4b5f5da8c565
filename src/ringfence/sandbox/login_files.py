"""Files of logins, with placeholders, in the home of a box: anew before each start, gone when it has ended.

A placeholder is its session's own and means nothing afterwards; in a home that is kept, no other session is
to find it all the same. So it is noted beside the home which files are put, before they are: of who is
killed, the next one takes them away.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from ringfence.gate.state import read_private, write_private
from ringfence.sandbox.home_files import put_files, remove_files
from ringfence.sandbox.plan import Identity

__all__ = ["login_paths", "put_login_files", "remove_login_files"]

_NOTE = "logins.json"  # beside the home


def put_login_files(home: Path, files: Sequence[tuple[str, str]], who: Identity) -> None:
    """Writes them: paths relative to `home`, and contents. Nobody else of the machine may read them.

    Raises:
        InTheWay: a link or a file stands where a folder should, or a folder where a file should.
        StateRefused: it cannot be noted which they are.
    """
    if not files:
        return
    paths = sorted({*login_paths(home), *(path for path, _ in files)})
    write_private(home.parent / _NOTE, json.dumps(paths).encode(), replace=True, lasts=False)
    put_files(home, [(path, content.encode()) for path, content in files], who)


def remove_login_files(home: Path) -> None:
    """Takes away those that were put. No box may have the home. What cannot be reached any more stays.

    Raises:
        StateRefused: what is noted beside the home is not as ringfence made it.
    """
    remove_files(home, login_paths(home))
    (home.parent / _NOTE).unlink(missing_ok=True)


def login_paths(home: Path) -> tuple[str, ...]:
    """Which were put and not taken away; none where the note did not outlive a crash of the machine."""
    data = read_private(home.parent / _NOTE)
    try:
        found = json.loads(data) if data is not None else []
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    return tuple(each for each in found if isinstance(each, str))
