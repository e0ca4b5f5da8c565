"""What SciPy and statsmodels run of a state, held against states as they write them."""

import pickle

import pytest

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict

TEMPLATE = """
def _parse_args(self, {shapes} {into}):
    return ({shapes}), {out}

def _parse_args_rvs(self, {shapes} {into}, size=None):
    return self._argcheck_rvs({shapes} {out}, size=size)

def _parse_args_stats(self, {shapes} {into}, moments='mv'):
    return ({shapes}), {out}, moments
"""
NORM = TEMPLATE.format(shapes="", into="loc=0, scale=1", out="loc, scale")
BETA = TEMPLATE.format(shapes="a, b, ", into="loc=0, scale=1", out="loc, scale")
BINOM = TEMPLATE.format(shapes="n, p, ", into="loc=0", out="loc, 1")
DISTRIBUTION = ("scipy.stats._continuous_distns", "beta_gen")
DATA = ("statsmodels.base.data", "PandasData")


def verdict(of: tuple[str, str], state: object, protocol: int) -> Verdict:
    """Of an object of the class with that state, as the standard library writes it."""
    start = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    written = pickle.dumps(state, protocol=protocol)[11 if protocol >= 4 else len(start) : -1]  # no frame
    data = start + "c{}\n{}\n".format(*of).encode() + b"(tR" + written + b"b."
    return judge(Reader.of_bytes(data, budget=judging_budget()), name="x.pkl").judgement.verdict


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("text", [NORM, BETA, BINOM])
def test_scipys_own_template_is_no_matter(text: str, protocol: int) -> None:
    assert verdict(DISTRIBUTION, {"a": 0.0, "_parse_arg_template": text}, protocol) == Verdict.KNOWN_LIBRARY


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "text",
    [
        BETA + "\nimport os\n",
        BETA.replace("a, b, ", "a, b=print(1), "),
        BETA.replace("scale=1", "scale=print(1)"),
        BETA.replace("loc, scale", "loc, exit()"),
        BETA.replace("a, b, ", "c, d, ", 1),
        "x = 1",
        "",
    ],
)
def test_any_other_text_is_suspicious_at_least(text: str, protocol: int) -> None:
    assert verdict(DISTRIBUTION, {"_parse_arg_template": text}, protocol) >= Verdict.SUSPICIOUS


def test_a_text_that_reaches_for_the_system_is_malicious() -> None:
    state = {"_parse_arg_template": "__import__('os').system('echo')"}
    assert verdict(DISTRIBUTION, state, 4) == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "state",
    [
        {"a": 1},
        [("_parse_arg_template", BETA)],
        (("_parse_arg_template", BETA), "ab"),
        ({"_parse_arg_template": 1, "print(1)": 2}, None),
        ({"a": 1}, ["ab"]),
        "text",
    ],
)
def test_a_state_of_another_shape_is_suspicious(state: object) -> None:
    assert verdict(DISTRIBUTION, state, 4) >= Verdict.SUSPICIOUS


def test_versions_of_scipy_until_1_5_write_a_pair() -> None:
    assert verdict(DISTRIBUTION, ({"shapes": "a, b", "name": "beta"}, None), 4) == Verdict.KNOWN_LIBRARY


def test_a_key_that_stands_there_twice_is_suspicious() -> None:
    key, good = b"\x8c\x13_parse_arg_template", b"X" + len(BETA).to_bytes(4, "little") + BETA.encode()
    made = b"\x80\x04c" + "\n".join(DISTRIBUTION).encode() + b"\n)\x81"
    for items in (key + good + key + b"\x8c\x051 + 1", key + b"\x8c\x051 + 1" + key + good):
        data = made + b"}(" + items + b"ub."
        assert judge(Reader.of_bytes(data), name="x.pkl").judgement.verdict == Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x",
        "np.log(price) ~ C(city) + bs(age, df=4) - 1",
        "I((y > .5) * 1) ~ a:b + np.power(a, 2)",
        "y ~ C(x, Treatment(reference='low')) + Q('odd name')",
        "größe ~ alter",
    ],
)
def test_a_formula_of_known_transformations_is_no_matter(formula: str) -> None:
    state = {"formula": formula, "restore_design_info": True}
    assert verdict(DATA, state, 4) == Verdict.KNOWN_LIBRARY


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ f(x)",
        "y ~ np.load('x')",
        "y ~ x.tofile",
        "y ~ (f)(x)",
        "y ~ C(x)(y)",
        "y ~ I[x]",
        "y ~ __import__('os').system('echo')",
        "y ~ I\uff08x\uff09 + \uff45val(x)",
    ],
)
def test_a_formula_that_calls_something_else_is_suspicious_at_least(formula: str) -> None:
    for key in ("restore_design_info", "restore_model_spec"):
        assert verdict(DATA, {"formula": formula, key: True}, 4) >= Verdict.SUSPICIOUS


def test_a_formula_that_nothing_evaluates_is_no_matter() -> None:
    assert verdict(DATA, {"formula": "f(x)"}, 4) == Verdict.KNOWN_LIBRARY


@pytest.mark.parametrize("wrapper", ["NDArrayWrapper", "ZNDArrayWrapper"])
@pytest.mark.parametrize("module", ["joblib.numpy_pickle", "joblib.numpy_pickle_compat"])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"filename": "model.pkl_01.npy"}, Verdict.UNKNOWN),
        ({"filename": "/etc/passwd"}, Verdict.SUSPICIOUS),
        ({"filename": "../x.npy"}, Verdict.SUSPICIOUS),
        ({"filename": "C:x.npy"}, Verdict.SUSPICIOUS),
        ({"filename": "~"}, Verdict.SUSPICIOUS),
        ({"filename": 5}, Verdict.SUSPICIOUS),
        ([("filename", "x")], Verdict.SUSPICIOUS),
    ],
)
def test_joblibs_old_arrays_lie_beside_the_pickle(
    module: str, wrapper: str, state: object, expected: Verdict
) -> None:
    assert verdict((module, wrapper), state, 2) == expected
