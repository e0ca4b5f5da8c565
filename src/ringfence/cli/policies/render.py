"""`ringfence policy render`: the policy as people sign it."""

import argparse
from datetime import UTC, datetime

from ringfence.app.policy.render.chapters import document_of
from ringfence.app.policy.render.markdown import markdown
from ringfence.app.policy.render.page import page
from ringfence.cli.delivering import deliver
from ringfence.cli.policies.loading import policy_of
from ringfence.core.errors import ExitCode

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Writes it."""
    document = document_of(policy_of(options), title=options.title, written_at=datetime.now(UTC))
    deliver((page if options.format == "html" else markdown)(document), options.output)
    return ExitCode.DONE
