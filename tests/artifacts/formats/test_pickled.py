import pickle
from collections import Counter, OrderedDict
from datetime import date, timedelta

import pytest

from examining import examined
from real.model_files import sample
from ringfence.artifacts.judging import judge
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import FactName


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_all_facts_of_a_real_file(protocol: int) -> None:
    assert examined(sample(f"protocol{protocol}.pkl")).facts == {
        FactName.RUNS_CODE: ("pickle",),
        FactName.VERSION: str(protocol),
        FactName.IMPORTS: ("real.model_files._Estimator",),
    }


@pytest.mark.parametrize("protocol", [0, 1])
def test_a_pickle_without_a_mark_is_believed_under_a_pickles_name_only(protocol: int) -> None:
    data = sample(f"protocol{protocol}.pkl")
    assert examined(data, ".txt").format is None
    found = examined(data, ".pkl")
    assert (found.format, found.facts[FactName.VERSION]) == ("pickle", "0 or 1")
    assert "real.model_files._Estimator" in found.facts[FactName.IMPORTS]


def test_several_pickles_in_one_file_are_all_walked_over() -> None:
    data = pickle.dumps(1) + b"\x80\x02cos\nsystem\n." + pickle.dumps(2)
    found = examined(data)
    assert (found.facts[FactName.IMPORTS], found.problems) == (("os.system",), ())


def test_bytes_behind_a_pickle_are_said() -> None:
    data = pickle.dumps([1, 2, 3])
    assert examined(data + b"PK\3\4").problems == (
        Problem(kind=ProblemKind.TRAILING_DATA, at=len(data), detail="4 bytes behind the pickle"),
    )


def test_what_was_named_before_a_broken_opcode_stands() -> None:
    found = examined(b"\x80\x02cos\nsystem\n(S'x'\ntR\xff\xff")
    assert (found.format, found.facts[FactName.IMPORTS], found.problems) == (
        "pickle",
        ("os.system",),
        (Problem(kind=ProblemKind.BAD_HEADER, at=21, detail="opcode 0xff does not exist"),),
    )


@pytest.mark.parametrize(
    "data", [b"\x80\x04\xff\xff\xff\xff", b"\x80\x09K\x01.", b"\x80\x04\x95" + b"\xff" * 3, b"\x80abcdefgh"]
)
def test_bytes_that_start_like_a_pickle_and_do_not_go_on_like_one_are_none(data: bytes) -> None:
    assert examined(data + b"\xff" * 100).format is None


_ESTIMATOR = {
    "coef": Counter("abab"),
    "at": [OrderedDict(a=1), date(2026, 1, 1), timedelta(1)],
    "of": Counter,
}
_OS = b"\x8c\x02os\x94"
_SYSTEM = b"\x8c\x06system\x94"


@pytest.mark.parametrize("protocol", range(6))
def test_judging_tells_what_the_header_of_plain_data_says(protocol: int) -> None:
    data = pickle.dumps([{"rate": 0.5, "of": [each, str(each)]} for each in range(9)], protocol=protocol)
    told = judge(Reader.of_bytes(data), name="m.pkl").facts
    assert {each.name: each.value for each in told} == examined(data, ".pkl").facts


@pytest.mark.parametrize(
    "data",
    [
        *(pickle.dumps(_ESTIMATOR, protocol=protocol) for protocol in (3, 4, 5)),
        b"\x80\x04]\x94" + _OS + _SYSTEM + b"\x93\x94ah\x01\x8c\x05popen\x94\x93\x94a.",
        b"\x80\x04](" + b"".join(b"cmodule%d\nname\n" % each for each in range(120)) + b"e.",
        b"\x80\x04c" + b"m" * 900 + b"\nname\n.",
    ],
)
def test_judging_tells_what_a_pickle_imports(data: bytes) -> None:
    told = {each.name: each.value for each in judge(Reader.of_bytes(data), name="").facts}
    assert told[FactName.IMPORTS]
    assert told == examined(data).facts


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(1) + pickle.dumps(2),
        pickle.dumps(1) + b"PK\3\4",
        pickle.dumps(1)[:-1],
        b"\x80\x02cos\nsystem\n.",
        b"\x80\x02c__builtin__\nint\n.",
        b"\x80\x04]\x94\x8c\x06system(" + _OS + b"1\x94" + _OS + b"h\x01\x93\x94a.",
        b"\x80\x04\x8c\x02os" + _SYSTEM + b"\x93.",
        b"\x80\x04" + _OS + b"\x8c\x06system\x93.",
        b"\x80\x04" + _OS + b"N0" + _SYSTEM + b"\x93.",
        b"\x80\x04" + _OS + b"0" + _SYSTEM + b"0h\x00h\x01\x93.",
        b"\x80\x04" + _OS + b"0\x8c\x04uses(" + _SYSTEM + b"0000h\x00\x8c\x06system\x940h\x01\x93.",
        b"\x80\x04K\x01K\x02.",
        b"\x80\x04" + b"N0" * 100_000 + b"N.",
        b"\x80\x04C\x0e\x80\x04cos\nsystem\n.0N.",
    ],
)
def test_of_a_header_that_judging_may_know_otherwise_it_tells_nothing(data: bytes) -> None:
    assert judge(Reader.of_bytes(data), name="").facts == ()
