"""A working tree, or whoever wrote into it, has no say in which registries its box may read."""

import os
from pathlib import Path

import pytest

from loading import of_tier
from registry_machine import Machine
from ringfence.policy.load import load
from ringfence.policy.rule import Tier
from ringfence.sandbox.kept_homes import KeptHome, KeptHomes
from ringfence.wiring.registries import registries_for

_PIP = "[global]\nindex-url = https://attacker.example/simple\n"
_NPM = "registry=https://attacker.example/\n"
_CARGO = '[registries.x]\nindex = "sparse+https://attacker.example/"\n'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def _hosts(machine: Machine, *, defended: bool = True, **environment: str) -> set[str]:
    return {each.host for each in machine.look(defended=defended, **environment).found}


def test_settings_of_the_tree_are_not_looked_at(machine: Machine) -> None:
    for name, text in {
        ".npmrc": _NPM,
        "pip.conf": _PIP,
        ".config/pip/pip.conf": _PIP,
        "uv.toml": 'index-url = "https://attacker.example/simple"\n',
        ".yarnrc.yml": 'npmRegistryServer: "https://attacker.example"\n',
        ".cargo/config.toml": _CARGO,
    }.items():
        machine.write(f"tree/{name}", text)
    assert _hosts(machine) == set()


@pytest.mark.parametrize("how", ["file", "folder", "through the tree and out again"])
def test_links_from_the_home_into_the_tree_lead_nowhere(machine: Machine, how: str) -> None:
    """The dotfiles that people keep in a repository, in which an agent works."""
    if how == "file":
        (machine.home / ".npmrc").symlink_to(machine.write("tree/npmrc", _NPM))
    elif how == "folder":
        (machine.home / ".config").symlink_to(machine.tree, target_is_directory=True)
        machine.write("tree/pip/pip.conf", _PIP)
    else:
        elsewhere = machine.write("elsewhere/npmrc", _NPM)
        (machine.tree / "npmrc").symlink_to(elsewhere)
        (machine.home / ".npmrc").symlink_to(machine.tree / "npmrc")
    assert _hosts(machine, defended=False) == {"attacker.example"}
    assert _hosts(machine) == set()


def test_variables_that_name_a_file_of_the_tree_say_nothing(machine: Machine) -> None:
    pip, npm = machine.write("tree/pip.conf", _PIP), machine.write("tree/rc", _NPM)
    named = {"PIP_CONFIG_FILE": str(pip), "npm_config_userconfig": f"{machine.home}/../tree/{npm.name}"}
    assert _hosts(machine, defended=False, **named) == {"attacker.example"}
    assert _hosts(machine, **named) == set()


def _real_hosts(machine: Machine, *, written: str = "/nowhere/**") -> set[str]:
    """Those that count on this machine for that home, where some agent may write those places."""
    policy = load(
        [
            of_tier(
                f"version: 1\nagents: {{profiles: {{x: {{files: {{write: [{written!r}]}}}}}}}}\n", Tier.USER
            )
        ]
    )
    found = registries_for({"HOME": str(machine.home)}, tree=str(machine.tree), policy=policy).found
    return {each.host for each in found} & {"attacker.example"}


@pytest.mark.parametrize("written", [".cargo/**", ".cargo/config.toml", "*/**", ".cargo/*.toml"])
def test_settings_that_the_policy_lets_a_box_write_say_nothing(machine: Machine, written: str) -> None:
    """A box with a cache of cargo's would open any host to the next one."""
    machine.write("home/.cargo/config.toml", _CARGO)
    assert _real_hosts(machine) == {"attacker.example"}
    assert _real_hosts(machine, written=f"{machine.home}/{written}") == set()
    assert _real_hosts(machine, written=f"{machine.home}/.cargo/registry/**") == {"attacker.example"}


def test_settings_in_a_place_that_is_written_under_another_name_say_nothing(machine: Machine) -> None:
    machine.write("elsewhere/config.toml", _CARGO)
    (machine.home / ".cargo").symlink_to(machine.folder / "elsewhere", target_is_directory=True)
    assert _real_hosts(machine) == {"attacker.example"}
    for written in (machine.home / ".cargo", machine.folder / "elsewhere"):
        assert _real_hosts(machine, written=f"{written}/**") == set()


def test_settings_in_another_tree_in_which_an_agent_was_say_nothing(machine: Machine) -> None:
    """It wrote them there yesterday."""
    (machine.home / ".npmrc").symlink_to(machine.write("dotfiles/npmrc", _NPM))
    assert _real_hosts(machine) == {"attacker.example"}
    homes = KeptHomes(folder=machine.home / ".local/state/ringfence/homes")
    home = KeptHome(
        name="x-1", agent="x", tree=str(machine.folder / "dotfiles"), session="s", used_at="2026-11-23"
    )
    machine.home.joinpath(".local").mkdir()
    with homes.held(home):
        homes.take(home)
    assert _real_hosts(machine) == set()


def test_a_home_that_is_the_tree_says_nothing(machine: Machine) -> None:
    machine.tree = machine.home
    machine.write("home/.npmrc", _NPM)
    assert _hosts(machine, defended=False) == {"attacker.example"}
    assert _hosts(machine) == set()


def test_a_program_in_the_tree_is_not_the_installed_one(machine: Machine) -> None:
    own = 'PyPI = PackageIndex("https://attacker.example/", file_storage_domain="attacker.example")\n'
    module = "site-packages/pip/_internal/models/index.py"
    machine.write(f"tree/.venv/lib/python3.11/{module}", own)
    (machine.home / ".local/lib").mkdir(parents=True)
    (machine.home / ".local/lib/python3.11").symlink_to(machine.tree / ".venv/lib/python3.11")
    assert _hosts(machine, defended=False) == {"attacker.example"}
    assert _hosts(machine) == set()


def test_a_file_that_others_may_write_says_nothing(machine: Machine) -> None:
    file = machine.write("home/.npmrc", _NPM)
    assert _hosts(machine) == {"attacker.example"}
    file.chmod(0o666)
    assert _hosts(machine) == set()


def test_files_that_never_end_or_are_none_hold_nothing_up(machine: Machine) -> None:
    os.mkfifo(machine.home / ".npmrc")
    (machine.home / ".yarnrc").symlink_to(".yarnrc")
    (machine.home / ".yarnrc.yml").symlink_to("/dev/zero")
    machine.write("home/.config/pip/pip.conf", _PIP + "# " + "x" * (1 << 20))
    machine.write("home/.cargo/config.toml/here", "a folder")
    assert _hosts(machine) == set()


@pytest.mark.parametrize(
    "address",
    [
        "https://*/",
        "https://**.example/",
        "https://a.example/**",
        "https://a.example/{x}",
        "https://a.example/%2e%2e",
        "https://a.example/x\\y",
        "https://a.example/x?",
        "https://\u0430.example/",
    ],
)
def test_no_address_becomes_a_pattern(machine: Machine, address: str) -> None:
    found = machine.look(npm_config_registry=address).found
    assert [f"{each.host}{each.path}" for each in found] in (
        [],
        ["a.example/x"],
        ["a.example/%2e%2e"],
    )
