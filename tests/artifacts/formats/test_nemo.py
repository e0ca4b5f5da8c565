import pytest

from archiving import GOOD, PAYLOAD, checks, judged, tar_of
from examining import examined
from ringfence.core.facts import FactName

_CONFIGURATION = ("./model_config.yaml", b"name: tiny\n")


def test_all_facts() -> None:
    found = examined(tar_of(("./weights.ckpt", GOOD), _CONFIGURATION), ".nemo")
    assert found.format == "nemo"
    assert found.facts == {FactName.RUNS_CODE: ("pickle",), FactName.MEMBERS: 2}


def test_a_tar_file_without_the_configuration_at_its_top_is_none() -> None:
    assert judged(tar_of(("weights.ckpt", GOOD), ("a/model_config.yaml", b"name: x\n"))).format == "tar"


@pytest.mark.parametrize("name", ["model_weights.ckpt", "tokenizer.model"])
def test_all_that_is_within_is_judged(name: str) -> None:
    assert checks(tar_of(_CONFIGURATION, (name, PAYLOAD))) == (
        "malicious",
        [f"critical pickle-dangerous-call {name}"],
    )


def test_it_says_nothing_about_what_weights_do() -> None:
    assert judged(tar_of(_CONFIGURATION, ("w.ckpt", GOOD))).judgement.leaves_out == (
        "what the weights make a model do",
    )
