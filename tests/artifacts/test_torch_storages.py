from ringfence.artifacts.pickle_walk import Pickle
from ringfence.artifacts.torch_storages import facts
from ringfence.core.facts import Fact, FactName


def test_storages_add_up_by_dtype_most_elements_first() -> None:
    storages = {
        "0": ("torch.HalfStorage", 10),
        "1": ("torch.BFloat16Storage", 100),
        "2": ("torch.HalfStorage", 1),
        "3": ("acme.OddStorage", 5),
        "4": ("torch.FloatStorage", -7),
    }
    assert list(facts(Pickle(imports={"os.system": None}, storages=storages))) == [
        Fact(name=FactName.IMPORTS, value=("os.system",)),
        Fact(name=FactName.TENSORS, value=5),
        Fact(name=FactName.PARAMETERS, value=116),
        Fact(name=FactName.DTYPES, value=("BF16", "F16", "Odd", "F32")),
    ]


def test_a_pickle_without_tensors_says_nothing() -> None:
    assert list(facts(Pickle())) == []
