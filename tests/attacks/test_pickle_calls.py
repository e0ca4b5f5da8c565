"""Calls that a pickle makes without an opcode that calls, and pickles under the looks of other files.

Written by hand, as bytes, and never loaded. `myapp.run` stands for a function that nobody here knows.
"""

import pytest

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict


def verdict(data: bytes, file: str = "model.pkl") -> Verdict:
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=file).judgement.verdict


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(value)]) + value.encode()


def name(module: str, attribute: str) -> bytes:
    """Two strings and STACK_GLOBAL."""
    return text(module) + text(attribute) + b"\x93"


RUN, SYSTEM = name("myapp", "run"), name("os", "system")
NEW = name("myapp", "Thing") + b")\x81"
LOADS = name("torch.storage", "_load_from_bytes")
METHOD = name("builtins", "getattr") + name("numpy", "ndarray") + b")\x81" + text("tofile") + b"\x86R"

ATTRIBUTES = ("__setstate__", "append", "extend", "add", "keys", "__class__", "__reduce__", "__getattr__")
# {0} is the function that is called unseen.
PUT = {
    "SETITEM": lambda key, of: NEW + b"}" + text(key) + of + b"sb.",
    "SETITEMS": lambda key, of: NEW + b"}(" + text("a") + b"K\x01" + text(key) + of + b"ub.",
    "DICT": lambda key, of: NEW + b"(" + text(key) + of + b"db.",
    "slots": lambda key, of: NEW + b"N}" + text(key) + of + b"s\x86b.",
    "from the memo": lambda key, of: of + b"\x940}\x94" + text(key) + b"h\x00s0" + NEW + b"h\x01b.",
    "all from a short memo": lambda key, of: of + b"\x940" + text(key) + b"\x940" + NEW + b"}(h\x01h\x00ub.",
    "all from a long memo": lambda key, of: (
        of + b"\x940" + text(key) + b"\x940" + 254 * b"K\x01\x940" + NEW + b"}(h\x01h\x00ub."
    ),
    "an ordered dictionary": lambda key, of: (
        NEW + name("collections", "OrderedDict") + b")R" + text(key) + of + b"sb."
    ),
    "a namespace": lambda key, of: name("types", "SimpleNamespace") + b")R}" + text(key) + of + b"sb.",
    "among objects of SciPy's": lambda key, of: (
        name("scipy.stats._continuous_distns", "norm_gen") + b"0" + NEW + b"}" + text(key) + of + b"sb."
    ),
}


@pytest.mark.parametrize("attribute", ATTRIBUTES)
@pytest.mark.parametrize("put", PUT.values(), ids=PUT.keys())
def test_an_attribute_that_is_called_unseen_may_be_no_import(put, attribute: str) -> None:  # type: ignore[no-untyped-def]
    assert verdict(b"\x80\x04" + put(attribute, RUN)) == Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + put(attribute, LOADS)) == Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + put(attribute, METHOD)) == Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + put(attribute, SYSTEM)) == Verdict.MALICIOUS


def test_attributes_by_such_names_that_are_no_functions_are_no_matter() -> None:
    made = name("argparse", "Namespace") + b")\x81}("
    state = text("append") + b"K\x01" + text("add") + text("x")
    assert verdict(b"\x80\x04" + made + state + b"ub.") == Verdict.CLEAN
    known = text("add") + name("_operator", "add") + text("keys") + name("builtins", "dict")
    assert verdict(b"\x80\x04}(" + known + b"u.") == Verdict.CLEAN


COMPUTED_STATES = {
    "dict of pairs": name("builtins", "dict") + b"](" + text("append") + RUN + b"\x86e\x85R",
    "an ordered dictionary of pairs": name("collections", "OrderedDict")
    + b"](" + text("append") + RUN + b"\x86e\x85R",
    "a default dictionary of pairs": name("collections", "defaultdict")
    + b"N](" + text("append") + RUN + b"\x86e\x86R",
    "a key that a call makes": b"}" + name("builtins", "str") + text("append") + b"\x85R" + RUN + b"s",
    "a key that is added up": b"}" + name("_operator", "add") + text("app") + text("end")
    + b"\x86R" + RUN + b"s",
}  # fmt: skip


@pytest.mark.parametrize("state", COMPUTED_STATES.values(), ids=COMPUTED_STATES.keys())
def test_a_state_that_is_put_together_is_suspicious(state: bytes) -> None:
    assert verdict(b"\x80\x04" + NEW + state + b"b.") == Verdict.SUSPICIOUS


