"""What judging and recording of what was seen takes on this machine."""

import functools
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from ringfence.app.scan.here import Here
from ringfence.app.standing.assessor import Assessor
from ringfence.app.standing.naming import Paths
from ringfence.app.standing.recording import Book
from ringfence.core.ids import RANDOM_BYTES, uuid7
from ringfence.endpoint.homes import own_home
from ringfence.gate.state import StateRefused
from ringfence.ledger.errors import LedgerError
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.wiring.gate import operator, subjects
from ringfence.wiring.policies import found_documents

__all__ = ["assessor"]


def assessor(machine: Here, *, records: bool, tell: Callable[[str], None]) -> Assessor:
    """By the policy in force; into the running user's ledger, unless nothing is to be recorded."""
    return Assessor(
        policy=functools.partial(_policy, machine),
        book=functools.partial(_book, machine) if records else None,
        now=machine.now,
        tell=tell,
    )


def _policy(machine: Here) -> Policy:
    """What is in force. Where that cannot be kept or recorded, the documents as they are; nothing rests on
    it but what is told.
    """
    try:
        return machine.door().policy()
    except (StateRefused, LedgerError):
        return load(found_documents())


def _book(machine: Here) -> Book:
    door = machine.door()
    return Book(
        ledger=door.ledger,
        stream=door.stream,
        paths=Paths(
            own_home=own_home(os.environ).path, own_account=operator().name, subject_of=subjects(os.environ)
        ),
        new_id=lambda: uuid7(datetime.now(UTC), secrets.token_bytes(RANDOM_BYTES)),
    )
