"""Files that act when they are loaded and were once called harmless, and what once broke the judging."""

import pytest

from telling import told, verdict


def _name(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    return b"X" + len(text.encode()).to_bytes(4, "little") + text.encode()


def _call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


_REBUILD = _name("torch._tensor", "_rebuild_from_type_v2")
_NONE = _name("types", "NoneType")
_ZEROS = _call(_name("numpy", "zeros"), b"K\3")


@pytest.mark.parametrize("name", ["_frommethod", "_convert2ma"])
def test_numpys_classes_that_find_a_function_by_its_name_are_on_no_list(name: str) -> None:
    made = _call(_name("numpy.ma.core", name), _text("dump"))
    assert verdict(b"\x80\3" + made + b".", "a.pkl") not in ("clean", "known-library")


@pytest.mark.parametrize(
    "made",
    [
        _call(_name("numpy.ma.core", "_frommethod"), _text("dump")),
        _call(_name("functools", "partial"), _name("numpy", "zeros")),
        _call(_name("sklearn.metrics._scorer", "_PredictScorer"), _NONE, b"K\1", b"}", _text("eval")),
    ],
    ids=["a method by its name", "a partial", "a scorer"],
)
def test_a_made_object_that_pytorch_calls_while_it_rebuilds_is_suspicious(made: bytes) -> None:
    rebuilt = _call(_REBUILD, made, _NONE, b"(" + _ZEROS + _text("written.txt") + b"t", b"N")
    assert verdict(b"\x80\3" + rebuilt + b".", "a.pkl") in ("suspicious", "malicious")


def test_a_made_object_that_numpy_calls_for_a_generator_is_suspicious() -> None:
    partial = _call(_name("functools", "partial"), _name("numpy", "zeros"))
    for name in ("__generator_ctor", "__randomstate_ctor"):
        made = _call(_name("numpy.random._pickle", name), _text("written.txt"), partial)
        assert verdict(b"\x80\3" + made + b".", "a.pkl") == "suspicious"


def test_pytorchs_older_files_act_under_the_name_of_a_text_too() -> None:
    begins = b"L119547037146038801333356L\n.I1001\n.}."
    for name in ("a.jinja", "requirements.txt", "a.txt", "a.md"):
        assert verdict(begins + b"cos\nsystem\n(S'id'\ntR.", name) == "malicious", told(begins, name)
