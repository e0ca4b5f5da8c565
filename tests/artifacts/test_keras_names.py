import pytest

from ringfence.artifacts.keras_names import Referred, referred, tensorflow_danger


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [
        ("keras.layers", "Dense", Referred.KERAS),
        ("keras.layers", "YetToCome", Referred.KERAS),
        ("keras.src.models.functional", "Functional", Referred.KERAS),
        ("tensorflow.keras.layers", "Dense", Referred.KERAS),
        ("", "LSTM", Referred.KERAS),
        ("", "Custom>Adam", Referred.KERAS),
        ("", "Acme", Referred.CUSTOM),
        ("", "acme>Own", Referred.CUSTOM),
        ("acme.layers", "Own", Referred.CUSTOM),
        ("", "Addons>GELU", Referred.LIBRARY),
        ("keras_hub.src.models.bert", "Bert", Referred.LIBRARY),
        ("builtins", "dict", Referred.KERAS),
        ("builtins", "eval", Referred.DANGEROUS),
        ("keras.utils", "get_file", Referred.DANGEROUS),
        ("os", "system", Referred.DANGEROUS),
        ("os", "path.join", Referred.DANGEROUS),
        ("difflib", "SequenceMatcher", Referred.FOREIGN),
        ("keras.layers", "Dense.from_config", Referred.FOREIGN),
    ],
)
def test_what_a_class_is(module: str, name: str, kind: Referred) -> None:
    assert referred(module, name, function=False)[0] is kind


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [
        ("builtins", "relu", Referred.KERAS),
        ("keras.activations", "gelu", Referred.KERAS),
        ("keras.ops", "mean", Referred.KERAS),
        ("builtins", "acme>loss", Referred.CUSTOM),
        ("acme", "loss", Referred.CUSTOM),
        ("keras.utils", "pack", Referred.FOREIGN),
        ("numpy", "fromfile", Referred.DANGEROUS),
        ("pandas", "read_anything", Referred.FOREIGN),
    ],
)
def test_what_a_function_is(module: str, name: str, kind: Referred) -> None:
    assert referred(module, name, function=True)[0] is kind


def test_what_functions_of_tensorflow_do() -> None:
    assert tensorflow_danger("io.read_file") == "reads a file"
    assert tensorflow_danger("math.reduce_mean") is None
