"""What documents say of an agent's box: read, refused, and put together over tiers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loading import loaded, of_tier, refused
from ringfence.core.decisions import Place
from ringfence.policy.load import read
from ringfence.policy.rule import Tier
from ringfence.policy.sandboxing import Sandboxing, sandboxing
from ringfence.policy.values import Bound, Handed, Published, Sandbox, Switch

EVERYTHING = """
version: 1
agents:
  profiles:
    claude:
      sandbox:
        memory: 4 GB
        processes: 500
        open_files: 1000
        file_size: 10 MiB
        cpu: 10m
        wall: 8h
        debug: true
        environment: [MY_*,
          TOKEN]
        home: kept
        publish: [3000,
          {port: 8000, at: 18000}]
        starts: unrecorded
"""


def at(line: int, file: str = "p.yaml") -> Place:
    return Place(file=file, line=line)


def profile(text: str) -> str:
    return f"version: 1\nagents: {{profiles: {{claude: {{sandbox: {{{text}}}}}}}}}\n"


def together(**tiers: str) -> Sandboxing:
    files = [of_tier(profile(text), Tier[name.upper()], f"{name}.yaml") for name, text in tiers.items()]
    return sandboxing(read(files), "claude")


def test_every_key_is_read_with_its_line() -> None:
    (found,) = loaded(EVERYTHING).profiles
    assert found.sandbox == Sandbox(
        memory_bytes=Bound(amount=4_000_000_000, at=at(6)),
        processes=Bound(amount=500, at=at(7)),
        open_files=Bound(amount=1000, at=at(8)),
        file_bytes=Bound(amount=10 * 1024 * 1024, at=at(9)),
        cpu_s=Bound(amount=600, at=at(10)),
        wall_s=Bound(amount=28_800, at=at(11)),
        debug=Switch(is_on=True, at=at(12)),
        environment=(Handed(names="MY_*", at=at(13)), Handed(names="TOKEN", at=at(14))),
        keeps_home=Switch(is_on=True, at=at(15)),
        publish=(
            Published(port=3000, host_port=3000, at=at(16)),
            Published(port=8000, host_port=18000, at=at(17)),
        ),
        hides_starts=Switch(is_on=True, at=at(18)),
    )


def test_a_document_tells_that_it_speaks_of_boxes() -> None:
    assert loaded(EVERYTHING).files[0].values == ("profiles", "sandbox")
    assert loaded("version: 1\nagents: {profiles: {claude: {owner: x}}}\n").files[0].values == ("profiles",)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("memroy: 4 GB", "unknown key `memroy`", "did you mean `memory`?"),
        ("memory: much", "expected a size such as 10 GB or 512 MiB, found `much`", None),
        ("processes: 0", "`processes` is 0", "nothing runs with that; write more, or leave it out"),
        ("debug: yes", "expected true or false, found `yes`", None),
        ("home: keep", "`keep` is none of the words here", "did you mean `kept`?"),
        ('environment: ["{A}"]', "`{` means nothing in a pattern", None),
        ("wall: -1", "expected a time such as 30m, 8h or 7d, found `-1`", None),
    ],
)
def test_what_is_none_of_the_language_is_refused(text: str, what: str, hint: str | None) -> None:
    ((said, hinted),) = refused(profile(text))
    assert what in said
    assert hint is None or hinted == hint


def closed(system: str, user: str) -> Sandboxing:
    """Under a system's document that enforces what agents may do."""
    enforcing = f"version: 1\nagents: {{mode: enforce, profiles: {{claude: {{sandbox: {{{system}}}}}}}}}\n"
    files = [of_tier(enforcing, name="system.yaml"), of_tier(profile(user), Tier.USER, "user.yaml")]
    return sandboxing(read(files), "claude")


def test_where_the_system_enforces_a_user_lets_nothing_be_traced() -> None:
    assert closed("", "debug: true").said.debug is None
    said = closed("debug: true", "debug: false").said.debug
    assert said is not None
    assert not said.is_on


def test_where_the_system_enforces_a_user_hands_no_variable_in_and_may_keep_one_out() -> None:
    assert closed("", "environment: [TOKEN]").handed("TOKEN") is None
    narrowed = closed("environment: [A_*]", "environment: [A_X, B]")
    assert narrowed.handed("A_X") is not None
    assert (narrowed.handed("A_Y"), narrowed.handed("B")) == (None, None)


