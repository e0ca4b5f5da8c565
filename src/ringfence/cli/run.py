"""`ringfence run -- COMMAND`, and `--explain`, `--resume`, `--report`."""

import os
from typing import TYPE_CHECKING, TypeAlias

from ringfence.cli.streams import tell, warn, write
from ringfence.core.errors import ExitCode, RingfenceError, UsageError
from ringfence.wiring import running

if TYPE_CHECKING:
    import argparse
    from types import SimpleNamespace

    from ringfence.app.running.prepare import Wish
    from ringfence.app.running.way_out import Asked
    from ringfence.core.registries import Registry
    from ringfence.sandbox.sessions import Session

__all__ = ["run"]

_Options: TypeAlias = "argparse.Namespace | SimpleNamespace"

_OWN = frozenset({ExitCode.NO_BOX, ExitCode.NOT_EXECUTED, ExitCode.NOT_FOUND})


def run(options: _Options) -> int:
    """Runs the command; its own exit status."""
    argv = tuple(options.argv[1:] if options.argv[:1] == ["--"] else options.argv)
    if options.report is not None:
        return _report(options, argv)
    if not argv and options.resume is None:
        raise UsageError("run what?", hint="ringfence run -- COMMAND")
    if options.explain:
        return _explain(options, argv)
    if options.adopt and not _adopt():
        return ExitCode.NO_BOX
    return _run(options, argv)


def _run(options: _Options, argv: tuple[str, ...]) -> int:
    asked: list[Session] = []

    def ask(session: "Session", registries: "tuple[Registry, ...]") -> "Asked":
        asked.append(session)
        return _ask(session, registries, learns=options.learn)

    try:
        ran = running.run(
            lambda: _wish(options, argv), os.environ, ask=ask, tell=warn, say=_say, learns=options.learn
        )
    except RingfenceError as error:
        if error.code not in _OWN:
            error.code = ExitCode.NO_BOX
        raise
    if ran.killed_by is not None:
        tell(f"ringfence: killed by {ran.killed_by}")
    elif ran.outcome.over_time:
        tell("ringfence: its time was over")
    elif not ran.outcome.ran:
        is_missing = ran.outcome.status == ExitCode.NOT_FOUND
        tell(f"ringfence: error: {'its interpreter is not there' if is_missing else 'it cannot be executed'}")
        tell("ringfence: hint: begin a script with a line such as #!/bin/sh, of a program that the box has")
    for change in ran.changes:
        tell(f"ringfence: {change}")
    if options.learn and asked:
        _propose(asked[0].name)
    return ran.outcome.status


def _propose(session: str) -> None:
    """Says what policy would have allowed what the session was refused."""
    from ringfence.wiring.learning import learn

    try:
        learned = learn(session, os.environ, tell=warn)
    except RingfenceError as error:  # the command's own status counts
        tell(f"ringfence: nothing was learned: {error.what}")
        return
    if learned.document is None:
        tell("ringfence: nothing was refused that a rule of yours would allow")
    for line in learned.text.splitlines():
        tell(line)
    if learned.document is not None:
        how = f"ringfence policy learn {session} > learned.yaml"
        tell(f"ringfence: hint: none of it is in force; keep it: {how}")


def _adopt() -> bool:
    """Takes the logins of programs into the vault, and says which; False: it could not.

    In a process of its own: one that has opened the vault shows its memory to nobody, and starts no box.
    """
    from ringfence.cli.main import main

    pid = os.fork()
    if not pid:
        code = ExitCode.NOT_EXAMINED
        try:
            os.dup2(2, 1)
            code = ExitCode(main(["vault", "adopt", "--yes"]))
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) in (ExitCode.DONE, ExitCode.FAILED_AS_ASKED)


def _say(line: str) -> None:
    tell(f"ringfence: {line}")


def _ask(session: "Session", registries: "tuple[Registry, ...]", *, learns: bool) -> "Asked":
    """Asks this user's daemon for a session; one is started where there is none."""
    from ringfence.daemon.control import Open
    from ringfence.daemon.keeping import Asked as AskedDaemon
    from ringfence.daemon.starting import kept_variables, place_of, start
    from ringfence.wiring.gate import state_folder

    variables = kept_variables(os.environ)
    folder = place_of(state_folder(os.environ), variables)
    return AskedDaemon(
        folder=folder,
        open=Open(
            session=session.id,
            agent=session.agent,
            folder=session.folder,
            registries=registries,
            learns=learns,
        ),
        start=lambda: start(folder, variables),
    )


def _explain(options: _Options, argv: tuple[str, ...]) -> int:
    from ringfence.app.documents import document
    from ringfence.cli.console import show
    from ringfence.cli.tables.explained import explained

    found = running.explain(_wish(options, argv), os.environ, tell=warn)
    if options.format == "json":
        write(document("ringfence.run-explain/1", found) + "\n")
    else:
        show(explained(found))
    return ExitCode.DONE


def _wish(options: _Options, argv: tuple[str, ...]) -> "Wish":
    from ringfence.app.running.prepare import Wish

    return Wish(
        argv=argv,
        agent=options.agent or (f"mcp-{options.mcp}" if options.mcp else None),
        mcp=options.mcp,
        resume=options.resume,
        strict=options.strict,
        is_degradable=options.allow_degraded,
    )


def _report(options: _Options, argv: tuple[str, ...]) -> int:
    from ringfence.app.documents import document
    from ringfence.cli.console import show
    from ringfence.cli.tables.homes import home_list
    from ringfence.cli.tables.sessions import session_list, session_report

    if argv:
        raise UsageError("--report runs nothing", hint="leave the command out")
    found = running.report(options.report or None, os.environ, tell=warn)
    if options.format == "json":
        write(document("ringfence.sessions/1", found) + "\n")
    elif options.report:
        show(session_report(found.sessions[0]))
    elif found.sessions or found.homes:
        show((*session_list(found.sessions), *home_list(found.homes)))
    else:
        write("no session yet; begin one: ringfence run -- COMMAND\n")
    return ExitCode.DONE
