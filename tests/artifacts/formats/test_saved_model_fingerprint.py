from pathlib import Path

from telling import verdict

_DATA = (Path(__file__).parents[2] / "golden/saved-model-fingerprint/fingerprint.pb").read_bytes()


def test_nothing_but_the_whole_fingerprint_is_clean() -> None:
    assert [verdict(_DATA[:size], "fingerprint.pb") for size in range(1, len(_DATA))].count("clean") == 0
    assert verdict(_DATA, "fingerprint.pb") == "clean"
    assert verdict(_DATA + b"\x7a\x01x", "fingerprint.pb") == "inconclusive"
