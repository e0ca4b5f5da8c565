"""`ringfence demo DIR`: a home to try things on."""

import argparse
import shlex

from ringfence.app.demo import build
from ringfence.cli.streams import write

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Builds the home and says what to do with it."""
    build(options.directory)
    where = shlex.quote(str(options.directory))
    write(
        f"a home with every kind of store stands in {where}\n\n"
        f"  ringfence scan --home {where}\n"
        f"  ringfence inspect {where}/Downloads/holiday.jpg\n"
    )
    return 0
