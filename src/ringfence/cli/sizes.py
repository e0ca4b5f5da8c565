"""Sizes as people write them: `2GB` is decimal, `1MiB` binary, a bare number bytes."""

import argparse

from ringfence.core.patterns import pattern
from ringfence.core.sizes import show_size

__all__ = ["parse_size", "show_size"]

_UNITS = {"": 1, "b": 1}
_UNITS |= {f"{letter}b": 1000**power for power, letter in enumerate("kmgt", start=1)}
_UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", start=1)}
_UNITS |= {letter: 1024**power for power, letter in enumerate("kmgt", start=1)}
_SIZE = pattern(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-zA-Z]{0,3})")


def parse_size(text: str) -> int:
    """Bytes. A unit is one of B, kB, MB, GB, TB (decimal), KiB, MiB, GiB, TiB, K, M, G, T (binary).

    Raises:
        argparse.ArgumentTypeError: it is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; try 500MB or 1GiB")
    return int(float(match[1]) * unit)
