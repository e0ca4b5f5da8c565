"""Runs the commands that README.md shows and puts what they print beneath them; `--check` only compares.

In a block marked `console`, every line that begins with `$ ` is run by a shell in one new folder; `ringfence`
is the installed one. What is too long to show is cut by the command itself (`| head`).
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def printed(command: str, folder: Path) -> str:
    """What the command prints in `folder`, standard error included."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder / "nobody"), "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip("\n") + "\n" if done.stdout else ""


def played(readme: str) -> str:
    """The README with every command's output as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nobody").mkdir()
        return BLOCK.sub(lambda block: f"```console\n{_played(block[1], Path(folder))}```", readme)


def _played(block: str, folder: Path) -> str:
    shown: list[str] = []
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        command = part.partition("\n")[0]
        if command:
            shown.append(f"{command}\n{printed(command.removeprefix('$ '), folder)}")
    return "".join(shown)


def main() -> int:
    before = README.read_text(encoding="utf-8")
    now = played(before)
    if "--check" in sys.argv:
        return int(now != before)
    README.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
