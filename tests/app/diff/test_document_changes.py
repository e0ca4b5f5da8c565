from ringfence.app.diff.comparison import TextKind
from ringfence.app.diff.documents import decides_much, keys_of, templates_in, value_changes


def test_every_value_stands_under_its_keys_and_plain_lists_are_one_value() -> None:
    document = {"a": {"b": 1, "c": [1, "x"]}, "d": [{"e": None}, [2]], "f": {}, "g": "text"}
    assert keys_of(document) == {
        "a.b": "1",
        "a.c": '[1, "x"]',
        "d[0].e": "null",
        "d[1]": "[2]",
        "f": "{}",
        "g": "text",
    }


def test_a_value_that_is_null_is_not_one_that_is_missing() -> None:
    (change,) = value_changes("c.json", keys_of({"a": None}), keys_of({}))
    assert (change.old, change.new) == ("null", None)


def test_each_of_several_templates_is_compared_by_its_own_key() -> None:
    old = {"chat_template[0].name": "default", "chat_template[0].template": "x"}
    changes = list(templates_in("c.json", old, old | {"chat_template[0].template": "y"}))
    assert [(each.name, each.kind) for each in changes] == [
        ("c.json chat_template[0].template", TextKind.TEMPLATE)
    ]


def test_keys_that_decide_what_runs_are_known_wherever_they_stand() -> None:
    deciding = ("auto_map.AutoModel", "unet._class_name", "architectures", "base_model_name_or_path")
    assert all(map(decides_much, deciding))
    assert not any(map(decides_much, ("hidden_size", "eos_token_id", "torch_dtype")))
