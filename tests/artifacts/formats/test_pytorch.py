import io
import zipfile

from examining import examined
from real.model_files import sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.facts import FactName


def _archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_all_facts_of_a_real_file() -> None:
    facts = dict(examined(sample("zip.pt")).facts)
    assert isinstance(facts.pop(FactName.MEMBERS), int)
    assert facts == {
        FactName.RUNS_CODE: ("pickle",),
        FactName.VERSION: "3",
        FactName.IMPORTS: (
            "collections.OrderedDict",
            "torch._utils._rebuild_tensor_v2",
            "torch.FloatStorage",
            "torch.HalfStorage",
        ),
        FactName.TENSORS: 3,
        FactName.PARAMETERS: 12 + 5 + 8,
        FactName.DTYPES: ("F32", "F16"),
    }


def test_a_whole_module_names_its_class() -> None:
    imports = examined(sample("module.pt")).facts[FactName.IMPORTS]
    assert "torch.nn.modules.linear.Linear" in imports


def test_torchscript_brings_code_of_its_own() -> None:
    assert examined(sample("script.pt")).facts[FactName.RUNS_CODE] == ("pickle", "torchscript")


def test_it_is_recognised_wherever_its_pickle_stands_in_the_archive() -> None:
    file = _archive({"readme.txt": b"", "m/data.pkl": b"\x80\x02cos\nsystem\n."})
    found = examined(file)
    assert (found.format, found.facts[FactName.IMPORTS]) == ("pytorch", ("os.system",))


def test_an_archive_with_a_pickle_elsewhere_is_not_pytorchs() -> None:
    assert examined(_archive({"data.pkl": b".", "a/b/data.pkl": b".", "a/xdata.pkl": b"."})).format is None


def test_a_compressed_pickle_is_walked_over_too() -> None:
    file = _archive({"m/data.pkl": b"\x80\x02cos\nsystem\n."}, zipfile.ZIP_DEFLATED)
    assert examined(file).facts[FactName.IMPORTS] == ("os.system",)


def test_a_file_that_is_cut_short_is_still_recognised() -> None:
    file = sample("zip.pt")
    cut = file[: len(file) // 2]
    found = examined(cut)
    assert (found.format, found.problems) == (
        "pytorch",
        (
            Problem(
                kind=ProblemKind.TRUNCATED,
                at=len(cut),
                detail="no directory at the end of the archive",
            ),
        ),
    )
