"""What pickles may name, held against the lists as they are shipped."""

import json
import pickle
import sys
import zoneinfo
from pathlib import Path

import pytest

from ringfence.artifacts.pickles import policy
from ringfence.artifacts.pickles.judge import judge
from ringfence.artifacts.pickles.policy import Kind, kind_of, library_of
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Severity

FOLDER = Path(policy.__file__).parent / "allowlist"
LIBRARIES = {
    path.stem.removeprefix("library-"): json.loads(path.read_text()) for path in FOLDER.glob("library-*")
}
DATA = json.loads((FOLDER / "data.json").read_text())["names"]
DANGERS = json.loads((FOLDER / "dangers.json").read_text())
PARTS = ("names", "restored", "runs_text")
# Besides modules of the same name, these are the library's own.
ALSO_OF = {"catboost": ("_catboost",), "sklearn": ("_loss",)}
DATA_OF_THE_STANDARD_LIBRARY = {
    *(
        "_codecs",
        "_operator",
        "_pydecimal",
        "argparse",
        "array",
        "builtins",
        "codecs",
        "collections",
        "copyreg",
    ),
    *(
        "datetime",
        "decimal",
        "fractions",
        "functools",
        "http",
        "ipaddress",
        "operator",
        "pathlib",
        "random",
        "re",
    ),
    *("statistics", "time", "types", "uuid", "zoneinfo"),
}


def listed() -> list[tuple[str, str, str]]:
    every = [("data", module, name) for module, names in DATA.items() for name in names]
    for library, whole in LIBRARIES.items():
        for part in PARTS:
            for module, names in whole.get(part, {}).items():
                every += [(library, module, name) for name in names]
    return every


def spotted(data: bytes) -> list[tuple[str, Severity]]:
    found = [each for each in judge(Reader.of_bytes(data)) if isinstance(each, Spotted)]
    return [(each.check, each.severity) for each in found if each.severity != Severity.INFO]


def test_nothing_is_listed_and_a_danger_by_the_same_name() -> None:
    assert [path for _, *path in listed() if ".".join(path) in DANGERS["names"]] == []


def test_nothing_listed_has_a_name_that_is_a_danger_anywhere() -> None:
    assert [path for _, *path in listed() if path[1].rpartition(".")[2] in DANGERS["anywhere"]] == []


def test_of_the_standard_library_only_modules_of_data_are_listed() -> None:
    roots = {module.partition(".")[0] for _, module, _ in listed()}
    assert roots & sys.stdlib_module_names == DATA_OF_THE_STANDARD_LIBRARY


def test_of_the_modules_that_are_dangers_only_a_few_names_are_listed_all_data() -> None:
    within = {
        f"{module}.{name}"
        for _, module, name in listed()
        if any(module == danger or module.startswith(f"{danger}.") for danger in DANGERS["modules"])
    }
    assert within == {
        *("http.HTTPStatus", "http.HTTPMethod", "types.NoneType", "types.SimpleNamespace"),
        *(f"torch.jit._pickle.{name}" for name in DATA["torch.jit._pickle"]),
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "torch._dynamo.decorators._DimRange",
        "torch.distributed.checkpoint.filesystem._StorageInfo",
        *(
            f"torch.distributed.checkpoint.metadata.{name}"
            for name in LIBRARIES["torch"]["names"]["torch.distributed.checkpoint.metadata"]
        ),
    }


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_list_says_what_it_was_made_from_and_holds_nothing_of_others(library: str) -> None:
    whole = LIBRARIES[library]
    assert (whole["library"], whole["made_by"]) == (library, "scripts/allowlist.py")
    assert whole["versions"] and all(each[0].isdigit() for each in whole["versions"])
    roots = {module.partition(".")[0] for part in PARTS for module in whole.get(part, {})}
    assert roots <= {library, *ALSO_OF.get(library, ())}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_name_stands_in_one_part_of_a_list_only(library: str) -> None:
    parts = [
        {(module, name) for module, names in LIBRARIES[library].get(part, {}).items() for name in names}
        for part in PARTS
    ]
    assert sum(map(len, parts)) == len(set().union(*parts))


