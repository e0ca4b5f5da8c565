import json

import pytest

from ringfence.core.verdicts import Verdict
from zip_judging import checks, judged
from zipping import EVIL, PLAIN, zipped


def _script(code: bytes) -> bytes:
    return zipped({"m/data.pkl": PLAIN, "m/constants.pkl": b"\x80\x02).", "m/code/__torch__.py": code})


def _exported(**node: object) -> bytes:
    graph = json.dumps({"graph_module": {"graph": {"nodes": [node]}}}).encode()
    return zipped({"m/models/model.json": graph, "m/archive_format": b"pt2", "m/archive_version": b"0"})


def test_storages_and_short_texts_are_no_files_of_their_own() -> None:
    data = zipped(
        {
            "m/data.pkl": PLAIN,
            "m/data/0": b"MZ not a program",
            "m/version": b"3\n",
            "m/byteorder": b"little",
            "m/.data/serialization_id": b"123",
        }
    )
    assert judged(data).spotted == ()


def test_what_else_lies_in_a_checkpoint_is_judged_by_its_content() -> None:
    data = zipped({"m/data.pkl": PLAIN, "m/extra/model.bin": EVIL})
    assert judged(data).judgement.verdict is Verdict.MALICIOUS


def test_classes_that_torchscript_takes_from_the_archive_need_no_library() -> None:
    data = zipped({"m/data.pkl": b"\x80\x02c__torch__.Net\nNet\n)\x81}b."})
    assert judged(data).judgement.verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (b"return torch.add(x, ops.aten.relu(x))", set()),
        (b"torch.save(x, '/tmp/x')", {"torchscript-file-access"}),
        (b"ops.aten.from_file('x')", {"torchscript-file-access"}),
        (b"ops.torchvision.nms(x)", {"torchscript-needs-library"}),
        (b" " * (1 << 20) + b"ops.acme.run (x)", {"torchscript-needs-library"}),
        (b"torch.save_x(x); my.save(x)", set()),
    ],
)
def test_torchscript_is_judged_by_the_operators_it_calls(code: bytes, expected: set[str]) -> None:
    assert checks(_script(code)) == expected


@pytest.mark.parametrize(
    ("library", "verdict"), [(b"torchvision", Verdict.KNOWN_LIBRARY), (b"acme", Verdict.UNKNOWN)]
)
def test_operators_of_libraries_are_told_by_how_well_known_these_are(
    library: bytes, verdict: Verdict
) -> None:
    assert judged(_script(b"ops." + library + b".run(x)")).judgement.verdict is verdict


@pytest.mark.parametrize(
    "target",
    ["torch.ops.aten.add.Tensor", "torch.sym_int", "_operator.mul", "math.floor", "add_1", "#my:op"],
)
def test_an_exported_program_may_call_operators(target: str) -> None:
    assert judged(_exported(target=target)).judgement.verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    "target",
    [
        "torch.os.system",
        "torch.hub.load",
        "torch.load",
        "torch.ops.os.system",
        "_operator.attrgetter",
        "torch.ops.aten.__class__.__base__",
    ],
)
def test_an_exported_program_that_calls_something_else_is_suspicious(target: str) -> None:
    found = judged(_exported(target=target))
    assert (found.format, found.judgement.verdict) == ("pytorch-export", Verdict.SUSPICIOUS)


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("2*s0 + Max(1, s77//2)", Verdict.CLEAN),
        ("__import__('os').system('id')", Verdict.MALICIOUS),
        ("().__class__", Verdict.MALICIOUS),
        ("s0; s1", Verdict.SUSPICIOUS),
    ],
)
def test_an_expression_is_arithmetic_or_it_is_code(expression: str, verdict: Verdict) -> None:
    assert judged(_exported(as_expr={"expr_str": expression})).judgement.verdict is verdict


def test_native_libraries_in_a_package_are_unknown_code() -> None:
    data = zipped({"m/archive_format": b"pt2", "m/data/aotinductor/model/x.so": b"\x7fELF" + bytes(20)})
    found = judged(data)
    assert ({each.check for each in found.spotted}, found.judgement.verdict) == (
        {"native-code"},
        Verdict.UNKNOWN,
    )


def test_an_exported_weight_that_is_a_pickle_is_judged_as_one() -> None:
    weight = zipped({"w/data.pkl": EVIL})
    data = zipped({"m/archive_format": b"pt2", "m/data/weights/weight_0": weight})
    assert judged(data).judgement.verdict is Verdict.MALICIOUS


@pytest.mark.parametrize("member", ["m/lib.so", "m/extra/x.bin", "m/data/0", "m/data/aotinductor/model/x.so"])
@pytest.mark.parametrize("compression", [0, 8])
def test_native_code_in_a_checkpoint_is_suspicious(member: str, compression: int) -> None:
    data = zipped({"m/data.pkl": PLAIN, member: b"\x7fELF\2\1\1" + b"\0" * 57}, compression)
    found = {(each.check, each.severity) for each in judged(data).spotted}
    assert ("executable-among-models", "high") in found


def test_native_code_of_an_export_is_where_it_belongs() -> None:
    parts = {"m/data.pkl": PLAIN, "m/archive_format": b"pt2", "m/archive_version": b"0"}
    library = {"m/data/aotinductor/model/x.so": b"\x7fELF\2\1\1" + b"\0" * 57}
    assert checks(zipped({**parts, **library})) == {"native-code"}


def test_methods_of_classes_that_a_package_makes_objects_of_run_when_it_is_loaded() -> None:
    def verdict_of(method: bytes) -> Verdict:
        code = b"import os\nclass Net:\n    def " + method + b"(self):\n        os.system('true')\n"
        members = {
            "p/.data/extern_modules": b"os\n",
            "p/net/layers.py": code,
            "p/model/model.pkl": b"\x80\x02c<torch_package_0>.net.layers\nNet\n)R.",
        }
        return judged(zipped(members)).judgement.verdict

    assert (verdict_of(b"__init__"), verdict_of(b"describe")) == (Verdict.SUSPICIOUS, Verdict.UNKNOWN)
