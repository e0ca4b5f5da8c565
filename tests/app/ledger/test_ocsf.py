"""What is exported as OCSF follows the published schema, whatever stands in the events."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from making_events import facts_of_type, row_of, values
from ocsf_rules import wrongs
from ringfence.app.ledger.ocsf.events import CLASS_OF_EVENT, ocsf_line
from ringfence.core.action_types import ACTION_TYPES, ActionType
from ringfence.core.decisions import Decision, Effect, Mode, Place, Reason, Section
from ringfence.core.standings import Standing, StandingWord
from ringfence.ledger.chain import Row
from ringfence.ledger.event_types import EVENTS
from ringfence.ledger.events.break_glass_used import BreakGlassUsed
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.thing import Thing, ThingKind
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.recorded import recorded_of

_FINDINGS = {2003: ComplianceFinding, 2004: DetectionFinding}
_THINGS = (ThingAppeared, ThingChanged, ThingVanished)


def exported(event: Any) -> dict[str, Any] | None:
    row = row_of(event)
    line = ocsf_line(row, recorded_of(row))
    return None if line is None else json.loads(line)


def valid(event: Any) -> dict[str, Any]:
    """The event as OCSF, found to be valid twice: by the published schema, and by another's classes."""
    made = exported(event)
    assert made is not None
    assert wrongs(made) == []
    if made["class_uid"] in _FINDINGS:
        _FINDINGS[made["class_uid"]].model_validate_json(json.dumps(made), strict=True)
    return made


def decided(facts: Mapping[str, Any], **more: Any) -> DecisionMade:
    reason = Reason(
        section=Section.AGENTS,
        effect=Effect.DENY,
        mode=Mode.ENFORCE,
        rule="no-evil",
        at=Place(file="ringfence.yaml", line=31),
        why="known to be bad",
    )
    decision = Decision(
        effect=Effect.DENY,
        mode=Mode.ENFORCE,
        reasons=(reason,),
        controls=("iso42001:A.6", "soc2:CC7.2"),
        policy_digest="ab" * 32,
    )
    return DecisionMade(**{"action": facts, "decision": decision, "proceeds": False, **more})


@pytest.mark.parametrize("made", EVENTS, ids=lambda made: made.TYPE)
def test_every_type_of_event_follows_the_schema_or_is_said_to_be_left_out(made: type[Any]) -> None:
    @settings(max_examples=6, deadline=None)
    @given(values(made))
    def follows(event: Any) -> None:
        classes = CLASS_OF_EVENT.get(made.TYPE.partition("/")[0])
        if classes is None:
            assert exported(event) is None
        elif made is not DecisionMade:
            assert str(valid(event)["class_uid"]) in classes

    follows()


@pytest.mark.parametrize("of", ACTION_TYPES, ids=lambda of: of.name)
def test_a_decision_is_of_the_class_that_its_action_has(of: ActionType) -> None:
    @settings(max_examples=6, deadline=None)
    @given(facts_of_type(of), values(Decision), st.booleans(), st.none() | st.just("g-1"))
    def is_of_its_class(
        facts: Mapping[str, Any], decision: Decision, proceeds: bool, grant: str | None
    ) -> None:
        made = valid(DecisionMade(action=facts, decision=decision, proceeds=proceeds, grant=grant))
        assert made["class_uid"] == of.ocsf_class

    is_of_its_class()


@settings(max_examples=20, deadline=None)
@given(values(DecisionMade), st.sampled_from([each.name for each in ACTION_TYPES]))
def test_facts_that_are_of_no_kind_break_nothing(event: DecisionMade, name: str) -> None:
    valid(dataclasses.replace(event, action={**event.action, "action": name}))
    assert exported(dataclasses.replace(event, action={"action": "of.tomorrow"})) is None


def test_a_refused_connection_as_a_whole() -> None:
    facts = {
        "action": "host.connect",
        "agent": "claude",
        "session": "s1",
        "host": "evil.example",
        "port": 443,
    }
    event = decided(facts, asked_by="subject-1")
    row = row_of(event)
    place = {"name": "no-evil", "uid": "ab" * 32, "is_applied": True}
    place["desc"] = "ringfence.yaml:31: known to be bad"
    made = valid(event)
    assert made.pop("unmapped")["body"] == json.loads(row.body or b"")
    assert made == {
        "class_uid": 4001,
        "class_name": "Network Activity",
        "category_uid": 4,
        "category_name": "Network Activity",
        "activity_id": 5,
        "activity_name": "Refuse",
        "type_uid": 400105,
        "type_name": "Network Activity: Refuse",
        "time": 1769860800250,
        "severity_id": 3,
        "severity": "Medium",
        "message": "host.connect refused: evil.example:443 by claude",
        "metadata": {
            "version": "1.8.0",
            "uid": row.hash.hex(),
            "event_code": "decision.made/1",
            "log_name": "endpoint/one",
            "log_provider": "ringfence",
            "sequence": 1,
            "profiles": ["host", "security_control"],
            "product": made["metadata"]["product"],
            "labels": ["iso42001:A.6", "soc2:CC7.2"],
        },
        "device": {"type_id": 0, "type": "Unknown", "uid": "one"},
        "dst_endpoint": {"name": "evil.example", "hostname": "evil.example", "port": 443},
        "actor": {"app_name": "claude", "session": {"uid": "s1"}, "user": {"uid": "subject-1"}},
        "action_id": 2,
        "action": "Denied",
        "disposition_id": 2,
        "disposition": "Blocked",
        "is_alert": True,
        "status_id": 2,
        "status": "Failure",
        "policy": place,
        "authorizations": [{"decision": "deny", "policy": place}],
    }