@pytest.mark.parametrize(
    "path",
    [
        "numpy.testing._private.utils.runstring",
        "numpy.load",
        "numpy.core._ufunc_reconstruct",
        "torch.hub.load",
        "torch.load",
        "torch.jit._serialization.load",
        "torch.package.package_importer.PackageImporter",
        "sklearn.datasets._openml.fetch_openml",
        "pandas.io.pickle.read_pickle",
        "pandas.read_csv",
        "pandas.core.frame.DataFrame.eval",
        "xgboost.tracker.RabitTracker",
        "lightgbm.dask.DaskLGBMClassifier",
        "transformers.utils.hub.cached_file",
        "transformers.dynamic_module_utils.get_class_from_dynamic_module",
        "scipy.io._mio.loadmat",
        "statsmodels.iolib.smpickle.load_pickle",
        "patsy.eval.EvalEnvironment",
        "builtins.getattr",
        "builtins.eval",
        "dill._dill._eval_repr",
        "cloudpickle.loads",
    ],
)
def test_dangers_within_libraries_are_called_so(path: str) -> None:
    module, _, name = path.rpartition(".")
    if module.endswith("DataFrame"):
        module, name = module.removesuffix(".DataFrame"), f"DataFrame.{name}"
    assert (kind_of(module, name), library_of(module, name)) == (Kind.DANGEROUS, None)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("lightgbm.basic", "Dataset"),  # reads the file that it is given
        ("xgboost.core", "DMatrix"),
        ("catboost.core", "Pool"),
        ("torch.utils.data.dataloader", "DataLoader"),
        ("torch.jit._script", "ScriptModule"),
        ("transformers.models.auto.auto_factory", "_LazyAutoMapping"),
        ("numpy", "memmap"),
        ("numpy.ma.extras", "_fromnxfunction_single"),  # calls what a text names
        ("torch.nn.cpp", "OrderedDictWrapper"),
        ("pandas.core.apply", "FrameApply"),
        # they load the code that their configuration names, or what it names is loaded
        ("transformers.modeling_layers", "GenericForSequenceClassification"),
        ("transformers.models.detr.modeling_detr", "DetrConvEncoder"),
        (
            "transformers.models.vision_encoder_decoder.modeling_vision_encoder_decoder",
            "VisionEncoderDecoderModel",
        ),
        ("sentence_transformers.SentenceTransformer", "SentenceTransformer"),
        ("sentence_transformers.models.Transformer", "Transformer"),
        ("peft.peft_model", "PeftModel"),
    ],
)
def test_what_reads_files_or_imports_by_its_arguments_is_on_no_list(module: str, name: str) -> None:
    assert kind_of(module, name) not in (Kind.DATA, Kind.LIBRARY)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.tree._tree", "Tree"),
        ("sklearn.tree.tree", "DecisionTreeClassifier"),  # until 0.21
        ("sklearn.utils", "Bunch"),  # until 1.2
        ("sklearn.utils._bunch", "Bunch"),
        ("sklearn._loss._loss", "__pyx_unpickle_CyHalfBinomialLoss"),
        ("sklearn.metrics._classification", "f1_score"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.numeric", "Int64Index"),  # until 1.5
        ("scipy.sparse.csr", "csr_matrix"),  # until 1.7
        ("scipy.sparse._csr", "csr_matrix"),
        ("numpy.core._multiarray_umath", "log1p"),
        ("numpy", "log1p"),
        ("torch.nn.modules.linear", "Linear"),
        ("torch.nn.functional", "gelu"),
        ("xgboost.sklearn", "XGBClassifier"),
        ("lightgbm.basic", "Booster"),
        ("catboost.core", "CatBoostClassifier"),
        ("transformers.training_args", "TrainingArguments"),
        ("transformers.models.bert.modeling_bert", "BertModel"),
        ("transformers.models.bert.modeling_bert", "BertSdpaSelfAttention"),  # in 4
        ("transformers.modeling_rope_utils", "_compute_default_rope_parameters"),
        ("peft.tuners.lora.config", "LoraConfig"),
        ("statsmodels.regression.linear_model", "OLS"),
    ],
)
def test_what_everyday_files_name_is_listed_where_their_versions_had_it(module: str, name: str) -> None:
    assert kind_of(module, name) is Kind.LIBRARY


