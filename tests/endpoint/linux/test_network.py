"""Online and VPN, tried in real network namespaces of the test's own making."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from needs import missing
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Network
from ringfence.endpoint.linux.network import Link, look_at_network, weigh
from ringfence.endpoint.network import network

UP = 0x1 | 0x40
LOOK = """
import dataclasses, json, pathlib
from ringfence.endpoint.linux.network import look_at_network
found = look_at_network(pathlib.Path("/proc"), pathlib.Path("/nowhere"))
print(json.dumps(dataclasses.asdict(found)))
"""


def in_a_namespace(*commands: str) -> dict[str, object]:
    """What the network looks like in a new namespace, after the commands have run there."""
    if shutil.which("ip") is None:
        missing("ip", "apt-get install iproute2")
    script = "set -e\n" + "\n".join(commands) + f'\nexec {sys.executable} -c "$LOOK"'
    flags = ["-n"] if os.geteuid() == 0 else ["-r", "-n"]
    tried = subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False)
    if tried.returncode:
        missing("a network namespace", "allow user namespaces")
    done = subprocess.run(
        ["unshare", *flags, "sh", "-c", script],
        env=os.environ | {"LOOK": LOOK},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Unknown device type" in done.stderr or "not supported" in done.stderr:
        missing("a kind of interface in this kernel", done.stderr.strip())
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_with_loopback_alone_the_machine_is_offline() -> None:
    assert in_a_namespace("ip link set lo up") == {
        "online": False,
        "vpn_configured": False,
        "vpn_up": False,
        "interfaces": [],
    }


def test_an_interface_without_a_default_route_is_not_online() -> None:
    found = in_a_namespace(
        "ip link add name left0 type veth peer name right0", "ip link set left0 up", "ip link set right0 up"
    )
    assert (found["online"], found["interfaces"]) == (False, ["left0", "right0"])


@pytest.mark.parametrize(
    "route",
    [  # a gateway, the two halves of a VPN, and IPv6
        "ip addr add 192.0.2.1/24 dev left0; ip route add default via 192.0.2.2",
        "ip route add 0.0.0.0/1 dev left0; ip route add 128.0.0.0/1 dev left0",
        "ip -6 addr add 2001:db8::1/64 dev left0 nodad; ip -6 route add default via 2001:db8::2",
    ],
)
def test_a_default_route_over_an_interface_that_is_up_is_online(route: str) -> None:
    found = in_a_namespace(
        "ip link add name left0 type veth peer name right0",
        "ip link set left0 up",
        "ip link set right0 up",
        route,
    )
    assert found["online"] is True


def test_a_default_route_whose_cable_is_out_is_offline() -> None:
    found = in_a_namespace(
        "ip link add name left0 type veth peer name right0; ip link set left0 up; ip link set right0 up",
        "ip addr add 192.0.2.1/24 dev left0; ip route add default via 192.0.2.2; ip link set right0 down",
    )
    assert found["online"] is False


def test_an_unreachable_default_route_is_offline() -> None:
    found = in_a_namespace(
        "ip link set lo up; ip route add unreachable default; ip -6 route add unreachable default"
    )
    assert found["online"] is False


def test_a_tunnel_is_a_vpn_and_up_only_with_somebody_on_it() -> None:
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        missing("/dev/net/tun", "run the tests as root, where the kernel has tunnels")
    found = in_a_namespace("ip tuntap add dev corp mode tun; ip link set corp up")
    assert (found["vpn_configured"], found["vpn_up"]) == (True, False)


@pytest.mark.parametrize(
    ("link", "tunnel"),
    [
        (Link(name="wg0", flags=UP, kind="wireguard"), True),
        (Link(name="corp", flags=UP, kind="tun"), True),
        (Link(name="ppp0", flags=UP, kind="ppp"), True),
        (Link(name="vnet0", flags=UP, kind="tun", bridged=True), False),
        (Link(name="docker0", flags=UP, kind="bridge"), False),
        (Link(name="tailscale0", flags=UP, kind=None), True),
        (Link(name="eth0", flags=UP, kind=None), False),
        (Link(name="wlan0", flags=UP, kind=None), False),
    ],
)
def test_a_vpn_is_known_by_its_kind_or_else_its_name(link: Link, tunnel: bool) -> None:
    assert weigh((link,), (), vpn_profile=False) == Network(
        online=False, vpn_configured=tunnel, vpn_up=tunnel, interfaces=(link.name,)
    )


def test_without_an_answer_from_the_kernel_nothing_is_claimed() -> None:
    assert weigh(None, ("eth0",), vpn_profile=False) == Network(
        online=None, vpn_configured=None, vpn_up=None, interfaces=()
    )


@pytest.mark.parametrize(
    ("name", "text", "configured"),
    [
        ("wireguard/wg0.conf", "[Interface]", True),
        ("NetworkManager/system-connections/work.nmconnection", "[connection]\nid=work\ntype=vpn\n", True),
        ("NetworkManager/system-connections/home.nmconnection", "[connection]\nid=home\ntype=wifi\n", False),
        ("openvpn/client/work.conf", "remote vpn.example", True),
        ("hosts", "127.0.0.1 localhost", False),
    ],
)
def test_profiles_say_whether_a_vpn_is_set_up(tmp_path: Path, name: str, text: str, configured: bool) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    found = look_at_network(tmp_path / "proc", tmp_path)
    assert found.vpn_configured is (configured or found.vpn_up or False)


def test_another_system_is_told_so() -> None:
    assert isinstance(network(None), Skipped)
