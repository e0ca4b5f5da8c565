"""Listening sockets out of /proc/net, as the kernel prints them and as it really is."""

import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.endpoint.linux.linux import Linux
from ringfence.endpoint.linux.sockets import listening_sockets, own_addresses
from ringfence.endpoint.platform import ListeningSocket

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000  1000        0"
LITTLE = pytest.mark.skipif(sys.byteorder != "little", reason="the samples come from a little-endian machine")


def laid(tmp_path: Path, **tables: str) -> Path:
    (tmp_path / "net").mkdir(exist_ok=True)
    for name, text in tables.items():
        (tmp_path / "net" / name).write_text(text)
    return tmp_path


@LITTLE
def test_only_listening_sockets_count(tmp_path: Path) -> None:
    proc = laid(
        tmp_path,
        tcp=HEAD
        + f"   0: 0100007F:2CAA 00000000:0000 0A {REST} 1146 1 00000000fab6bf6d 100 0 0 10 0\n"
        + f"   1: 0100007F:2CAA 0100007F:B5DC 01 {REST} 1147 1 0000000000000000 20 4 30 10 -1\n"
        + f"   2: 00000000:1F90 00000000:0000 0A {REST} 1148 1 0000000000000000 100 0 0 10 0\n",
        tcp6=HEAD
        + f"   0: 00000000000000000000000001000000:2CAA {'0' * 32}:0000 0A {REST} 1149 1 0 100 0 0 10 0\n"
        + f"   1: 0000000000000000FFFF00000100007F:0050 {'0' * 32}:0000 0A {REST} 1150 1 0 100 0 0 10 0\n",
    )
    assert list(listening_sockets(proc)) == [
        ListeningSocket(address="127.0.0.1", port=11434, inode=1146),
        ListeningSocket(address="0.0.0.0", port=8080, inode=1148),
        ListeningSocket(address="::1", port=11434, inode=1149),
        ListeningSocket(address="::ffff:127.0.0.1", port=80, inode=1150),
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::"])
def test_a_real_socket_is_seen_where_it_is_bound(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        snapshot = Linux().snapshot()
    (found,) = [s for s in snapshot.sockets if s.port == port]
    assert found.address == address
    assert found.inode in snapshot.own_sockets


def test_own_addresses_hold_loopback() -> None:
    addresses = own_addresses(Path("/proc"))
    assert addresses["127.0.0.1"] == 0
    assert "203.0.113.9" not in addresses


@given(
    st.lists(
        st.sampled_from(["0100007F", ":", "2CAA", " ", "0A", "0:", "00000000:0000", "\n", "9" * 30, REST])
    )
)
def test_no_order_of_the_parts_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    proc = laid(tmp_path_factory.mktemp("proc"), tcp=HEAD + "".join(parts))
    list(listening_sockets(proc))
