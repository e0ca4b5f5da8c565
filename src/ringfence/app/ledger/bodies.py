"""Bodies of events as JSON that any document can hold."""

import json

from ringfence.ledger.chain import Row

__all__ = ["body_of"]


def body_of(row: Row) -> object:
    """What is recorded, None when it was pruned. Fractions, which only a tampered file has, become text."""
    if row.body is None:
        return None
    found: object = json.loads(row.body, parse_float=str, parse_constant=str)
    return found
