"""Abstract sockets have names and no place, so no mount hides them: a session bus, a display, an editor."""

import errno
import os
import secrets
import socket

import boxes
from leaving_out import NEWNET, no_landlock, no_loopback, no_probe, python, shared


def test_a_socket_of_the_host_is_reached_only_where_both_layers_are_gone() -> None:
    name = f"ringfence-test-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(f"\0{name}")
        bus.listen()
        script = f"import socket\nprint(socket.socket(socket.AF_UNIX).connect_ex('\\0{name}'))"
        users = ["ordinary", "root"] if os.geteuid() == 0 else ["ordinary"]
        held = [boxes.run(python(script), user=user).stdout for user in users]
        network = (shared(NEWNET), no_loopback, no_probe)
        by_landlock = boxes.run(python(script), user="ordinary", without=network).stdout
        by_network = boxes.run(python(script), user="ordinary", without=(no_landlock, no_probe)).stdout
        reached = boxes.run(python(script), user="ordinary", without=(*network, no_landlock)).stdout
    assert held == [b"%d\n" % errno.ECONNREFUSED] * len(users)
    assert [by_landlock, by_network, reached] == [
        b"%d\n" % errno.EPERM,
        b"%d\n" % errno.ECONNREFUSED,
        b"0\n",
    ]


def test_programs_of_one_box_reach_each_other_and_not_another_box() -> None:
    name = f"ringfence-test-{secrets.token_hex(8)}"
    script = f"""
import socket
first = socket.socket(socket.AF_UNIX)
first.bind('\\0{name}')
first.listen()
print(socket.socket(socket.AF_UNIX).connect_ex('\\0{name}'))
"""
    assert boxes.run(python(script), user="ordinary").stdout == b"0\n"
    assert boxes.run(python(script), user="ordinary").stdout == b"0\n"
