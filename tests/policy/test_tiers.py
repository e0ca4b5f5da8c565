"""Documents of several tiers together."""

import pytest

from loading import of_tier, refused
from ringfence.core.decisions import Mode, Place, Section
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import read
from ringfence.policy.rule import Tier

SYSTEM = of_tier(
    """
    version: 1
    serial: 3
    mode: warn
    models:
      mode: observe
      rules: [{id: no-pickles, match: {format: pickle}, then: deny}]
    """,
    Tier.SYSTEM,
    "system.yaml",
)
USER = of_tier(
    """
    version: 1
    models: {mode: enforce, rules: [{then: ask}]}
    data: {mode: observe}
    retention: {never_collected: [keystrokes]}
    """,
    Tier.USER,
    "user.yaml",
)
TREE = of_tier("version: 1\nmodels: {rules: [{then: deny}]}\n", Tier.WORKING_TREE, "tree.yaml")


def test_the_strictest_mode_that_a_tier_names_holds_with_its_place() -> None:
    document = read([USER, SYSTEM])
    assert document.joined.modes == {
        Section.MODELS: (Mode.ENFORCE, Place(file="user.yaml", line=2)),
        **{
            section: (Mode.WARN, Place(file="system.yaml", line=3))
            for section in Section
            if section is not Section.MODELS
        },
    }


def test_what_nobody_names_observes_and_has_no_place() -> None:
    modes = read([of_tier("version: 1\nmodels: {mode: warn}\n")]).joined.modes
    assert modes[Section.DATA] == (Mode.OBSERVE, None)


def test_each_file_is_told_with_its_tier_digest_and_what_it_contributed() -> None:
    document = read([TREE, USER, SYSTEM])
    told = [
        (
            each.tier,
            each.name,
            each.serial,
            dict(each.rules),
            each.values,
            each.size_bytes,
            len(each.digest),
            len(each.modes),
        )
        for each in document.files
    ]
    models = {Section.MODELS: 1}
    assert told == [
        (Tier.SYSTEM, "system.yaml", 3, models, (), len(SYSTEM.data), 64, 8),
        (Tier.USER, "user.yaml", None, models, ("never_collected",), len(USER.data), 64, 2),
        (Tier.WORKING_TREE, "tree.yaml", None, models, (), len(TREE.data), 64, 0),
    ]
    assert document.tree is not None
    assert [rule.id for rule in document.tree.rules] == ["models:2/2"]
    assert document.tree.modes == {}


def test_without_system_and_user_the_starter_holds() -> None:
    for files in ([], [TREE]):
        document = read(files)
        assert document.files[0].tier is Tier.BUILT_IN
        assert {mode for mode, _ in document.joined.modes.values()} == {Mode.OBSERVE}
    assert read([USER]).files[0].tier is Tier.USER


def test_the_digest_is_over_tiers_and_bytes_and_not_over_names_or_the_order_given() -> None:
    def digest(*files: PolicyFile) -> str:
        return read(files).digest

    renamed = PolicyFile(tier=USER.tier, name="elsewhere", data=USER.data)
    moved = PolicyFile(tier=Tier.SYSTEM, name=USER.name, data=USER.data)
    assert digest(SYSTEM, USER) == digest(USER, SYSTEM) == digest(SYSTEM, renamed)
    assert len({digest(SYSTEM, USER), digest(SYSTEM), digest(USER), digest(moved)}) == 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("exceptions: []", "2:1: a working tree's document has no `exceptions`"),
        ("retention: {}", "2:1: a working tree's document has no `retention`"),
        ("operators: {}", "2:1: a working tree's document has no `operators`"),
        ("serial: 1", "2:1: a working tree's document has no `serial`"),
        (
            "agents: {profiles: {c: {credentials: []}}}",
            "2:25: a working tree's document has no `credentials`",
        ),
    ],
)
def test_a_working_tree_may_not_say_what_would_give_it_something(text: str, place: str) -> None:
    file = of_tier(f"version: 1\n{text}\n", Tier.WORKING_TREE)
    ((what, hint),) = refused(file)
    assert what == f"p.yaml:{place}"
    assert hint.startswith("a working tree only restricts")
    read([of_tier(f"version: 1\n{text}\n", Tier.USER)])


def test_below_a_system_that_says_who_approves_nobody_makes_an_operator_of_themselves() -> None:
    system = of_tier("version: 1\noperators: {mode: enforce}\n", name="system.yaml")
    user = of_tier(
        """
        version: 1
        operators:
          approve: [{who: me, what: "*"}]
          break_glass: {who: me, lasts: 1h}
          four_eyes: "*"
          rules: [{then: allow}, {then: deny}]
        """,
        Tier.USER,
        "user.yaml",
    )
    assert [what for what, _ in refused(system, user)] == [
        f"user.yaml:{place}: the system's document says who approves" for place in ("3:3", "4:3", "6:12")
    ]
    assert read([USER, user, of_tier("version: 1\n", name="system.yaml")]).operators.break_glass


def test_an_id_stands_once_in_all_files() -> None:
    other = of_tier("version: 1\nmodels: {rules: [{id: no-pickles, then: deny}]}\n", Tier.USER, "u.yaml")
    assert refused(SYSTEM, other) == [
        (
            "u.yaml:2:19: the id `no-pickles` is taken, by system.yaml:6",
            "ids are unique in all files; choose another",
        )
    ]


def exception(rule: str, **changed: str) -> str:
    said = {
        "id": "e1",
        "rule": rule,
        "asked_by": "carol",
        "reviewed_by": "dave",
        "why": "w",
        "until": "2027-01-01",
    } | changed
    return "version: 1\nexceptions: [{" + ", ".join(f"{key}: {said[key]}" for key in said) + "}]\n"


def test_an_exception_opens_no_rule_of_another_tier() -> None:
    file = of_tier(exception("no-pickles"), Tier.USER, "u.yaml")
    ((what, _),) = refused(SYSTEM, file)
    assert what == "u.yaml:2:23: there is no rule `no-pickles` in a file of this tier"


def test_an_exception_may_be_of_a_rule_on_trust() -> None:
    trusting = "version: 1\nagents: {trust: {rules: [{id: planned, require: {planned: true}, else: deny}]}}\n"
    text = trusting + exception("planned", match="{tool: search}").partition("\n")[2]
    (exemption,) = read([of_tier(text)]).joined.exemptions
    assert exemption.rule == "planned"


def test_an_exception_is_reviewed_by_somebody_else_and_names_facts_that_its_rule_knows() -> None:
    text = exception("no-pickles", reviewed_by="carol", match="{hosst: x}")
    assert [what for what, _ in refused(SYSTEM, of_tier(text, name="q.yaml"))] == [
        "q.yaml:2:113: unknown key `hosst`"
    ]
    text = exception("no-pickels", reviewed_by="carol")
    assert refused(SYSTEM, of_tier(text, name="q.yaml")) == [
        ("q.yaml:2:23: there is no rule `no-pickels` in a file of this tier", "did you mean `no-pickles`?"),
        ("q.yaml:2:58: asked for and reviewed by the same person", "let somebody else review it"),
    ]
    text = exception("no-pickles", match="{host: x}")
    assert [what for what, _ in refused(SYSTEM, of_tier(text, name="q.yaml"))] == [
        "q.yaml:2:112: no action of the rule has the fact `host`"
    ]
