"""The imported policy as a document of ringfence: a profile with its entries, one to a line, in JSON."""

import json
from collections.abc import Mapping, Sequence

from ringfence.core.text import printable
from ringfence.policy.openshell.entries import Entries, Value

__all__ = ["document_text"]

_HEAD = """\
# yaml-language-server: $schema=./ringfence.schema.json
#
# Imported from OpenShell: {names}. What was made stricter stands in the report of the import.
# What nothing here allows is denied to the agents that the profile names.

version: 1

agents:
  mode: enforce
  rules:
  - {{"id": "people-keep-credentials", "actions": "credential.keep", "match": {{"agent": {{"not": "*"}}}}, \
"then": "allow"}}
  profiles:
    {agent}:
      commands: {{"allow": ["**", "/**"]}}  # OpenShell does not say which programs may start
"""


def document_text(*, names: Sequence[str], agent: str, files: Mapping[str, Value], entries: Entries) -> str:
    """The whole document. `names` are those of the files."""
    lines = [_HEAD.format(names=printable(", ".join(names)), agent=_text(agent))]
    if files:
        lines.append(f"      files: {_text(dict(files))}\n")
    lines += _listed("network", entries.network, "      ")
    lines += _listed("tools", entries.tools, "      ")
    if entries.private:
        lines += ["      egress:\n", *_listed("private", entries.private, "        ")]
    return "".join(lines)


def _listed(key: str, entries: Sequence[Mapping[str, Value]], indent: str) -> list[str]:
    if not entries:
        return []
    return [f"{indent}{key}:\n", *(f"{indent}- {_text(dict(each))}\n" for each in entries)]


def _text(value: Value) -> str:
    """JSON, which YAML reads as it is."""
    return json.dumps(value, ensure_ascii=False)