@pytest.mark.parametrize(
    ("of", "attribute", "expected"),
    [
        (b"numpy.random._pickle\n__generator_ctor", b"normal", []),
        (b"numpy.random._pickle\n__generator_ctor", b"tofile", [("pickle-unknown-call", Severity.HIGH)]),
        (b"scipy.stats._continuous_distns\nnorm_gen", b"_entropy", []),
        (b"sklearn.svm._classes\nSVC", b"predict", [("pickle-keeps-method", Severity.LOW)]),
        (b"sklearn.svm._classes\nSVC", b"__class__", [("pickle-dangerous-call", Severity.CRITICAL)]),
    ],
)
def test_a_method_of_a_librarys_object_may_be_kept_when_it_only_computes(
    of: bytes, attribute: bytes, expected: list[tuple[str, Severity]]
) -> None:
    name = b"\x8c" + bytes([len(attribute)]) + attribute
    assert spotted(b"\x80\x04cbuiltins\ngetattr\nc" + of + b"\n)R" + name + b"\x86R.") == expected


@pytest.mark.parametrize("module", [b"torch", b"sklearn.externals.array_api_compat", b"__main__"])
def test_torchs_memory_formats_are_data_wherever_pickles_found_them(module: bytes) -> None:
    text = b"\x8c" + bytes([len(module)]) + module
    assert spotted(b"\x80\x04" + text + b"\x8c\x17torch.contiguous_format\x93.") == []


def test_code_of_the_pickles_own_is_suspicious_and_said_to_be_that() -> None:
    made = b"\x80\x04ccloudpickle.cloudpickle\n_make_function\n(K\x01tR."
    assert spotted(made) == [("pickle-contains-code", Severity.HIGH)]


def test_types_that_dill_and_cloudpickle_find_by_name_are_no_code() -> None:
    assert spotted(b"\x80\x04cdill._dill\n_load_type\n\x8c\x03int\x85R.") == []
    by_name = b"\x80\x04ccloudpickle.cloudpickle\n_builtin_type\n"
    assert spotted(by_name + b"\x8c\x0fSimpleNamespace\x85R)R.") == []
    assert spotted(by_name + b"\x8c\x08CodeType\x85R.") == [("pickle-contains-code", Severity.HIGH)]


@pytest.mark.parametrize(("word", "severity"), [("system", Severity.CRITICAL), ("predict", Severity.HIGH)])
def test_code_that_names_what_runs_commands_is_worse(word: str, severity: Severity) -> None:
    names = b"(" + b"\x8c\x01a" * 9 + b"\x8c" + bytes([len(word)]) + word.encode() + b"t"
    code = b"(K\x01K\x00K\x00K\x01K\x02KCC\x02ab)" + names + b"tR."
    by_dill = spotted(b"\x80\x04cdill._dill\n_create_code\n" + code)
    by_name = b"\x80\x04ccloudpickle.cloudpickle\n_builtin_type\n\x8c\x08CodeType\x85R"
    assert by_dill == [("pickle-contains-code", severity)]
    assert ("pickle-contains-code", severity) in spotted(by_name + code)


def test_a_booster_is_restored_without_arguments_and_reads_a_file_with_them() -> None:
    assert spotted(b"\x80\x04clightgbm.basic\nBooster\n)\x81.") == []
    with_file = b"\x80\x04clightgbm.basic\nBooster\n(NN\x8c\x05a.txttR."
    assert spotted(with_file) == [("pickle-odd-arguments", Severity.HIGH)]