def test_a_model_is_told_as_one() -> None:
    facts = {"name": "llama", "source": "huggingface.co/meta/llama", "revision": "r7", "digest": "ab" * 32}
    model = {"name": "llama", "ai_provider": "meta", "version": "r7", "uid": "ab" * 32}
    pulled = valid(decided({"action": "model.pull", **facts}))
    assert (pulled["ai_model"], "ai_operation" in pulled["metadata"]["profiles"]) == (model, True)
    used = valid(decided({"action": "model.use", "license": "mit", **facts}))
    assert used["unmapped"]["ai_model"] == model  # inventory has no place for it
    assert used["sbom"]["package"] == {
        "name": "llama",
        "version": "r7",
        "license": "mit",
        "hash": {"algorithm_id": 3, "algorithm": "SHA-256", "value": "ab" * 32},
    }


def thing(word: StandingWord | None) -> Thing:
    standing = word and Standing(
        word=word,
        effect=Effect.DENY,
        mode=Mode.ENFORCE,
        section=Section.MODELS,
        rule="r",
        at=Place(file="ringfence.yaml", line=3),
        controls=("iso42001:A.6",),
    )
    return Thing(kind=ThingKind.MODEL, id="abc", facts={"name": "llama"}, standing=standing or None)


@pytest.mark.parametrize(
    ("event", "class_", "activity"),
    [
        (ThingAppeared(scan="s", thing=thing(StandingWord.APPROVED)), 5020, "Log"),
        (ThingAppeared(scan="s", thing=thing(None)), 5020, "Log"),
        (ThingAppeared(scan="s", thing=thing(StandingWord.FORBIDDEN)), 2003, "Create"),
        (ThingVanished(scan="s", thing=thing(StandingWord.REVIEW)), 2003, "Close"),
        (ThingVanished(scan="s", thing=thing(StandingWord.APPROVED)), 5020, "Log"),
    ],
)
def test_what_the_policy_has_nothing_against_is_inventory_and_the_rest_a_finding(
    event: Any, class_: int, activity: str
) -> None:
    made = valid(event)
    assert (made["class_uid"], made["activity_name"]) == (class_, activity)


@pytest.mark.parametrize(
    ("before", "now", "class_", "activity"),
    [
        (StandingWord.APPROVED, StandingWord.FORBIDDEN, 2003, "Create"),
        (StandingWord.REVIEW, StandingWord.FORBIDDEN, 2003, "Update"),
        (StandingWord.FORBIDDEN, StandingWord.APPROVED, 2003, "Close"),
        (StandingWord.UNREVIEWED, StandingWord.APPROVED, 5020, "Log"),
    ],
)
def test_a_finding_lives_as_long_as_the_policy_objects(
    before: StandingWord, now: StandingWord, class_: int, activity: str
) -> None:
    event = ThingChanged(
        scan="s", thing=thing(now), changed=("standing",), standing_before=thing(before).standing
    )
    made = valid(event)
    assert (made["class_uid"], made["activity_name"]) == (class_, activity)
    if class_ == 2003:
        assert made["finding_info"]["uid"] == "model:abc"
        assert made["compliance"]["requirements"] == ["iso42001:A.6"]
        assert made["compliance"]["standards"] == ["iso42001"]


def test_breaking_the_glass_is_an_alert() -> None:
    @settings(max_examples=5, deadline=None)
    @given(values(BreakGlassUsed))
    def alerts(event: BreakGlassUsed) -> None:
        made = valid(event)
        assert (made["class_uid"], made["severity"], made["is_alert"]) == (2004, "High", True)

    alerts()


def test_what_was_forgotten_is_left_out() -> None:
    row: Row = row_of(decided({"action": "host.connect"}))._replace(salt=None, body=None)
    assert ocsf_line(row, recorded_of(row)) is None


@pytest.mark.parametrize("broken", ["metadata", "device", "severity_id", "type_uid"])
def test_the_schema_that_is_tested_against_refuses_what_is_wrong(broken: str) -> None:
    made = valid(ThingAppeared(scan="s", thing=thing(None)))
    assert wrongs({**made, "surprise": 1}) == [".surprise: there is none"]
    assert wrongs({**made, "severity_id": 7}) == [".severity_id: 7 is none of the enumeration"]
    if broken != "type_uid":
        assert wrongs({key: each for key, each in made.items() if key != broken}) != []
    assert wrongs({**made, "type_uid": 1}) == ["type_uid"]
