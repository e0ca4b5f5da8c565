"""`ringfence forget SESSION…`, `--older-than 30d`, `--all-ended` and `--homes`."""

import argparse

from ringfence.app.documents import document
from ringfence.app.running.forget import Ended, Forgotten, Forgottens, Kept, NotForgotten
from ringfence.cli.exact import name
from ringfence.cli.forget_homes import forget_homes
from ringfence.cli.forgotten import say_forgotten
from ringfence.cli.streams import tell, warn, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.redaction import redact
from ringfence.wiring.forgetting import Forgetting, opened
from ringfence.wiring.gate import has_terminal

__all__ = ["run"]

_YES = ("y", "yes")


def run(options: argparse.Namespace) -> int:
    """Forgets sessions after asking; says which are gone, and which stay and why."""
    if options.homes and not options.all_ended:
        with opened(tell=warn) as forgetting:
            return forget_homes(
                forgetting, options, is_wanted=lambda asked: _says_yes(asked, yes=options.yes)
            )
    if options.homes or bool(options.sessions) + options.all_ended + (options.older_than is not None) != 1:
        raise UsageError(
            "which sessions?",
            hint="name them, or --older-than 30d, or --all-ended; homes that are kept: --homes",
        )
    with opened(tell=warn) as forgetting:
        ended, kept = forgetting.look(options.sessions, before=options.older_than)
        if options.sessions and kept:
            raise NotForgotten(f"session {kept[0].name}: {name(kept[0].why)}", hint=_HINT)
        return _forgotten(forgetting, ended, kept, options)


_HINT = "end it with ringfence kill, or see who holds it: ringfence ledger hold list"


def _forgotten(
    forgetting: Forgetting, ended: tuple[Ended, ...], kept: tuple[Kept, ...], options: argparse.Namespace
) -> int:
    started_at = forgetting.door.now()
    found = tuple(forgetting.forget(ended)) if ended and _is_wanted(ended, yes=options.yes) else ()
    gone = tuple(each for each in found if isinstance(each, Forgotten))
    kept = (*kept, *(each for each in found if isinstance(each, Kept)))
    if options.format == "json":
        said = Forgottens(started_at=started_at, complete=True, sessions=gone, kept=kept)
        write(document("ringfence.forgotten/1", said) + "\n")
        return ExitCode.DONE
    freed = [(each.name, each.freed_bytes) for each in gone]
    say_forgotten("session", freed, [(each.name, each.why) for each in kept])
    return ExitCode.DONE


def _is_wanted(ended: tuple[Ended, ...], *, yes: bool) -> bool:
    lines = (
        f"{each.session.name}  last used {each.last_at:%Y-%m-%d %H:%M}  "
        f"{name(' '.join(redact(each.session.command)))}"
        for each in ended
    )
    what = "their homes and what was taken out of their working trees will be gone; the ledger stays"
    return _says_yes("\n".join((*lines, what)), yes=yes)


def _says_yes(what: str, *, yes: bool) -> bool:
    """Whether somebody at the terminal wants what is said there, or said so on the command line."""
    if yes:
        return True
    if not has_terminal():
        raise UsageError("nobody can be asked here", hint="to forget without being asked: --yes")
    tell(what)
    try:
        return input(f"forget {what.count(chr(10))}? [y/N]: ").strip().lower() in _YES
    except EOFError:
        return False
