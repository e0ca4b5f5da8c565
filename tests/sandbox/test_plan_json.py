"""Plans as JSON: the same value comes back, and what no plan is never becomes one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.decisions import Place
from ringfence.sandbox.plan import (
    DEGRADABLE,
    Command,
    Identity,
    Limits,
    Mount,
    MountKind,
    Network,
    Plan,
    PublishedPort,
    Why,
)
from ringfence.sandbox.plan_json import BadPlan, command_from_json, command_to_json, from_json, to_json

_NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=8)
_NUMBERS = st.none() | st.integers(0, 2**62)
_WHYS = st.builds(Why, text=_TEXTS, place=st.none() | st.builds(Place, file=_TEXTS, line=st.integers(1, 9)))
_MOUNTS = st.builds(
    Mount,
    target=_PATHS,
    kind=st.sampled_from(MountKind),
    why=_WHYS,
    source=_PATHS,
    content=st.binary(max_size=8),
    size_bytes=_NUMBERS,
    mode=st.integers(0, 0o7777),
    runs=st.booleans(),
    is_user_s=st.booleans(),
)
_PLANS = st.builds(
    Plan,
    session=_TEXTS,
    agent=_TEXTS,
    folder=_PATHS | st.just("/"),
    identity=st.builds(
        Identity,
        name=_TEXTS,
        **dict.fromkeys(
            ("host_uid", "host_gid", "uid", "gid", "owner_uid", "owner_gid"), st.integers(1, 2**31)
        ),
    ),
    mounts=st.lists(_MOUNTS, max_size=4).map(tuple),
    limits=st.builds(Limits, memory_bytes=_NUMBERS, processes=_NUMBERS, wall_s=_NUMBERS),
    limits_why=_WHYS,
    host_name=_TEXTS,
    debug=st.booleans(),
    debug_why=st.none() | _WHYS,
    loopback=st.booleans(),
    network=st.none()
    | st.builds(
        Network,
        ports=st.lists(st.integers(1, 65535), max_size=3).map(tuple),
        own_ports=st.lists(st.integers(1, 65535), max_size=3).map(tuple),
        proxy_port=st.integers(1, 65535),
        catch_all=st.booleans(),
    ),
    published=st.lists(
        st.builds(PublishedPort, port=st.integers(1, 65535), host_port=st.integers(1, 65535), why=_WHYS),
        max_size=3,
    ).map(tuple),
    may_lack=st.frozensets(st.sampled_from(sorted(DEGRADABLE))),
    must_hide=st.lists(_TEXTS, max_size=3).map(tuple),
    must_keep=st.lists(_TEXTS, max_size=3).map(tuple),
)
_COMMANDS = st.builds(
    Command,
    program=_PATHS,
    arguments=st.tuples(_TEXTS.filter(bool), _TEXTS),
    environment=st.lists(st.tuples(_NAMES.filter(lambda n: "=" not in n), _TEXTS), max_size=3).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(plan=_PLANS)
def test_what_was_written_is_read_as_the_same_plan(plan: Plan) -> None:
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan


@settings(deadline=None, max_examples=60)
@given(command=_COMMANDS)
def test_what_was_written_is_read_as_the_same_command(command: Command) -> None:
    assert command_from_json(json.loads(json.dumps(command_to_json(command)))) == command


@pytest.mark.parametrize(
    "changed",
    [
        {"unknown": 1},
        {"program": "relative"},
        {"program": "/a/../b"},
        {"program": None},
        {"arguments": []},
        {"arguments": [""]},
        {"arguments": "true"},
        {"arguments": ["a\0"]},
        {"environment": [["A=", "b"]]},
        {"environment": [["", "b"]]},
        {"environment": [["A"]]},
    ],
    ids=str,
)
def test_what_no_command_is_is_refused(changed: dict[str, Any]) -> None:
    written = {"program": "/bin/true", "arguments": ["true"], "environment": [["A", "b"]]}
    assert command_from_json(written)
    with pytest.raises(BadPlan):
        command_from_json({**written, **changed})
    for name in written:
        with pytest.raises(BadPlan):
            command_from_json({key: value for key, value in written.items() if key != name})


def _plan() -> dict[str, Any]:
    why = Why(text="test")
    written = to_json(
        Plan(
            session="s",
            agent="a",
            folder="/",
            identity=Identity(host_uid=1, host_gid=1, uid=1, gid=1, name="n", owner_uid=0, owner_gid=0),
            mounts=(Mount(target="/usr", kind=MountKind.READ, source="/usr", why=why),),
            limits=Limits(),
            limits_why=why,
        )
    )
    read: dict[str, Any] = json.loads(json.dumps(written))
    return read


def _mount(**changed: object) -> dict[str, Any]:
    return {"mounts": [{**_plan()["mounts"][0], **changed}]}


@pytest.mark.parametrize(
    "changed",
    [
        {"unknown": 1},
        {"session": None},
        {"session": "a\0b"},
        {"debug": 1},
        {"folder": "/a//b"},
        {"identity": {**_plan()["identity"], "host_uid": 0}},
        {"identity": {**_plan()["identity"], "gid": 0}},
        {"identity": {**_plan()["identity"], "uid": True}},
        {"limits": {**_plan()["limits"], "memory_bytes": "much"}},
        {"may_lack": ["a layer"]},
        {"network": {"ports": [0], "proxy_port": 3128, "catch_all": True}},
        {"network": {"ports": [True], "proxy_port": 3128, "catch_all": True}},
        {"network": {"ports": [], "proxy_port": 65536, "catch_all": True}},
        {"network": {"ports": [], "proxy_port": 3128, "catch_all": 1}},
        {"network": {"ports": list(range(1, 66)), "proxy_port": 3128, "catch_all": True}},
        {"network": {"ports": []}},
        {"mounts": [{}]},
        _mount(target="/"),
        _mount(target="usr"),
        _mount(target="/usr/."),
        _mount(source=None),
        _mount(source="/usr/../etc"),
        _mount(kind="magic"),
        _mount(content="?"),
        _mount(kind="symbolic link", source=""),
        _mount(why={"text": "x"}),
    ],
    ids=str,
)
def test_what_no_plan_is_is_refused(changed: dict[str, Any]) -> None:
    assert from_json(_plan())
    with pytest.raises(BadPlan):
        from_json({**_plan(), **changed})


def test_a_field_that_is_missing_is_refused() -> None:
    for name in _plan():
        with pytest.raises(BadPlan):
            from_json({key: value for key, value in _plan().items() if key != name})
