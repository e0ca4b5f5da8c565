from examining import examined
from raw_headers import wire
from ringfence.core.facts import FactName
from telling import told, verdict
from tensorflow_graphs import graph, node, saved_model

_PLAIN = saved_model(graph(node("Placeholder", "x")))


def test_it_is_known_by_its_shape_whatever_it_is_called() -> None:
    found = examined(_PLAIN)
    assert (found.format, found.facts) == ("saved-model", {FactName.PRODUCER: "tensorflow 2.21.0"})


def test_under_its_name_a_broken_one_is_one_all_the_same() -> None:
    assert told(_PLAIN[:-1], "saved_model.pb")[0].startswith("medium truncated")
    assert told(_PLAIN + wire(9, 1), "saved_model.pb") == [
        "medium bad-header a field that a SavedModel cannot have"
    ]


def test_one_without_a_graph_is_inconclusive() -> None:
    assert verdict(b"\x08\x01\x12\x00", "saved_model.pb") == "inconclusive"
