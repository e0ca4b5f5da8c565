"""`ringfence policy` as a process of its own, with a home of its own."""

import os
import subprocess
import sys
from pathlib import Path


def policy(
    *arguments: str | Path, home: Path, given: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "ringfence.cli.main", "policy", *map(str, arguments)],
        capture_output=True,
        text=True,
        input=given,
        env=environment,
        cwd=folder or home,
        check=False,
    )