def test_where_the_system_enforces_a_users_bounds_still_bound() -> None:
    assert closed("processes: 9", "processes: 5").bounds["processes"].amount == 5
    assert closed("processes: 9", "processes: 99").bounds["processes"].amount == 9


def test_a_working_tree_lets_nothing_be_traced() -> None:
    ((said, hint),) = refused(of_tier(profile("debug: true"), Tier.WORKING_TREE))
    assert "a working tree's document does not let anything be traced" in said
    assert "only restricts" in hint


def test_a_working_tree_lets_no_home_be_kept_and_may_say_that_none_is() -> None:
    ((said, hint),) = refused(of_tier(profile("home: kept"), Tier.WORKING_TREE))
    assert "a working tree's document lets no home be kept" in said
    assert "only restricts" in hint
    assert together(user="home: kept", working_tree="home: new").said.keeps_home == Switch(
        is_on=False, at=at(2, "working_tree.yaml")
    )


def test_a_home_is_kept_where_an_upper_document_says_so_and_nobody_otherwise() -> None:
    assert together(user="wall: 1m").said.keeps_home is None
    assert together(user="home: kept").said.keeps_home == Switch(is_on=True, at=at(2, "user.yaml"))
    both = together(system="home: new", user="home: kept").said.keeps_home
    assert both == Switch(is_on=False, at=at(2, "system.yaml"))
    assert closed("", "home: kept").said.keeps_home is None, (
        "below a system's that enforces, users only restrict"
    )


def test_a_working_tree_leaves_no_start_out_of_the_record_and_may_say_that_none_is() -> None:
    ((said, hint),) = refused(of_tier(profile("starts: unrecorded"), Tier.WORKING_TREE))
    assert "a working tree's document leaves nothing out of the record" in said
    assert "only restricts" in hint
    assert together(user="starts: unrecorded", working_tree="starts: recorded").said.hides_starts == Switch(
        is_on=False, at=at(2, "working_tree.yaml")
    )


def test_starts_are_left_out_where_an_upper_document_says_so_and_nobody_otherwise() -> None:
    assert together(user="wall: 1m").said.hides_starts is None
    assert together(user="starts: unrecorded").said.hides_starts == Switch(is_on=True, at=at(2, "user.yaml"))
    both = together(system="starts: recorded", user="starts: unrecorded").said.hides_starts
    assert both == Switch(is_on=False, at=at(2, "system.yaml"))
    assert closed("", "starts: unrecorded").said.hides_starts is None


def test_of_bounds_the_least_holds_whosever_it_is() -> None:
    found = together(
        system="memory: 4 GB, processes: 9", user="memory: 2 GB, processes: 99", working_tree="processes: 999"
    )
    assert found.bounds == {
        "memory_bytes": Bound(amount=2_000_000_000, at=at(2, "user.yaml")),
        "processes": Bound(amount=9, at=at(2, "system.yaml")),
    }
    assert together(working_tree="wall: 1m").bounds == {
        "wall_s": Bound(amount=60, at=at(2, "working_tree.yaml"))
    }


@pytest.mark.parametrize(
    ("tiers", "is_on"),
    [
        ({"user": "debug: true"}, True),
        ({"system": "debug: false", "user": "debug: true"}, False),
        ({"user": "debug: true", "working_tree": "debug: false"}, False),
        ({"user": "wall: 1m"}, None),
    ],
)
def test_tracing_is_let_where_somebody_says_so_and_nobody_otherwise(
    tiers: dict[str, str], is_on: bool | None
) -> None:
    debug = together(**tiers).said.debug
    assert (None if debug is None else debug.is_on) == is_on


def test_variables_are_those_of_the_upper_documents_and_of_every_working_tree_that_names_any() -> None:
    found = together(
        system="environment: [A_*]", user="environment: [B]", working_tree="environment: [A_X, B, C]"
    )
    handed = {name: found.handed(name) for name in ("A_X", "A_Y", "B", "C", "b")}
    assert handed == {
        "A_X": Handed(names="A_*", at=at(2, "system.yaml")),
        "A_Y": None,
        "B": Handed(names="B", at=at(2, "user.yaml")),
        "C": None,
        "b": None,
    }