# Everything on a list that calls, or makes something of, what it is given.
CALLERS = (
    ("functools", "partial"), ("builtins", "sorted"), ("builtins", "max"), ("builtins", "min"),
    ("builtins", "zip"), ("builtins", "enumerate"), ("collections", "defaultdict"), ("numpy", "vectorize"),
    ("types", "SimpleNamespace"), ("operator", "itemgetter"), ("torch._tensor", "_rebuild_from_type_v2"),
    ("numpy.random._pickle", "__generator_ctor"), ("sklearn.metrics.pairwise", "pairwise_distances"),
    ("sklearn.preprocessing._function_transformer", "FunctionTransformer"),
)  # fmt: skip
OF_DANGER = (*CALLERS, ("builtins", "map"), ("builtins", "filter"), ("operator", "methodcaller"),
             ("operator", "attrgetter"), ("bs4", "BeautifulSoup"))  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS, ids=".".join)
def test_what_is_handed_to_what_may_call_it_counts_as_called(caller: tuple[str, str]) -> None:
    assert verdict(b"\x80\x04" + name(*caller) + RUN + b"\x85R.") >= Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + name(*caller) + text("x") + RUN + b"\x86\x85R.") >= Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + name(*caller) + LOADS + text("x") + b"\x86R.") >= Verdict.SUSPICIOUS


@pytest.mark.parametrize("caller", OF_DANGER, ids=".".join)
def test_a_danger_handed_on_is_malicious(caller: tuple[str, str]) -> None:
    assert verdict(b"\x80\x04" + name(*caller) + SYSTEM + text("echo") + b"\x86R.") == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "data",
    [
        name("copyreg", "__newobj__") + name("lightgbm.basic", "Booster") + text("a.txt") + b"\x86R",
        name("copyreg", "__newobj_ex__") + name("lightgbm.basic", "Booster") + text("a.txt") + b"\x85}\x87R",
        name("copyreg", "_reconstructor") + name("myapp", "T") + name("lightgbm.basic", "Booster") + text("a")
        + b"\x87R",
        name("functools", "partial") + name("builtins", "max") + b"\x85R](K\x01K\x02e\x85R",
        name("operator", "itemgetter") + text("run") + b"\x85R}\x85R",
    ],
)  # fmt: skip
def test_ways_to_call_what_is_harmless_only_uncalled_are_suspicious(data: bytes) -> None:
    assert verdict(b"\x80\x04" + data + b".") == Verdict.SUSPICIOUS


def test_a_method_of_plain_data_is_no_matter_and_what_lies_behind_it_is_one() -> None:
    split = name("builtins", "getattr") + name("builtins", "str")
    assert verdict(b"\x80\x04" + split + text("split") + b"\x86R.") == Verdict.CLEAN
    assert verdict(b"\x80\x04" + split + text("__class__") + b"\x86R.") >= Verdict.SUSPICIOUS
    assert (
        verdict(b"\x80\x04" + split + text("join") + b"\x86R" + text("x") + b"\x85R.") >= Verdict.SUSPICIOUS
    )


def test_a_method_of_a_text_is_no_matter_until_it_is_called() -> None:
    upper = b"\x80\x04" + name("builtins", "getattr") + text("abc") + text("upper") + b"\x86R"
    assert (verdict(upper + b"."), verdict(upper + b")R.")) == (Verdict.CLEAN, Verdict.MALICIOUS)


def test_a_distribution_made_another_way_has_its_text_looked_at_too() -> None:
    cls = name("scipy.stats._continuous_distns", "norm_gen")
    state = b"}" + text("_parse_arg_template") + text("run()") + b"sb."
    for made in (
        name("copyreg", "__newobj__") + cls + b"\x85R",
        name("copyreg", "_reconstructor") + cls + name("builtins", "object") + b"N\x87R",
        cls + b"(tR",
        cls + b")}\x92",
        b"(" + cls + b"o",
    ):
        assert verdict(b"\x80\x04" + made + state) == Verdict.SUSPICIOUS
    inner = b"}\x94" + text("_parse_arg_template") + text("run()") + b"s0"  # before the class is known
    assert verdict(b"\x80\x04" + inner + cls + b")\x81h\x00b.") == Verdict.SUSPICIOUS


