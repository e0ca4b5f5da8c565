"""Sockets that reach more than programs: raw ones, the kernel's own, those of protocols that few know."""

import pytest

import boxes
from leaving_out import no_capabilities_dropped, no_filter, no_probe, python

_NUMBER = "number = 41 if os.uname().machine == 'x86_64' else 198\n"
_KINDS = {
    "raw": (2, 3, 1),
    "raw IPv6": (10, 3, 58),
    "packet": (17, 3, 0),
    "packet as it was once": (2, 10, 0),
    "ping": (2, 2, 1),
    "SCTP": (2, 1, 132),
    "MPTCP": (2, 1, 262),
    "key management": (15, 3, 2),
    "diagnosis": (16, 3, 4),
    "events of devices": (16, 3, 15),
    "firewall": (16, 3, 12),
    "generic": (16, 3, 16),
    "cryptography": (38, 5, 0),
    "virtual machines": (40, 1, 0),
    "Bluetooth": (31, 3, 0),
    "TIPC": (30, 5, 0),
    "express data path": (44, 3, 0),
}
_QUIET = {"MPTCP", "diagnosis", "events of devices", "firewall", "generic"}
_TRY = _NUMBER + f"print(*[call(number, *kind) for kind in {list(_KINDS.values())}])"


@pytest.mark.parametrize("user", ["ordinary", "root"])
def test_only_local_sockets_tcp_and_udp_are_had(user: str) -> None:
    result = boxes.run(python(_TRY), user=user)
    answers = dict(zip(_KINDS, result.stdout.split(), strict=True))
    assert {name: int(answer) for name, answer in answers.items()} == {
        name: -93 if name in _QUIET else -1 for name in _KINDS
    }
    assert [each.call for each in result.refused] == ["socket"] * (len(_KINDS) - len(_QUIET))


def test_no_high_bit_turns_a_socket_into_another() -> None:
    script = _NUMBER + "print(call(number, 17 | 1 << 32, 3, 0), call(number, 2, 3 | 1 << 40, 1))"
    assert boxes.run(python(script), user="ordinary").stdout == b"-1 -1\n"


def test_without_the_filter_the_kernel_hands_them_out() -> None:
    without = (no_filter, no_capabilities_dropped, no_probe)
    result = boxes.run(python(_TRY), user="ordinary", without=without)
    answers = dict(zip(_KINDS, map(int, result.stdout.split()), strict=True))
    assert {n for n, answer in answers.items() if answer >= 0} >= {"raw", "packet", "diagnosis", "generic"}
