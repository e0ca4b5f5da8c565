"""Addresses that stand for names."""

import dataclasses
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.egress.proxy import names
from ringfence.egress.proxy.names import Names


@given(st.lists(st.sampled_from([f"h{number}.test" for number in range(20)]), max_size=50))
def test_each_name_has_one_address_and_each_address_means_its_name(asked: list[str]) -> None:
    table = Names()
    given_ = {name: table.address(name) for name in asked}
    assert len(set(given_.values())) == len(given_)
    for name, address in given_.items():
        assert table.address(name) == address
        assert table.meant(address) == name
        assert IPv4Address(address) in IPv4Network("198.18.0.0/15")


def test_other_addresses_mean_themselves_and_one_that_was_never_given_means_nobody() -> None:
    table = Names()
    assert [table.meant(each) for each in ("192.0.2.1", "2001:db8::1", "198.18.9.9")] == [
        "192.0.2.1",
        "2001:db8::1",
        None,
    ]


def test_the_name_asked_for_longest_ago_leaves_a_full_table_and_its_address_stays_unused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "LIMITS", dataclasses.replace(LIMITS, egress_names=3))
    table = Names()
    first, second, _ = (table.address(name) for name in ("a", "b", "c"))
    table.address("a")
    fourth = table.address("d")
    assert (table.meant(first), table.meant(second), table.meant(fourth)) == ("a", None, "d")
    assert fourth not in (first, second)