BEGINNINGS = {
    "a text": b"VVersion: 1.0\n0", "a number": b"I00\n0", "a float": b"F1.0\n0", "a list": b"]0",
    "dictionaries": b"}0" * 40, "a picture": b"U\x08\x89PNG\r\n\x1a\n0", "an archive": b"C\4PK\3\4" + b"0",
    "a byte": b"K\x010", "marks": b"((1", "nothing": b"N0", "a long number": b"L12345678L\n0",
    "JSON": b"X\6\0\0\0{'a'1}0", "a GIF": b"GIF89a\1\0\x010", "zeros": b"B\0\0\x01\0" + bytes(65536) + b"0",
}  # fmt: skip


@pytest.mark.parametrize(
    "file", ["a.png", "a.onnx", "a.gguf", "a.txt", "a.h5", "a.npy", "a.json", "a", "a.pkl"]
)
@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_a_pickle_is_one_whatever_its_beginning_and_its_name(beginning: bytes, file: str) -> None:
    assert verdict(beginning + b"cposix\nsystem\nX\4\0\0\0true\x85R.", file) == Verdict.MALICIOUS


HARMLESS_ATTRIBUTES = [("attrgetter", "name"), ("attrgetter", "a.b"), ("methodcaller", "strip")]
REACHING_ATTRIBUTES = [
    *(
        ("attrgetter", each)
        for each in ("system", "a.system", "__globals__", "os", "a.os", "modules", "f_globals")
    ),
    *(("attrgetter", each) for each in ("eval", "Popen", "gi_frame", "a.b.loader", "", "a b", "open", "mro")),
    *(
        ("methodcaller", each)
        for each in ("system", "run", "exec", "load", "tofile", "a.b", "__call__", "popen")
    ),
]


@pytest.mark.parametrize(("getter", "attribute"), HARMLESS_ATTRIBUTES)
def test_what_gets_plain_attributes_is_unknown_until_it_is_called_or_handed_on(
    getter: str, attribute: str
) -> None:
    made = name("operator", getter) + text(attribute) + b"\x85R"
    assert verdict(b"\x80\x04" + made + b".") == Verdict.UNKNOWN
    assert verdict(b"\x80\x04" + made + text("x") + b"\x85R.") >= Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + name("functools", "partial") + made + b"\x85R.") >= Verdict.SUSPICIOUS
    assert verdict(b"\x80\x04" + NEW + b"}" + text("append") + made + b"sb.") >= Verdict.SUSPICIOUS


@pytest.mark.parametrize(("getter", "attribute"), REACHING_ATTRIBUTES)
def test_what_gets_an_attribute_that_leads_on_is_malicious(getter: str, attribute: str) -> None:
    made = name("operator", getter) + text(attribute) + b"\x85R."
    assert verdict(b"\x80\x04" + made) == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "arguments",
    [
        name("'a", "b'") + b"\x85",  # an import that looks like a text
        text("a") + name("'b", "c'") + b"\x86",
        b"V\\u0073ystem\n\x85",
        b"N\x85",
        b")",
        text("a" * 200) + b"\x85",
    ],
)
def test_what_is_no_plain_attribute_does_not_pass_for_one(arguments: bytes) -> None:
    assert verdict(b"\x80\x04" + name("operator", "attrgetter") + arguments + b"R.") == Verdict.MALICIOUS


def test_a_method_of_a_list_is_no_matter_until_it_is_called() -> None:
    index = b"\x80\x04" + name("builtins", "getattr") + b"](K\x01K\x02e" + text("index") + b"\x86R"
    assert (verdict(index + b"."), verdict(index + b")R.")) == (Verdict.CLEAN, Verdict.MALICIOUS)
    inner = b"\x80\x04" + name("builtins", "getattr") + b"]" + text("__class__") + b"\x86R."
    assert verdict(inner) == Verdict.MALICIOUS


def test_a_logger_is_unknown_and_suspicious_when_it_is_changed() -> None:
    logger = b"\x80\x04" + name("logging", "getLogger") + text("train") + b"\x85R"
    assert verdict(logger + b".") == Verdict.UNKNOWN
    assert verdict(logger + b"}" + text("disabled") + b"\x88sb.") >= Verdict.SUSPICIOUS
    assert verdict(logger + b")R.") >= Verdict.SUSPICIOUS


def test_a_program_as_data_is_unknown_and_what_would_start_it_is_not() -> None:
    program = b"B" + (100).to_bytes(4, "little") + b"\x7fELF\x02\x01".ljust(100, b"\0")
    assert verdict(b"\x80\x04" + program + b".") == Verdict.UNKNOWN
    assert verdict(b"\x80\x04" + name("os", "write") + b"K\x01" + program + b"\x86R.") == Verdict.MALICIOUS