def test_a_whole_model_is_restored_and_never_made_of_a_configuration() -> None:
    """That names code of attention, which models fetch from a hub while they are made."""
    model = b"\x80\x04ctransformers.models.bert.modeling_bert\nBertModel\n"
    settings = b"ctransformers.models.bert.configuration_bert\nBertConfig\n)\x81}\x8c\x14_attn_implementation"
    assert spotted(model + b")\x81.") == []
    with_code = model + settings + b"\x8c\x08acme/runsb\x85R."
    assert spotted(with_code) == [("pickle-odd-arguments", Severity.HIGH)]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (b"cfunctools\npartial\ncnumpy\nlog1p\n\x85R.", []),
        (
            b"cfunctools\npartial\ncmyapp\nrun\n\x85R.",
            [("pickle-unknown-call", Severity.HIGH)],
        ),
        (
            b"cfunctools\npartial\nctorch.storage\n_load_from_bytes\n\x85R.",
            [("pickle-nested-loader", Severity.HIGH)],
        ),
        (b"cbuiltins\ntype\nN\x85R.", []),
        (b"cbuiltins\ntype\ncnumpy\nlog1p\n\x85R.", [("pickle-odd-arguments", Severity.HIGH)]),
    ],
)
def test_what_calls_what_it_is_given_may_be_given_what_is_listed(
    call: bytes, expected: list[tuple[str, Severity]]
) -> None:
    assert spotted(b"\x80\x04" + call) == expected


def test_a_partial_function_may_not_get_another_function_by_its_state() -> None:
    made = b"\x80\x04cfunctools\npartial\ncnumpy\nexp\n\x85R(cnumpy\nlog\n)}Ntb."
    assert spotted(made) == [("pickle-anomaly", Severity.HIGH)]


def test_protocol_2_makes_objects_by_a_partial_new() -> None:
    cls = b"cscipy.stats._stats_py\nKstestResult\n"
    new = b"cfunctools\npartial\ncbuiltins\ngetattr\n" + cls + b"X\x07\x00\x00\x00__new__\x86R"
    assert spotted(b"\x80\x02" + new + b"q\x00\x85R(h\x00" + cls + b"\x85}NtbN0)R.") == []


def test_time_zones_are_data_in_every_protocol() -> None:
    zone = zoneinfo.ZoneInfo("UTC")
    assert [spotted(pickle.dumps(zone, protocol=protocol)) for protocol in range(6)] == [[]] * 6


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        (b"numpy.core._multiarray_umath", b"log1p", []),
        (b"os", b"system", [("pickle-dangerous-call", Severity.CRITICAL)]),
    ],
)
def test_numpys_functions_are_found_by_name_only_where_they_are_listed(
    module: bytes, name: bytes, expected: list[tuple[str, Severity]]
) -> None:
    texts = b"".join(b"\x8c" + bytes([len(each)]) + each for each in (module, name))
    assert spotted(b"\x80\x04cnumpy.core\n_ufunc_reconstruct\n" + texts + b"\x86R.") == expected


@pytest.mark.parametrize(
    ("of", "attribute", "expected"),
    [
        (b"transformers.trainer_utils\nIntervalStrategy", b"NO", []),
        (
            b"myapp\nColour",
            b"RED",
            [("pickle-unknown-import", Severity.LOW), ("pickle-unknown-class", Severity.LOW)],
        ),
        (b"pandas\nDataFrame", b"eval", [("pickle-dangerous-call", Severity.CRITICAL)]),
        (b"pandas\nDataFrame", b"__init__", [("pickle-dangerous-call", Severity.CRITICAL)]),
        (b"pandas\nDataFrame", b"to_csv", [("pickle-unknown-call", Severity.HIGH)]),
    ],
)
def test_getattr_is_judged_by_what_it_reaches(
    of: bytes, attribute: bytes, expected: list[tuple[str, Severity]]
) -> None:
    data = b"\x80\x04cbuiltins\ngetattr\nc" + of + b"\n\x8c" + bytes([len(attribute)]) + attribute + b"\x86R."
    assert spotted(data) == expected
