"""`ringfence ledger TASK`: each task has a module of its name here."""

import argparse
from collections.abc import Callable
from importlib import import_module

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Does the task."""
    name = options.task.replace("-", "_")
    task: Callable[[argparse.Namespace], int] = import_module(f"ringfence.cli.ledger.{name}").run
    return task(options)