def test_a_variable_by_its_name_alone_needs_its_name() -> None:
    found = together(user="environment: [A_*, A_TOKEN]")
    assert found.handed("A_TOKEN", by_name=True) == Handed(names="A_TOKEN", at=at(2, "user.yaml"))
    assert found.handed("A_KEY", by_name=True) is None


def test_every_profile_that_fits_the_agent_counts_and_for_a_person_none_does() -> None:
    boxes = "'*': {sandbox: {memory: 3 GB}}, claude: {sandbox: {memory: 4 GB, wall: 1m}}"
    document = loaded(f"version: 1\nagents: {{profiles: {{{boxes}}}}}\n")
    found = {name: sandboxing(document, name).bounds for name in ("claude", "codex", "")}
    assert {
        name: {field: each.amount for field, each in bounds.items()} for name, bounds in found.items()
    } == {
        "claude": {"memory_bytes": 3_000_000_000, "wall_s": 60},
        "codex": {"memory_bytes": 3_000_000_000},
        "": {},
    }


said = st.fixed_dictionaries(
    {},
    optional={
        "memory": st.sampled_from(("1 GB", "2 GB", "3 GB")),
        "wall": st.sampled_from(("1m", "2m")),
        "debug": st.sampled_from(("false",)),
        "home": st.just("new"),
        "starts": st.just("recorded"),
        "environment": st.sampled_from(("[A*]", "[AB]", "[]", "[B, AB]")),
    },
)
above = st.fixed_dictionaries(
    {},
    optional={
        "memory": st.just("2 GB"),
        "debug": st.just("true"),
        "home": st.just("kept"),
        "starts": st.just("unrecorded"),
        "environment": st.just("['*']"),
    },
)


@settings(deadline=None)
@given(above, said)
def test_a_working_tree_never_gives_more(user: dict[str, str], tree: dict[str, str]) -> None:
    texts = [", ".join(f"{key}: {value}" for key, value in each.items()) for each in (user, tree)]
    without, with_tree = together(user=texts[0]), together(user=texts[0], working_tree=texts[1])
    for field, bound in without.bounds.items():
        assert with_tree.bounds[field].amount <= bound.amount
    assert not (with_tree.said.debug and with_tree.said.debug.is_on) or (
        without.said.debug is not None and without.said.debug.is_on
    )
    assert not (with_tree.said.keeps_home and with_tree.said.keeps_home.is_on) or (
        without.said.keeps_home is not None and without.said.keeps_home.is_on
    )
    assert not (with_tree.said.hides_starts and with_tree.said.hides_starts.is_on) or (
        without.said.hides_starts is not None and without.said.hides_starts.is_on
    )
    for name in ("A", "AB", "B", "C"):
        assert with_tree.handed(name) is None or without.handed(name) is not None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("publish: [web]", "expected a number, found `web`"),
        ("publish: [0]", "there is no such port"),
        ("publish: {port: 80, at: 65536}", "there is no such port"),
        ("publish: [{at: 80}]", "the key `port` is missing"),
        ("publish: [3000, {port: 80, at: 3000}]", "port 3000 leads somewhere already"),
        ("publish: [" + ", ".join(map(str, range(1, 66))) + "]", "more than 64 ports"),
    ],
)
def test_what_cannot_be_published_is_refused(text: str, what: str) -> None:
    ((said, _),) = refused(profile(text))
    assert what in said


def test_only_upper_documents_publish_ports_and_the_first_of_them_says_where_one_leads() -> None:
    ((said, hint),) = refused(of_tier(profile("publish: 80"), Tier.WORKING_TREE))
    assert "a working tree's document publishes no ports" in said
    assert "only restricts" in hint
    found = together(system="publish: {port: 1, at: 80}", user="publish: [80, 81]").said.publish
    assert found == (
        Published(port=1, host_port=80, at=at(2, "system.yaml")),
        Published(port=81, host_port=81, at=at(2, "user.yaml")),
    )
    assert closed("publish: 80", "publish: 81").said.publish == (
        Published(port=80, host_port=80, at=at(2, "system.yaml")),
    )
