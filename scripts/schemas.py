"""Writes the JSON schemas of the documents from the types of the values they hold."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path

from ringfence.app.approving import Asks, AskStats, Grants
from ringfence.app.diff import Comparison
from ringfence.app.doctor import Doctor
from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.app.inspect import Inspection
from ringfence.app.ledger.hold import HoldsShown
from ringfence.app.ledger.prune import Pruned
from ringfence.app.ledger.show import LedgerShown, ShownEvent
from ringfence.app.ledger.verify import LedgerVerified
from ringfence.app.lock import LockReport
from ringfence.app.notices.message import Message
from ringfence.app.policy.cases import PolicyTested
from ringfence.app.policy.check import PolicyCheck
from ringfence.app.policy.diff import PolicyDiff
from ringfence.app.policy.explain import Explanation
from ringfence.app.policy.openshell import PolicyImported
from ringfence.app.policy.show import PolicyShown
from ringfence.app.running.explain import Explained
from ringfence.app.running.forget import Forgottens
from ringfence.app.running.forget_homes import ForgottenHomes
from ringfence.app.running.kill import Kills
from ringfence.app.running.report import SessionReports
from ringfence.app.signing import Verification
from ringfence.app.vault.listing import VaultListed
from ringfence.app.vault.taking_in import VaultImported
from ringfence.cli.ledger.checkpoint import CheckpointShown
from ringfence.cli.ledger.verify_proof import ProofVerified
from ringfence.core.inventory import Inventory
from ringfence.daemon.finding import Daemons

DOCUMENTS: dict[str, type] = {
    "ringfence.scan/1": Inventory,
    "ringfence.inspect/1": Inspection,
    "ringfence.doctor/1": Doctor,
    "ringfence.diff/1": Comparison,
    "ringfence.verify/1": Verification,
    "ringfence.lock/1": LockReport,
    "ringfence.policy-check/1": PolicyCheck,
    "ringfence.policy-show/1": PolicyShown,
    "ringfence.policy-explain/1": Explanation,
    "ringfence.policy-test/1": PolicyTested,
    "ringfence.policy-diff/1": PolicyDiff,
    "ringfence.policy-import/1": PolicyImported,
    "ringfence.run-explain/1": Explained,
    "ringfence.asks/1": Asks,
    "ringfence.ask-stats/1": AskStats,
    "ringfence.grants/1": Grants,
    "ringfence.ledger-show/1": LedgerShown,
    "ringfence.ledger-event/1": ShownEvent,
    "ringfence.ledger-verify/1": LedgerVerified,
    "ringfence.ledger-prune/1": Pruned,
    "ringfence.ledger-holds/1": HoldsShown,
    "ringfence.sessions/1": SessionReports,
    "ringfence.daemons/1": Daemons,
    "ringfence.notice/1": Message,
    "ringfence.kills/1": Kills,
    "ringfence.forgotten/1": Forgottens,
    "ringfence.forgotten-homes/1": ForgottenHomes,
    "ringfence.vault-list/1": VaultListed,
    "ringfence.vault-import/1": VaultImported,
    "ringfence.checkpoint/1": CheckpointShown,
    "ringfence.proof-verified/1": ProofVerified,
}

Schema = dict[str, object]


def schema_of(name: str, value: type) -> Schema:
    """The schema of one document."""
    definitions: dict[str, Schema] = {}
    body = _object(value, definitions)
    envelope: Schema = {"schema": {"const": name}, "tool_version": {"type": "string"}}
    properties = envelope | typing.cast("Schema", body["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        **body,
        "properties": properties,
        "required": list(properties),
        "$defs": dict(sorted(definitions.items())),
    }


def file_name(name: str) -> str:
    """`ringfence.scan/1` lies in `scan-1.json`."""
    return name.removeprefix("ringfence.").replace("/", "-") + ".json"


def _object(value: type, definitions: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(value)
    fields = [field.name for field in dataclasses.fields(value)]
    has_paths = any(_mentions_path(hints[name]) for name in fields)
    return {
        "type": "object",
        "description": (value.__doc__ or "").strip().partition("\n")[0],
        "properties": {name: _any(hints[name], definitions) for name in fields},
        "required": fields,
        **({"patternProperties": {"_base64$": {"type": "string"}}} if has_paths else {}),
        "additionalProperties": False,
    }


def _any(hint: object, definitions: dict[str, Schema]) -> Schema:
    if hint is object:  # any JSON
        return {}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_any(each, definitions) for each in arguments]}
    if origin in (tuple, list):
        return {"type": "array", "items": _any(arguments[0], definitions)}
    if origin in (Mapping, dict):
        values = _any(arguments[1], definitions)
        return {"type": "object", "additionalProperties": values, **_keys(arguments[0])}
    hint = getattr(hint, "__supertype__", hint)
    if hint is object:
        return {}  # a fact: whatever its type of action has there
    if hint is Path:
        return {"type": "string"}
    if hint is datetime:
        return {"type": "string", "format": "date-time"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    names = {str: "string", int: "integer", bool: "boolean", float: "number", type(None): "null"}
    return {"type": names[typing.cast("type", hint)]}


def _keys(hint: object) -> Schema:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"propertyNames": {"enum": [each.value for each in hint]}}
    return {}


def _mentions_path(hint: object) -> bool:
    return hint is Path or any(_mentions_path(each) for each in typing.get_args(hint) if each is not Ellipsis)


def main() -> None:
    SCHEMA_FOLDER.mkdir(exist_ok=True)
    for name, value in DOCUMENTS.items():
        text = json.dumps(schema_of(name, value), indent=2) + "\n"
        (SCHEMA_FOLDER / file_name(name)).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
