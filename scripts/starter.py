"""Writes the built-in starter, read and checked, as Python: src/ringfence/policy/starter_document.py."""

import dataclasses
import subprocess
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NewType

from ringfence.policy.load import read

MODULE = Path(__file__).parent.parent / "src/ringfence/policy/starter_document.py"
HEAD = '''"""The built-in starter as `load.read` reads it, so that most machines read no YAML.

Made by scripts/starter.py of documents/starter.yaml; a test holds both equal.
"""
'''


def module() -> str:
    """The whole module, before it is formatted."""
    made: dict[str, set[str]] = {"types": {"MappingProxyType"}}
    document = _written(read(()), made)
    imports = [f"from {name} import {', '.join(sorted(each))}" for name, each in sorted(made.items())]
    return "\n".join([HEAD, *imports, "", '__all__ = ["DOCUMENT"]', "", f"DOCUMENT = {document}", ""])


def _written(value: Any, made: dict[str, set[str]]) -> str:  # noqa: ANN401 - whatever a document holds
    """As an expression; `made` takes the names that it needs, by module."""
    if isinstance(value, Enum):
        return f"{_name(value, made)}.{value.name}"
    if dataclasses.is_dataclass(value):
        named = [(each.name, each.type) for each in dataclasses.fields(value)]
        written = (f"{name}={_typed(getattr(value, name), of, made)}" for name, of in named)
        return f"{_name(value, made)}({', '.join(written)})"
    if isinstance(value, Mapping):
        items = ", ".join(f"{_written(k, made)}: {_written(v, made)}" for k, v in value.items())
        return f"{{{items}}}" if isinstance(value, dict) else f"MappingProxyType({{{items}}})"
    if isinstance(value, tuple):
        return f"({''.join(f'{_written(each, made)},' for each in value)})"
    if isinstance(value, frozenset):
        return f"frozenset({sorted(value)!r})" if value else "frozenset()"
    assert value is None or isinstance(value, str | int)
    return repr(value)


def _typed(value: object, of: Any, made: dict[str, set[str]]) -> str:  # noqa: ANN401 - an annotation
    written = _written(value, made)
    if not isinstance(of, NewType):
        return written
    made.setdefault(of.__module__, set()).add(of.__name__)
    return f"{of.__name__}({written})"


def _name(value: object, made: dict[str, set[str]]) -> str:
    kind = type(value)
    made.setdefault(kind.__module__, set()).add(kind.__name__)
    return kind.__name__


def main() -> None:
    """Writes it."""
    MODULE.write_text(module())
    for action in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *action, str(MODULE)], check=True)


if __name__ == "__main__":
    main()
