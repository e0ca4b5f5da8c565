"""`ringfence policy` as a process of its own, with a home of its own."""

import os
import subprocess
from pathlib import Path

import forked


def policy(
    *arguments: str | Path, home: Path, given: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    return forked.ringfence("policy", *arguments, env=environment, cwd=folder or home, given=given)
