"""Names as Python 3 reads what Python 2 wrote: below protocol 3 `__builtin__` means `builtins`.

Source: the standard library's `_compat_pickle`, which is tables and nothing else, applied as
`Unpickler.find_class` does.
"""

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

__all__ = ["python3_name"]


def python3_name(module: str, name: str) -> tuple[str, str]:
    """What a loader imports for (module, name) in a pickle of protocol 0 to 2."""
    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name
