"""An inventory as tables for people, made to be read at 80 columns."""

from collections.abc import Iterator

from rich.console import RenderableType

from ringfence.cli.shortening import shortener
from ringfence.cli.tables.agents import agents_table
from ringfence.cli.tables.machine import accelerators_table, listeners_table, processes_table, runtimes_table
from ringfence.cli.tables.models import models_table
from ringfence.cli.tables.summary import scope_line, signals_table, skipped_table
from ringfence.core.inventory import Inventory

__all__ = ["inventory_tables"]


def inventory_tables(inventory: Inventory) -> Iterator[RenderableType]:
    """What was looked at, each section that has something to say, and the signals last, where eyes end up."""
    shorten = shortener(inventory.scope.homes)
    yield scope_line(inventory.scope)
    yield models_table(inventory.models, shorten)
    if inventory.listeners:
        yield listeners_table(inventory.listeners)
    if inventory.processes:
        yield processes_table(inventory.processes)
    if inventory.accelerators:
        yield accelerators_table(inventory.accelerators)
    if inventory.runtimes:
        yield runtimes_table(inventory.runtimes, shorten)
    if inventory.agents:
        yield agents_table(inventory.agents)
    if inventory.skipped:
        yield skipped_table(inventory.skipped, shorten)
    yield signals_table(inventory.signals, shorten)
