import json
from typing import Any

import pytest

from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged


def _operator(kind: str, **texts: str) -> dict[str, Any]:
    attributes = [{"N": key, "AT": {"#": "0.a_str", "D": text}} for key, text in texts.items()]
    return {"#": kind, "A": attributes, "I": [], "O": [], "OA": []}


def _program(*operators: dict[str, Any]) -> bytes:
    block = {"#": "block_0", "args": [], "ops": list(operators)}
    region = {"#": "region_0", "blocks": [block]}
    program = {"base_code": {"magic": "pir", "version": 1}, "program": {"regions": [region]}}
    return json.dumps(program).encode()


def test_operators_that_compute_are_clean() -> None:
    assert checks(_program(_operator("1.matmul"), _operator("1.data", name="x")), "model.json") == set()


@pytest.mark.parametrize("kind", ["load_combine", "save_combine", "load", "save"])
@pytest.mark.parametrize("dialect", ["1", "pd_op"])
def test_operators_that_read_or_write_files_are_suspicious(dialect: str, kind: str) -> None:
    inside = _program(_operator(f"{dialect}.{kind}", file_path="weights"))
    assert checks(inside, "model.json") == {"graph-touches-files"}
    outside = _program(_operator(f"{dialect}.{kind}", file_path="/etc/x"))
    assert checks(outside, "model.json") == {"graph-touches-files", "external-data-escapes"}


def test_operators_within_the_regions_of_others_count() -> None:
    branch = _operator("2.if") | {"regions": [{"blocks": [{"ops": [_operator("1.py_func")]}]}]}
    assert judged(_program(branch), "model.json").judgement.verdict is Verdict.SUSPICIOUS


def test_operators_that_somebody_else_must_bring_are_told() -> None:
    assert checks(_program(_operator("3.acme_op")), "model.json") == {"graph-custom-operator"}
    assert checks(_program(_operator("1.tensorrt_engine")), "model.json") == {"graph-compiled-code"}


def test_a_pickle_in_the_text_of_an_operator_is_suspicious() -> None:
    data = _program(_operator("1.print", message="gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAR0cnVllIWUUpQu"))
    assert judged(data, "model.json").judgement.verdict >= Verdict.SUSPICIOUS
