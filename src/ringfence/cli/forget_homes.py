"""`ringfence forget --homes [NAME…]`, also with `--older-than 30d`."""

import argparse
from collections.abc import Callable

from ringfence.app.documents import document
from ringfence.app.running.forget import NotForgotten
from ringfence.app.running.forget_homes import ForgottenHome, ForgottenHomes, HomeStays
from ringfence.cli.exact import name
from ringfence.cli.forgotten import say_forgotten
from ringfence.cli.streams import write
from ringfence.core.errors import ExitCode
from ringfence.wiring.forgetting import Forgetting

__all__ = ["forget_homes"]


def forget_homes(
    forgetting: Forgetting, options: argparse.Namespace, *, is_wanted: Callable[[str], bool]
) -> int:
    """Forgets homes after `is_wanted` said yes to a question; says which are gone, and which stay and why."""
    started_at = forgetting.door.now()
    ended, kept = forgetting.look_at_homes(options.sessions, before=options.older_than)
    if options.sessions and kept:
        raise NotForgotten(f"home {kept[0].name}: {name(kept[0].why)}", hint=_HINT)
    lines = (f"{each.name}  last used {each.used_at[:10]}  {name(each.tree)}" for each in ended)
    asked = "\n".join((*lines, "all that agents wrote there will be gone; the ledger stays"))
    found = tuple(forgetting.forget_homes(ended)) if ended and is_wanted(asked) else ()
    gone = tuple(each for each in found if isinstance(each, ForgottenHome))
    kept = (*kept, *(each for each in found if isinstance(each, HomeStays)))
    if options.format == "json":
        said = ForgottenHomes(started_at=started_at, complete=True, homes=gone, kept=kept)
        write(document("ringfence.forgotten-homes/1", said) + "\n")
        return ExitCode.DONE
    freed = [(each.name, each.freed_bytes) for each in gone]
    say_forgotten("home", freed, [(each.name, each.why) for each in kept])
    return ExitCode.DONE


_HINT = "end its session with ringfence kill, or see who holds it: ringfence ledger hold list"
