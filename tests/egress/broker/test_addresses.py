from ipaddress import ip_address, ip_network

import pytest

from ringfence.egress.broker.addresses import refusal


@pytest.mark.parametrize("text", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::5db8:d822"])
def test_addresses_of_the_internet_are_reached(text: str) -> None:
    assert refusal(ip_address(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "169.254.1.1",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.7",
        "224.0.0.251",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:168.63.129.16",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fd00:ec2::254",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "100::1",
    ],
)
def test_what_is_not_of_the_internet_is_refused_however_it_is_written(text: str) -> None:
    assert refusal(ip_address(text)) is not None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("10.1.2.3", "10.1.0.0/16"),
        ("::ffff:10.1.2.3", "10.1.0.0/16"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("fd12::1", "fd12::/16"),
        ("169.254.169.254", "169.254.169.254/32"),
    ],
)
def test_what_the_policy_names_is_reached(text: str, named: str) -> None:
    assert refusal(ip_address(text), [ip_network(named)]) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("10.2.2.3", "10.1.0.0/16"),
        ("fd12::1", "10.0.0.0/8"),
        ("64:ff9b::a00:1", "64:ff9b::/96"),
        ("2002:a00:1::", "2002::/16"),
    ],
)
def test_what_it_names_is_that_and_no_other(text: str, named: str) -> None:
    assert refusal(ip_address(text), [ip_network(named)]) is not None
