"""The box and egress call its sockets by the same words, though neither knows the other."""

from ringfence.egress.messages import SocketKind as EgressKind
from ringfence.sandbox.plan import SocketKind


def test_every_kind_of_socket_is_called_the_same_on_both_sides() -> None:
    assert {each.name: each.value for each in SocketKind} == {each.name: each.value for each in EgressKind}
