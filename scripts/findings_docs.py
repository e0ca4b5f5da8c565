#!/usr/bin/env python3
"""Writes docs/findings.md from src/ringfence/core/checks/*.toml."""

import textwrap
from itertools import groupby
from pathlib import Path

from ringfence.core.check_docs import all_checks

__all__ = ["FILE", "page"]

FILE = Path(__file__).parent.parent / "docs" / "findings.md"
_GROUPS = {
    "archives": "Archives",
    "code": "Code that rides with models",
    "configurations": "Configurations",
    "endpoints": "Agents and local servers",
    "graphs": "Graphs",
    "keras": "Keras and HDF5",
    "locks": "Locks and references",
    "models": "Models and licenses",
    "names": "Names and digests",
    "pickles": "Pickles",
    "structure": "Structure of files",
    "tensorflow": "TensorFlow",
    "texts": "Texts, templates, metadata and tokenizers",
    "zips": "Zip archives",
}
_START = """# Findings

What every check means: what was seen, why it matters, and when it is harmless. `ringfence explain CHECK` \
prints the same for one of them. Made from `src/ringfence/core/checks/` by `scripts/findings_docs.py`.

A finding about a file's content makes a verdict by its severity: info is `known-library`, low `unknown`, \
medium `inconclusive`, high `suspicious`, critical `malicious`, and a critical one that is only possible \
`suspicious`.
"""


def page() -> str:
    """The whole document."""
    parts = [_START]
    for group, checks in groupby(all_checks().values(), key=lambda each: each.group):
        parts.append(f"\n## {_GROUPS.get(group, group.replace('-', ' ').capitalize())}\n")
        parts += (f"\n### {each.id}\n\n**{each.title}.** {each.meaning}\n" for each in checks)
    return "\n".join(map(_wrapped, "".join(parts).split("\n")))


def _wrapped(line: str) -> str:
    return textwrap.fill(line, 110, break_long_words=False, break_on_hyphens=False) if line else line


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
