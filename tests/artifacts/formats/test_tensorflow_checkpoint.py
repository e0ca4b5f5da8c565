from pathlib import Path

from telling import told, verdict

_INDEX = Path(__file__).parents[2] / "golden/tensorflow-index/model.ckpt.index"


def test_an_index_whose_blocks_lie_elsewhere_is_suspicious() -> None:
    data = _INDEX.read_bytes()
    assert told(data[:20] + data[-48:], "model.index") == [
        "high out-of-range-data a block lies outside the index"
    ]


def test_a_program_in_place_of_weights_is_found() -> None:
    name = "variables.data-00000-of-00001"
    assert verdict(bytes(64), name) == "clean"
    assert told(b"\x01\x02#!/".ljust(64, b"\0"), name) == []
    assert verdict(b"#!/bin/sh\ntrue\n".ljust(64, b"\n"), name) != "clean"
