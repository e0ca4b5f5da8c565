"""One value for every kind that conditions tell apart."""

from itertools import chain, combinations

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import HostConnect, ToolCall
from ringfence.policy.kinds import action_with, kinds, part_of, said
from ringfence.policy.rule import AtLeast, Before, Condition, From, Like, Test, Unlike

TYPES = {each.name: each for each in ACTION_TYPES}


def asked(field: str, *tests: Test) -> list[tuple[Condition, bool]]:
    """Each once where something is allowed and once where it is not."""
    conditions = [Condition(field=field, test=each) for each in tests]
    return [(each, allows) for each in conditions for allows in (True, False)]


def of(field: str, of_type: str, *tests: Test) -> tuple[object, ...]:
    found = kinds(part_of(field), asked(field, *tests), TYPES[of_type])
    assert found.complete
    return found.values


def test_of_texts_there_is_one_for_every_set_of_patterns_that_one_fits() -> None:
    found = of("host", "host.connect", Like(("*.example.com",)), Unlike(("a.*.com",)))
    assert len(found) == 4
    assert set(found) == {"y.example.com", "a.example.com", "a.y.com", "y"}


def test_numbers_change_at_their_thresholds() -> None:
    assert of("port", "host.connect", AtLeast(1024), Like(("443",))) == (442, 443, 1024)


def test_words_are_all_told_apart_and_so_is_the_unknown() -> None:
    found = of("exposure", "listener.serve", Like(("network",)))
    assert [None if each is None else str(each) for each in found] == ["loopback", "network", None]


def test_versions_lie_before_at_and_behind_each_that_is_named() -> None:
    found = of("version", "runtime.run", Before("0.7.0"), From("0.5"))
    conditions = asked("version", Before("0.7.0"), From("0.5"))
    answers = {
        said(conditions, action_with({"version": each}, TYPES["runtime.run"]), TYPES["runtime.run"])
        for each in found
    }
    assert {(each[0], each[2]) for each in answers} == {
        (True, True),
        (True, False),
        (False, True),
        (None, None),
    }


def test_a_license_is_put_together_until_nothing_new_comes_of_it() -> None:
    """Every expression of three licenses is of a kind that was found."""
    tests = Like(("mit",)), Unlike(("gpl*",)), Like(("llama*", "gpl-2.0"))
    conditions, type_ = asked("license", *tests), TYPES["model.use"]

    def kind(expression: object) -> object:
        return said(conditions, action_with({"license": expression}, type_), type_)

    known = {kind(each) for each in of("license", "model.use", *tests)}
    names = ["MIT", "GPL-2.0", "GPL-3.0-only", "Llama3", "Zlib"]
    ands = [" AND ".join(each) for count in (1, 2) for each in combinations(names, count)]
    both = [f"({one}) OR ({other})" for one in ands for other in ands]
    mixed = [f"({one} OR {other}) AND {third}" for one in names for other in names for third in names]
    assert {kind(each) for each in chain(ands, both, mixed)} <= known


def test_lists_are_put_together_too() -> None:
    """Every list of four texts is of a kind that was found."""
    tests = Like(("gguf",)), Unlike(("p*",)), Like(("pickle", "gguf"))
    conditions, type_ = asked("formats", *tests), TYPES["model.use"]

    def kind(formats: object) -> object:
        return said(conditions, action_with({"formats": formats}, type_), type_)

    known = {kind(each) for each in of("formats", "model.use", *tests)}
    texts = ["gguf", "pickle", "pytorch", "other"]
    lists = [each for count in range(5) for each in combinations(texts, count)]
    assert {kind(each) for each in lists} == known


def test_a_tools_arguments_of_one_name_are_one_part() -> None:
    assert [
        part_of(each) for each in ("arguments.to", "arguments.options.limit", "context.integrity", "port")
    ] == [
        "arguments.to",
        "arguments.options",
        "context",
        "port",
    ]
    found = of("arguments.to", "tool.call", Like(("*@example.com",)))
    texts = [sorted(argument.text for argument in each) for each in found if isinstance(each, tuple)]
    assert texts == [[], ["@"], ["@example.com"], ["@", "@example.com"]]


def test_what_an_action_always_has_is_there() -> None:
    assert isinstance(action_with({}, TYPES["tool.call"]), ToolCall)
    assert action_with({"port": 5}, TYPES["host.connect"]) == HostConnect(host="host.invalid", port=5)


def test_what_is_too_much_is_said() -> None:
    many = [Like((f"a{number}*",)) for number in range(9)]
    assert not kinds("license", asked("license", *many), TYPES["model.use"]).complete
