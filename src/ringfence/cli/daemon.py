"""`ringfence daemon status` and `ringfence daemon stop`; and what the daemon's own process begins with."""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from ringfence.app.documents import document
from ringfence.cli.streams import tell, write
from ringfence.core.errors import ExitCode, RingfenceError

__all__ = ["run", "serve"]

_ENVIRONMENT_BYTES = 4 << 20
_NOTIFIER_AFTER_S = 0.5  # the first box's start comes first


def run(options: argparse.Namespace) -> int:
    """Says which daemons of this user run, or ends them."""
    from ringfence.daemon.finding import Daemons, running_in, stop
    from ringfence.daemon.trying import proxy_lacks
    from ringfence.wiring.gate import state_folder

    started_at = datetime.now(UTC)
    found = running_in(state_folder())
    stopped = options.what == "stop"
    if stopped:
        for each in found:
            stop(each)
    lack = proxy_lacks() if found and not stopped else None
    if options.format == "json":
        said = Daemons(started_at=started_at, complete=True, daemons=found, proxies_lack=lack)
        write(document("ringfence.daemons/1", said) + "\n")
        return ExitCode.DONE
    for each in found:
        write(f"{'stopped' if stopped else 'running'}: process {each.pid}, its log: {each.folder}/log\n")
        for one in () if stopped else each.notices:
            why = f": {one.why}" if one.why else ""
            write(f"  tells of questions: {one.who} {one.how}{why}\n")
    for layer in lack or ():
        write(f"  on this machine its proxies lack {layer}\n")
    if found and not stopped and lack is None:
        tell("ringfence: warning: what its proxies lack on this machine could not be found out")
    if not found:
        write("no daemon runs; ringfence run starts one when a box needs it\n")
    return ExitCode.DONE


def serve(folder: str, environment: int, ready: int) -> None:
    """Is the daemon. `environment` and `ready` are descriptors, as `daemon.starting` gives them."""
    import select
    import socket

    from ringfence.daemon.main import run as run_daemon
    from ringfence.daemon.serving import serve as serve_sessions
    from ringfence.egress.broker.blame import make_page
    from ringfence.egress.proxy.main import run as proxy

    def broker(daemon_socket: socket.socket) -> None:
        os.environ |= json.loads(os.pread(environment, _ENVIRONMENT_BYTES, 0))
        from ringfence.wiring.broker import broker as run_broker

        run_broker(daemon_socket, None, tell=lambda line: tell(f"ringfence: {line}"), page=page)

    def notifier(daemon_socket: socket.socket) -> None:
        os.environ |= json.loads(os.pread(environment, _ENVIRONMENT_BYTES, 0))
        if select.select([daemon_socket], [], [], _NOTIFIER_AFTER_S)[0]:
            return
        from ringfence.wiring.notices import tell_operators

        tell_operators(
            daemon_socket, folder=Path(folder), since=since, tell=lambda line: tell(f"ringfence: {line}")
        )

    since, page = datetime.now(UTC), make_page()
    try:
        run_daemon(
            Path(folder),
            ready=ready,
            serve=lambda control: serve_sessions(
                control,
                broker=broker,
                proxy=proxy,
                broker_keeps=(environment,),
                notifier=notifier,
                page=page,
            ),
        )
    except RingfenceError as error:
        tell(f"ringfence: error: {error.what}")
        tell(f"ringfence: hint: {error.hint}")
