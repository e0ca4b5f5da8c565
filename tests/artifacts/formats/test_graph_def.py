from examining import examined
from raw_headers import wire
from ringfence.core.facts import FactName
from tensorflow_graphs import graph, meta_graph, node


def test_both_kinds_are_told_apart_by_their_shape() -> None:
    plain = graph(node("Placeholder", "x"), node("Identity", "y", ["x"]))
    assert (examined(plain).format, examined(plain).facts) == ("graph-def", {FactName.METADATA: ("nodes=2",)})
    assert examined(meta_graph(plain)).format == "meta-graph"


def test_other_messages_are_none() -> None:
    assert examined(wire(1, wire(1, b"a") + wire(2, b"\x0a\x01"))).format is None
    assert examined(wire(1, wire(1, b"a") + wire(2, b"Op")) + wire(4, 1)).format is None
