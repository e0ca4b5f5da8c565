"""Registries are those that the user's and the system's own files name, whatever else lies around."""

from pathlib import Path

import pytest

from registry_machine import Machine
from ringfence.core.registries import Registries, Registry

_PIP_S_OWN = """PyPI = PackageIndex("https://index.example/", file_storage_domain="files.example")
TestPyPI = PackageIndex("https://test.example/", file_storage_domain="test-files.example")
"""
_NPM_S_OWN = """
  registry: new Definition('registry', {
    default: 'https://npm.example/',
    type: url,
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_there_are_none_where_nothing_says_any(machine: Machine) -> None:
    assert machine.look() == Registries()


def test_pip_s_settings_are_found_wherever_pip_looks_for_them(machine: Machine) -> None:
    machine.write(
        "home/.config/pip/pip.conf",
        "[global]\ntimeout = 9\nindex_url: https://no.example/\nindex-url = https://one.example/python/simple/\n"
        "extra-index-url =\n    https://two.example/simple\n    http://three.example:8080/simple # no\n",
    )
    machine.write("root/etc/pip.conf", "[install]\nindex-url = https://four.example/simple\n")
    assert machine.found(PIP_EXTRA_INDEX_URL="https://five.example/a/+simple https://six.example") == [
        "pip five.example:443/a/+simple $PIP_EXTRA_INDEX_URL:1",
        "pip five.example:443/a $PIP_EXTRA_INDEX_URL:1",
        "pip six.example:443 $PIP_EXTRA_INDEX_URL:1",
        "pip one.example:443/python/simple ~/.config/pip/pip.conf:4",
        "pip one.example:443/python ~/.config/pip/pip.conf:4",
        "pip two.example:443/simple ~/.config/pip/pip.conf:6",
        "pip two.example:443 ~/.config/pip/pip.conf:6",
        "pip three.example:8080/simple ~/.config/pip/pip.conf:7",
        "pip three.example:8080 ~/.config/pip/pip.conf:7",
        f"pip four.example:443/simple {machine.root}/etc/pip.conf:2",
        f"pip four.example:443 {machine.root}/etc/pip.conf:2",
    ]


def test_without_settings_it_is_what_the_installed_programs_are_made_with(machine: Machine) -> None:
    pip = "usr/lib/python3/dist-packages/pip/_internal/models/index.py"
    npm = "usr/lib/node_modules/npm/node_modules/@npmcli/config/lib/definitions/definitions.js"
    machine.write(f"root/{pip}", _PIP_S_OWN)
    machine.write(f"root/{npm}", _NPM_S_OWN)
    machine.write("root/usr/local/go/go.env", "GOPROXY=https://go.example,direct\nGOSUMDB=sum.example\n")
    assert machine.found() == [
        f"pip index.example:443/simple {machine.root}/{pip}:1",
        f"pip files.example:443 {machine.root}/{pip}:1",
        f"npm npm.example:443 {machine.root}/{npm}:3",
        f"go go.example:443 {machine.root}/usr/local/go/go.env:1",
        f"go sum.example:443 {machine.root}/usr/local/go/go.env:2",
    ]
    assert machine.look().environment == ()


def test_settings_come_in_the_place_of_what_a_program_is_made_with(machine: Machine) -> None:
    machine.write("root/usr/lib/python3/dist-packages/pip/_internal/models/index.py", _PIP_S_OWN)
    assert machine.found(PIP_INDEX_URL="https://mine.example/simple") == [
        "pip mine.example:443/simple $PIP_INDEX_URL:1",
        "pip mine.example:443 $PIP_INDEX_URL:1",
    ]
    pip = f"{machine.root}/usr/lib/python3/dist-packages/pip/_internal/models/index.py"
    assert machine.found(PIP_INDEX_URL="https://index.example/simple") == [
        "pip index.example:443/simple $PIP_INDEX_URL:1",
        f"pip files.example:443 {pip}:1",
    ]


def test_an_index_that_is_asked_besides_leaves_the_first_as_it_is(machine: Machine) -> None:
    machine.write("root/usr/lib/python3/dist-packages/pip/_internal/models/index.py", _PIP_S_OWN)
    hosts = [each.host for each in machine.look(PIP_EXTRA_INDEX_URL="https://more.example/simple").found]
    assert sorted(set(hosts)) == ["files.example", "index.example", "more.example"]


def test_other_package_managers_are_told_by_their_own_files(machine: Machine) -> None:
    machine.write(
        "home/.npmrc",
        "registry=https://npm.example/npm/\n//npm.example/npm/:_authToken=tok-012345\n"
        "@corp:registry = https://scope.example/\nregistry=${WHERE}\n",
    )
    machine.write("home/.yarnrc.yml", 'npmRegistryServer: "https://yarn.example"\n')
    machine.write(
        "home/.config/uv/uv.toml",
        'extra-index-url = ["https://a.example/simple", "https://b.example/simple"]\n'
        '[[index]]\nurl = "https://c.example/x/simple"\ndefault = true\n',
    )
    machine.write(
        "home/.cargo/config.toml",
        '[registries.corp]\nindex = "sparse+https://cargo.example/index/"\n'
        '[registries.git]\nindex = "https://git.example/index"\n',
    )
    machine.write("home/.config/go/env", "GOPROXY=https://go.example/proxy|direct\n")
    found = machine.look()
    assert sorted({f"{each.program} {each.host}{each.path}" for each in found.found}) == [
        "cargo cargo.example/index",
        "go go.example/proxy",
        "npm npm.example/npm",
        "npm scope.example",
        "uv a.example",
        "uv a.example/simple",
        "uv b.example",
        "uv b.example/simple",
        "uv c.example/x",
        "uv c.example/x/simple",
        "yarn yarn.example",
    ]
    assert dict(found.environment) == {
        "GOPROXY": "https://go.example/proxy",
        "NPM_CONFIG_REGISTRY": "https://npm.example/npm/",
        "UV_DEFAULT_INDEX": "https://c.example/x/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "YARN_NPM_REGISTRY_SERVER": "https://yarn.example/",
    }


def test_a_box_is_told_of_what_is_set_and_of_no_secret(machine: Machine) -> None:
    secret = "https://ann:hunter2@pip.example:8443/simple/?token=abc#x"
    found = machine.look(
        PIP_INDEX_URL=secret, npm_config_registry="https://npm.example/ghp_0123456789abcdef/"
    )
    assert found.found == (
        Registry(program="pip", host="pip.example", port=8443, path="/simple", file="$PIP_INDEX_URL", line=1),
        Registry(program="pip", host="pip.example", port=8443, path="", file="$PIP_INDEX_URL", line=1),
        Registry(program="npm", host="npm.example", port=443, path="/*", file="$npm_config_registry", line=1),
    )
    assert found.environment == (("PIP_INDEX_URL", "https://pip.example:8443/simple"),)


def test_at_most_so_many_count(machine: Machine) -> None:
    lines = "".join(f"@s{number}:registry=https://r{number}.example/\n" for number in range(1000))
    machine.write("home/.npmrc", lines)
    assert len(machine.look().found) == 32


@pytest.mark.parametrize(
    "address",
    [
        "",
        "file:///etc",
        "git+ssh://host/x",
        "https://",
        "https://user@",
        "https://h:99999/",
        "https://ü.example/",
        "https://*.example/",
        "https://h.example/../x",
        "https://[::1",
    ],
)
def test_what_is_no_address_of_a_registry_is_none(machine: Machine, address: str) -> None:
    assert machine.look(PIP_INDEX_URL=address).found == ()
