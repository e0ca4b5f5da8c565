"""Files that act when they are loaded and were once called harmless, and what once broke the judging."""

import json
import struct
import time
from pathlib import Path

import pytest

from ringfence.app.judging.below import FileToJudge
from ringfence.app.judging.wire import answer_from
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.judging import judge
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import FactName
from ringfence.core.judged import JudgedFile
from ringfence.core.limits import LIMITS
from telling import told, verdict
from zipping import EVIL, zipped


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


_FINDING = {
    "check": "a-check",
    "severity": "high",
    "confidence": "certain",
    "subject": "s",
    "offset": None,
    "evidence": ["a"],
    "advice": "b",
    "fingerprint": "0",
    "documentation": "d",
}
_ANSWER = {
    "format": None,
    "size_bytes": 1,
    "verdict": "suspicious",
    "leaves_out": [],
    "findings": [_FINDING],
}
_FILE = FileToJudge(path=Path("model.pkl"), name="model.pkl")


@pytest.mark.parametrize(
    "answer",
    [
        *("null", "[]", '"reason"', '["reason"]', "[" * 100_000, "9" * 5000),
        *(json.dumps({"reason": [1]}), json.dumps({**_ANSWER, "format": {}})),
        *(json.dumps({**_ANSWER, "size_bytes": "x"}), json.dumps({**_ANSWER, "leaves_out": [{}]})),
        json.dumps({**_ANSWER, "findings": [{**_FINDING, "evidence": "abc"}]}),
        json.dumps({**_ANSWER, "findings": [{**_FINDING, "subject": {}}]}),
        json.dumps({**_ANSWER, "findings": [{**_FINDING, "check": "](javascript:x)"}]}),
    ],
)
def test_what_is_no_answer_of_a_judging_process_is_refused_as_one(answer: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        answer_from(f"{answer}\tnull".encode(), _FILE)


_PROBLEM = ["truncated", 3, "detail"]
_NO_FACTS: list[object] = [
    *([], {"colour": "red"}, {"name": [1]}, {"name": None}, {"name": 1}, {"name": True}, {"imports": "x"}),
    *({"imports": [["x"]]}, {"imports": {}}, {"tensors": "1"}, {"tensors": 0.5}),
]
_NO_PROBLEMS: list[object] = [
    {},
    [[]],
    ["x"],
    [["colour", 0, ""]],
    [["truncated", "x", ""]],
    [[*_PROBLEM, 0]],
]


@pytest.mark.parametrize(
    "header",
    [
        *("", "{}", "0", "[]", "[" * 100_000, json.dumps(["\x1b[2J", {}, []]), json.dumps([[], {}, []])),
        *(json.dumps(["pickle", facts, []]) for facts in _NO_FACTS),
        *(json.dumps(["pickle", {}, problems]) for problems in _NO_PROBLEMS),
    ],
)
def test_what_is_no_header_is_refused_with_the_answer_before_it(header: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        answer_from(f"{json.dumps(_ANSWER)}\t{header}".encode(), _FILE)


def test_the_header_that_a_judging_process_tells_is_within_its_limits_and_can_be_written() -> None:
    facts = {"name": "x" * 9_999 + "\ud800", "imports": ["\ud800" * 9_999] * 999}
    told = ["pickle", facts, [_PROBLEM] * 99]
    answer, header = answer_from(f"{json.dumps(_ANSWER)}\t{json.dumps(told)}".encode(), _FILE)
    assert isinstance(answer, JudgedFile)
    assert header is not None
    assert len(header.problems) == LIMITS.evidence_items
    assert len(str(header.facts[FactName.NAME])) <= LIMITS.metadata_value_chars
    imports = header.facts[FactName.IMPORTS]
    assert isinstance(imports, tuple)
    assert (len(imports), len(imports[0])) == (LIMITS.fact_items, LIMITS.name_chars)
    json.dumps(dict(header.facts), ensure_ascii=False).encode()


def test_an_answer_of_a_judging_process_that_was_taken_over_is_harmless_to_print() -> None:
    bad = {**_FINDING, "subject": "\x1b[2J", "advice": "\x1b[2J", "evidence": ["\x1b[2J" * 9_999] * 99}
    answer = {**_ANSWER, "format": "\x1b[2J", "leaves_out": ["\x1b[2J"], "findings": [bad]}
    lines = (json.dumps(answer), json.dumps({"reason": "\x1b[2J", "kind": "\x1b[2J", "subject": "\x1b[2J"}))
    for line in lines:
        said = repr(answer_from(f"{line}\tnull".encode(), _FILE))
        assert "\\x1b[2J".replace("\\", "\\\\") in said
        assert "'\\x1b" not in said
        assert len(said) < 100_000


def _many_templates(count: int) -> list[str]:
    said = "{% if m.role == 'a' and m.content and x %}{{ m.content }}{% elif a or b and c %}y{% endif %}"
    return ["{% for m in messages %}" + said * 100 + f"{at}" + "{% endfor %}" for at in range(count)]


def _gguf(texts: dict[str, str]) -> bytes:
    def sized(text: str) -> bytes:
        return struct.pack("<Q", len(text.encode())) + text.encode()

    entries = (sized(key) + struct.pack("<I", 8) + sized(text) for key, text in texts.items())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(texts)) + b"".join(entries)


def _safetensors(texts: dict[str, str]) -> bytes:
    header = json.dumps({"__metadata__": texts}).encode()
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize("name", ["x.json", "tokenizer_config.json", "x.yaml", "x.gguf", "x.safetensors"])
def test_many_templates_cost_no_more_than_the_time_that_is_given(name: str) -> None:
    texts = _many_templates(60)
    named = {f"chat_template.{at}": text for at, text in enumerate(texts)}
    data = {
        "x.gguf": _gguf({f"tokenizer.{key}": text for key, text in named.items()}),
        "x.safetensors": _safetensors(named),
    }.get(name, json.dumps({"chat_template": [{"name": "a", "template": each} for each in texts]}).encode())
    budget = Budget(read_bytes=1 << 29, inflated_bytes=1 << 28, files=100, seconds=0.5)
    started = time.monotonic()
    found = judge(Reader.of_bytes(data, budget=budget), name=name)
    assert found.judgement.verdict == "inconclusive"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("picked", [False, True], ids=["itself", "picked out of a tuple"])
def test_a_partial_of_a_scorer_that_would_evaluate_a_text_is_suspicious(picked: bool) -> None:
    state = _text("_response_method") + _text("eval")
    scorer = _name("sklearn.metrics._scorer", "_Scorer") + b")\x81}(" + state + b"ub"
    if picked:
        scorer = _call(_name("builtins", "max"), b"(" + scorer + b"t")
    frame = _name("pandas.core.frame", "DataFrame") + b")\x81"
    partial = _call(_name("functools", "partial"), scorer, frame, _text("@pd.io.common.os.system('id')"))
    data = b"\x80\3" + frame + partial + b"K\1s."  # the frame calls its key
    assert verdict(data, "a.pkl") == "suspicious"


def test_a_partial_of_a_function_of_numpy_is_none() -> None:
    partial = _call(_name("functools", "partial"), _name("numpy", "zeros"), b"K\3")
    assert verdict(b"\x80\3" + partial + b".", "a.pkl") == "known-library"


@pytest.mark.parametrize(
    "template",
    [
        "{% set a = '__cl' %}{% set a = a ~ 'ass__' %}{{ ''[a] }}",
        "{% set ns = namespace(a='__cl') %}{% set ns.a = ns.a ~ 'ass__' %}{{ ''[ns.a] }}",
        "{% set ns = namespace(a='__cl') %}{% set ns.a = ns.a + 'ass__' %}{{ ''[ns.a][ns.b] }}",
    ],
)
def test_an_attribute_that_is_put_together_in_steps_is_suspicious(template: str) -> None:
    assert verdict(template.encode(), "chat_template.jinja") == "suspicious"


def test_a_list_that_is_read_by_a_number_that_is_counted_up_is_clean() -> None:
    text = "{% set ns = namespace(i=0) %}{% set ns.i = ns.i + 1 %}{{ messages[ns.i].content }}"
    assert verdict(text.encode(), "chat_template.jinja") == "clean"


@pytest.mark.parametrize(("count", "expected"), [(1_000, "suspicious"), (200_001, "inconclusive")])
def test_padding_hides_no_text_of_a_configuration(count: int, expected: str) -> None:
    labels = {str(number): f"label {number}" for number in range(count)}
    key = {"zz": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA"}
    assert verdict(json.dumps(labels | key).encode(), "config.json") in (expected, "suspicious")


@pytest.mark.parametrize("folder", ["weights", "constants"])
def test_a_weight_that_an_exported_program_loads_as_a_pickle_is_judged_as_one(folder: str) -> None:
    stem = "weight_0" if folder == "weights" else "tensor_0"
    payload = {"path_name": stem.upper(), "is_param": True, "use_pickle": True, "tensor_meta": None}
    config = json.dumps({"config": {"w": payload}}).encode()
    data = zipped(
        {
            "m/archive_format": b"pt2",
            f"m/data/{folder}/model_{folder}_config.json": config,
            f"m/data/{folder}/{stem}": b"\x80\4" + EVIL.removeprefix(b"\x80\2"),
        }
    )
    assert verdict(data, "a.pt2") == "malicious"


def test_a_study_that_opens_the_storage_of_its_arguments_is_suspicious() -> None:
    study = _name("optuna.study.study", "Study")
    assert verdict(b"\x80\3" + study + b")R}b.", "a.pkl") == "known-library"
    opens = _call(study, _text("s"), _text("sqlite:///written.db"))
    assert verdict(b"\x80\3" + opens + b".", "a.pkl") == "suspicious"


def test_what_says_where_a_distributed_checkpoint_lies_is_data_and_the_rest_of_its_package_is_not() -> None:
    metadata = _name("torch.distributed.checkpoint.metadata", "MetadataIndex")
    assert verdict(b"\x80\3" + _call(metadata, _text("w")) + b".", ".metadata") == "known-library"
    store = _call(_name("torch.distributed", "FileStore"), _text("written"))
    assert verdict(b"\x80\3" + store + b".", ".metadata") == "malicious"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("torch._C", "PyTorchFileWriter"),
        ("torch._C._distributed_c10d", "FileStore"),
        ("gradio_client.client", "Client"),
    ],
)
def test_classes_that_write_or_connect_as_they_are_made_are_malicious(module: str, name: str) -> None:
    assert verdict(b"\x80\3" + _call(_name(module, name), _text("written")) + b".", "a.pkl") == "malicious"
