"""Every event becomes canonical JSON and comes back as it was; what has no form is refused."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.decisions import Decision, Effect, Mode, Place, Reason, Section
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.ledger.codec import decode, encode
from ringfence.ledger.errors import EventRefused, LedgerDamaged
from ringfence.ledger.event_types import EVENTS, DecisionMade, EffectDone, EffectFailed, GrantRevoked
from ringfence.ledger.ledger import Unknown
from ringfence.ledger.values import Foreign

# Everything that can be in a name on a disk: characters, and bytes that are none.
_TEXTS = st.binary(max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape")) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=20
)
_FIRST, _LAST = datetime(1700, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - of any zone
_NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
_KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
    lambda key: not key.endswith("_base64")
)
_FACTS = st.dictionaries(
    _KEYS,
    st.recursive(
        st.none() | st.booleans() | _NUMBERS | _TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
        max_leaves=10,
    ),
    max_size=5,
)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([_values(each) for each in arguments])
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(st.text(st.characters(categories=["L"]), max_size=5), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _FACTS
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        return st.builds(hint, **{field.name: _values(field.type) for field in dataclasses.fields(hint)})
    return {
        str: _TEXTS,
        int: _NUMBERS,
        bool: st.booleans(),
        type(None): st.none(),
        datetime: st.datetimes(timezones=st.just(UTC), min_value=_FIRST, max_value=_LAST),
    }[hint]


@pytest.mark.parametrize("made", EVENTS, ids=lambda made: made.TYPE)
def test_every_event_comes_back_as_it_was(made: type[Any]) -> None:
    @settings(max_examples=30)
    @given(_values(made))
    def comes_back(event: Any) -> None:
        assert decode(event.TYPE, encode(event)) == event

    comes_back()


@given(_FACTS)
def test_bodies_are_canonical(facts: dict[str, Any]) -> None:
    body = encode(EffectDone(action_type="a", decision_stream="s", decision_seq=1, result=facts))
    assert body == rfc8785.dumps(json.loads(body))


def test_types_are_called_after_their_files_and_none_twice() -> None:
    for each in EVENTS:
        noun, _, verb = each.TYPE.removesuffix("/1").partition(".")
        assert each.__module__ == f"ringfence.ledger.events.{noun}_{verb}"
    assert len({each.TYPE for each in EVENTS}) == len(EVENTS)


def test_a_decision_is_written_in_the_words_of_core() -> None:
    decision = Decision(
        effect=Effect.DENY,
        mode=Mode.WARN,
        reasons=(
            Reason(
                section=Section.MODELS,
                effect=Effect.DENY,
                mode=Mode.WARN,
                rule="r",
                at=Place(file="ringfence.yaml", line=3),
            ),
        ),
        policy_digest="d",
    )
    assert json.loads(
        encode(DecisionMade(action={"action": "model.use"}, decision=decision, proceeds=True))
    ) == {
        "action": {"action": "model.use"},
        "ask": None,
        "asked_by": None,
        "decision": {
            "controls": [],
            "effect": "deny",
            "mode": "warn",
            "obligations": [],
            "policy_digest": "d",
            "reasons": [
                {
                    "at": {"file": "ringfence.yaml", "line": 3},
                    "effect": "deny",
                    "exception": None,
                    "mode": "warn",
                    "rule": "r",
                    "section": "models",
                    "unknown": [],
                    "why": None,
                }
            ],
        },
        "grant": None,
        "proceeds": True,
    }


def test_foreign_text_is_marked_and_what_is_cut_of_it_is_counted() -> None:
    long = "x" * (LIMITS.event_foreign_chars + 7)
    body = encode(_failed(Foreign(text=long)))
    assert json.loads(body)["problem"] == {"untrusted": long[:-7], "cut": 7}
    assert decode("effect.failed/1", body) == _failed(Foreign(text=long[:-7], cut=7))
    assert encode(_failed(Foreign(text=long[:-7], cut=7))) == body


def test_bytes_that_are_no_utf_8_stand_beside_what_is_shown_of_them() -> None:
    body = encode(_done({"path": "caf\udce9", "names": ["a", "\udcff"], "half": "\ud83d"}))
    assert json.loads(body)["result"] == {
        "half": "\\ud83d",
        "half_base64": "XHVkODNk",
        "names": ["a", "\\xff"],
        "names_base64": [None, "/w=="],
        "path": "caf\\xe9",
        "path_base64": "Y2Fm6Q==",
    }


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        float("nan"),
        1.0,
        b"bytes",
        Secret(b"s3cret"),
        [Secret(b"s3cret")],
        {"a": Secret(b"s3cret")},
        2**53,
        -(2**53),
        ...,
        {1: "a"},
        {"\udcff": 1},
        {"a": "b", "a_base64": "YWJj"},
        datetime(2026, 1, 1),  # noqa: DTZ001
    ],
    ids=repr,
)
def test_what_has_no_form_is_refused_without_being_told(value: object) -> None:
    with pytest.raises(EventRefused) as refused:
        encode(_done({"value": value}))
    assert "s3cret" not in f"{refused.value!r} {refused.value.what} {refused.value.hint}"


def test_too_deep_and_too_much_are_refused() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EventRefused, match="deep"):
        encode(_done({"value": deep}))
    with pytest.raises(EventRefused, match="too large"):
        encode(_done({"value": "x" * LIMITS.event_bytes}))


@pytest.mark.parametrize(
    "body",
    [
        {"grant": "g"},
        {"grant": "g", "operator": 3, "note": None},
        {"grant": "g", "operator": "o", "note": "not marked"},
        {"grant": "g", "operator": "o", "note": None, "more": 1},
        {"grant": "g", "operator": "o", "operator_base64": "%%", "note": None},
        ["grant"],
        None,
    ],
    ids=repr,
)
def test_a_body_that_does_not_fit_its_type_is_read_as_unknown_and_whole(body: Any) -> None:
    assert decode("grant.revoked/1", json.dumps(body).encode()) == Unknown(type="grant.revoked/1", body=body)


def test_a_body_that_is_no_json_is_damage() -> None:
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(LedgerDamaged):
            decode("grant.revoked/1", body)


def test_older_bodies_are_read_in_the_newest_form_and_newer_ones_as_unknown() -> None:
    upcasts = MappingProxyType(
        {
            "grant.ended/1": lambda body: ("grant.ended/2", {"grant": body["id"], "operator": body["by"]}),
            "grant.ended/2": lambda body: ("grant.revoked/1", {**body, "note": None}),
        }
    )
    ended = GrantRevoked(grant="g", operator="o")
    old, newer = b'{"by":"o","id":"g"}', b'{"grant":"g","operator":"o"}'
    assert decode("grant.ended/1", old, upcasts=upcasts) == ended
    assert decode("grant.ended/2", newer, upcasts=upcasts) == ended
    assert decode("grant.ended/3", newer, upcasts=upcasts) == Unknown(
        type="grant.ended/3", body={"grant": "g", "operator": "o"}
    )


def _done(result: Any) -> EffectDone:
    return EffectDone(action_type="a", decision_stream="s", decision_seq=1, result=result)


def _failed(problem: Foreign) -> EffectFailed:
    return EffectFailed(action_type="a", decision_stream="s", decision_seq=1, problem=problem)
