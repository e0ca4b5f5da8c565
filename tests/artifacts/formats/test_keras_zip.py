import io
import zipfile

from examining import examined
from real.model_files import sample
from ringfence.artifacts.problems import ProblemKind
from ringfence.core.facts import FactName


def _archive(config: bytes, metadata: bytes = b"{}") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", b"")
    return out.getvalue()


def test_all_facts_of_a_real_file() -> None:
    facts = dict(examined(sample("plain.keras")).facts)
    assert str(facts.pop(FactName.PRODUCER)).startswith("keras 3.")
    assert facts == {FactName.MEMBERS: 3, FactName.ARCHITECTURE: "Sequential", FactName.NAME: "tiny"}


def test_a_lambda_layer_is_code() -> None:
    assert examined(sample("lambda.keras")).facts[FactName.RUNS_CODE] == ("keras lambda",)


def test_a_lambda_layer_deep_inside_is_found() -> None:
    config = b'{"a":' * 500 + b'[{"class_name": "__lambda__"}]' + b"}" * 500
    assert examined(_archive(config)).facts[FactName.RUNS_CODE] == ("keras lambda",)


def test_a_configuration_that_loaders_read_differently_is_said() -> None:
    found = examined(_archive(b'{"class_name": "A", "class_name": "B"}'))
    assert (found.format, [each.kind for each in found.problems]) == ("keras", [ProblemKind.DUPLICATE_KEY])


def test_a_configuration_that_is_no_json_is_said() -> None:
    assert [each.kind for each in examined(_archive(b"[1]")).problems] == [ProblemKind.BAD_HEADER]
    assert [each.kind for each in examined(_archive(b"{")).problems] == [ProblemKind.BAD_HEADER]
