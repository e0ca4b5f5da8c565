"""`ringfence policy learn SESSION`: what policy would have allowed what was refused."""

import argparse
import os

from ringfence.cli.streams import tell, warn, write
from ringfence.core.errors import ExitCode
from ringfence.wiring.learning import learn

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the proposal."""
    learned = learn(options.session, os.environ, tell=warn)
    if learned.document is None:
        tell("ringfence: nothing was refused that a rule of yours would allow")
    write(learned.text)
    return ExitCode.DONE
