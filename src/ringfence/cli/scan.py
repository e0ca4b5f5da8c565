"""`ringfence scan`: what local AI is on this machine."""

import argparse
from collections.abc import Iterator, Sequence

from ringfence.app.scan.request import ScanRequest
from ringfence.app.scan.scan import Scan
from ringfence.cli.delivering import deliver, refuse_table_in_file
from ringfence.cli.failing import standing_fails, worst_severity_fails, worst_verdict_fails
from ringfence.cli.reporting import as_document
from ringfence.cli.streams import warn
from ringfence.cli.watching import watched
from ringfence.core.actions import Purpose
from ringfence.core.errors import ExitCode
from ringfence.core.findings import Finding
from ringfence.core.inventory import Inventory
from ringfence.wiring.here import here

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the tables as soon as they are known, then the digests and what the policy thinks of it all; or
    one document at the end.
    """
    refuse_table_in_file(options)
    machine = here(warn)
    request = _request(options)
    scan = Scan(request, machine)
    as_table = options.format == "table"
    with watched() as progress:
        inventory = scan.look(progress)
    if as_table:
        _show(inventory)
    if not options.no_hash:
        with watched() as progress:
            inventory = scan.verify(progress)
        if as_table:
            _show_digests(inventory)
    if options.judge or options.feed:
        with watched() as progress:
            inventory = scan.judge(inventory, progress)
        if as_table:
            _show_verdicts(inventory)
    from ringfence.wiring.assessing import assessor  # after those processes were forked that judge

    assessing = assessor(machine, records=not options.no_record, tell=warn)
    inventory = assessing.assess(inventory, request, listening=scan.listening)
    if as_table:
        _show_standings(inventory)
    else:
        deliver(as_document(inventory, options.format, machine), options.output)
    return _exit_code(inventory, options.fail_on)


def _request(options: argparse.Namespace) -> ScanRequest:
    return ScanRequest(
        paths=tuple(options.paths),
        home=options.home,
        all_users=options.all_users,
        hashed=not options.no_hash,
        min_size_bytes=options.min_size,
        processes=not options.no_processes,
        listeners=not options.no_listeners,
        network_mounts=options.network_mounts,
        large_bytes=options.large,
        locks=tuple(options.lock),
        purpose=Purpose(options.purpose) if options.purpose else None,
        feeds=tuple(options.feed),
    )


def _show(inventory: Inventory) -> None:
    from ringfence.cli.console import show
    from ringfence.cli.tables import inventory_tables

    show(inventory_tables(inventory))


def _show_digests(inventory: Inventory) -> None:
    from ringfence.cli.console import show
    from ringfence.cli.tables.summary import digests_table

    show([digests_table(inventory)], more=True)


def _show_verdicts(inventory: Inventory) -> None:
    from ringfence.cli.console import show
    from ringfence.cli.tables.verdicts import verdicts_table

    show([verdicts_table(inventory)], more=True)


def _show_standings(inventory: Inventory) -> None:
    from ringfence.cli.console import show
    from ringfence.cli.tables.standings import standings_table

    if table := standings_table(inventory):
        show([table], more=True)


def _exit_code(inventory: Inventory, fail_on: Sequence[str]) -> ExitCode:
    """1 when what --fail-on names is there, else 3 when the scope was not examined, else 0."""
    raised = {signal.id for signal in inventory.signals if signal.raised}
    verdicts = (model.verdict for model in inventory.models)
    if (
        raised.intersection(fail_on)
        or worst_severity_fails(_findings(inventory), fail_on)
        or worst_verdict_fails(verdicts, fail_on)
        or standing_fails((each.standing for each in inventory.things), fail_on)
    ):
        return ExitCode.FAILED_AS_ASKED
    return ExitCode.DONE if inventory.complete else ExitCode.NOT_EXAMINED


def _findings(inventory: Inventory) -> Iterator[Finding]:
    for model in inventory.models:
        yield from model.findings
    for listener in inventory.listeners:
        yield from listener.findings
    for agent in inventory.agents:
        yield from agent.findings
