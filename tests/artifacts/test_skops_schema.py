import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts import skops_schema, torch_export
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict
from zip_judging import judged
from zipping import zipped


def _verdict(*nodes: dict[str, object]) -> Verdict:
    root = {"__module__": "builtins", "__class__": "list", "__loader__": "ListNode", "content": list(nodes)}
    found = judged(zipped({"schema.json": json.dumps({**root, "protocol": 2}).encode()}))
    assert found.format == "skops"
    return found.judgement.verdict


def _node(path: str, loader: str, **more: object) -> dict[str, object]:
    module, _, name = path.rpartition(".")
    return {"__module__": module, "__class__": name, "__loader__": loader, **more}


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (_node("builtins.dict", "DictNode"), Verdict.CLEAN),
        (_node("numpy.log", "FunctionNode"), Verdict.CLEAN),
        (_node("functools.partial", "PartialNode"), Verdict.CLEAN),
        (_node("operator.itemgetter", "OperatorFuncNode"), Verdict.CLEAN),
        (_node("sklearn.linear_model._logistic.LogisticRegression", "ObjectNode"), Verdict.KNOWN_LIBRARY),
        (
            _node("sklearn.preprocessing._function_transformer.FunctionTransformer", "ObjectNode"),
            Verdict.KNOWN_LIBRARY,
        ),
        (_node("acme.Model", "ObjectNode"), Verdict.UNKNOWN),
        (_node("acme.run", "FunctionNode"), Verdict.UNKNOWN),
        (_node("acme.run", "ConstructorFromReduceNode"), Verdict.SUSPICIOUS),
        (_node("operator.methodcaller", "OperatorFuncNode"), Verdict.MALICIOUS),
        (_node("os.system", "FunctionNode"), Verdict.MALICIOUS),
        (_node("builtins.eval", "OperatorFuncNode"), Verdict.MALICIOUS),
        (_node("numpy.load", "FunctionNode"), Verdict.MALICIOUS),
    ],
)
def test_a_name_counts_as_it_does_in_pickles(node: dict[str, object], verdict: Verdict) -> None:
    assert _verdict(node) is verdict


def test_a_method_belongs_to_the_object_that_it_is_taken_from() -> None:
    owner = _node("acme.Model", "ObjectNode")
    assert _verdict(_node("acme.Model", "MethodNode", content={"obj": owner, "func": "predict"})) is (
        Verdict.UNKNOWN
    )
    for lie in ({"obj": owner, "func": "__reduce__"}, {"obj": _node("x.Y", "ObjectNode"), "func": "a"}, {}):
        assert _verdict(_node("acme.Model", "MethodNode", content=lie)) is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "verdict"), [("PCG64", Verdict.CLEAN), ("set_bit_generator", Verdict.SUSPICIOUS)]
)
def test_a_random_generator_is_one_of_numpys(name: str, verdict: Verdict) -> None:
    state = _node("builtins.str", "JsonNode", content=json.dumps(name))
    inner = _node("builtins.dict", "DictNode", content={"bit_generator": state})
    node = _node("numpy.random._generator.Generator", "RandomGeneratorNode", content={"bit_generator": inner})
    assert _verdict(node) is verdict


@pytest.mark.parametrize(
    "text", [b'{"__loader__": 1, "__loader__": 2}', b'{"__loader__": ', b'["__loader__"]]']
)
def test_a_document_that_cannot_be_read_is_never_clean(text: bytes) -> None:
    assert judged(zipped({"schema.json": text})).judgement.verdict >= Verdict.INCONCLUSIVE


_KEYS = st.sampled_from(
    ["__module__", "__class__", "__loader__", "content", "bit_generator", "obj", "func", "target", "expr_str"]
)
_TEXTS = st.sampled_from(["os", "system", "MethodNode", "JsonNode", "numpy", "", "\0", "torch.x", "((("])
_JSON = st.recursive(
    st.none() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
)


@settings(deadline=None)
@given(_JSON)
def test_no_document_makes_either_judge_crash(document: object) -> None:
    text = json.dumps(document).encode()
    for judge in (skops_schema.judge, torch_export.judge):
        for _ in judge(Reader.of_bytes(text)):
            pass
