"""Rules as sentences."""

from datetime import UTC, datetime

from loading import rules_in
from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.actions import FieldKind
from ringfence.policy.rule import Condition, Like
from ringfence.policy.sentences import (
    Value,
    backquoted,
    condition_words,
    duration,
    moment,
    of_actions,
    of_rule,
)
from ringfence.policy.shapes.fields import fields_of

RULES = """
    version: 1
    models:
      approved: [{id: a, name: x/*, signed_by: key:1, until: 2027-06-30}]
      rules:
        - id: b
          match: {format: [p, q], size: {at_least: 3 GiB}, license: {like: mit, unknown: ignore}}
          then: deny
        - {id: c, actions: model.sign, match: {agent: {not: "*"}}, then: allow, mode: warn}
        - {id: d, match: {finding: {not: x}}, then: ask, obligations: [{limit: 5 USD/day}], why: It is new.}
    operators: {approve: [{id: e, who: bob, what: "*", up_to: {uses: 3, lasts: 90m}}]}
    agents: {rules: [{id: f, match: {port: 443, host: "*.x"}, then: ask}]}
"""


WAY_OUT = """
    version: 1
    agents:
      rules:
        - {id: a, match: {query: {not: "token=*"}, operations: query.*}, then: allow}
        - {id: b, match: {ref: refs/heads/main, change: delete, force: true}, then: deny, refused_as: failure}
        - {id: c, match: {raw: true, host: db.x}, then: ask, refused_as: empty}
        - {id: d, match: {raw: false}, then: deny, refused_as: honest}
"""


def test_what_rules_say_of_the_way_out_is_in_their_sentences() -> None:
    assert {name: backquoted(of_rule(rule)) for name, rule in rules_in(WAY_OUT).items()} == {
        "a": "Sending a web request is allowed if no parameter is `token=*` and every GraphQL operation is "
        "`query.*`.",
        "b": "Pushing to a git reference is not allowed if the ref is `refs/heads/main`, what becomes of it "
        "is `delete` and commits that were there are dropped. To the program it looks as if nobody could be "
        "reached.",
        "c": "Connecting to a host needs an operator's approval if what passes is not read and the host is "
        "`db.x`. The program gets an empty answer.",
        "d": "Connecting to a host is not allowed if what passes is read. The program is told that it is "
        "refused, and why.",
    }


def test_everything_that_a_rule_says_is_in_its_sentence() -> None:
    assert {name: backquoted(of_rule(rule)) for name, rule in rules_in(RULES).items()} == {
        "a": "Using or downloading a model is allowed if the name is `x/*` and any verified signature is "
        "`key:1`, until the end of 2027-06-30.",
        "b": "Using or downloading a model is not allowed if any format is `p` or `q`, the size is at least "
        "`3 GiB` and the license is `mit` (where that is known).",
        "c": "Signing a model is allowed if a person acts, and no agent. "
        "This is told and recorded; nothing is stopped.",
        "d": "Using or downloading a model needs an operator's approval if any finding is other than "
        "`x`. At most 5 USD per day. Why: \u201cIt is new.\u201d",
        "e": "Approving an action is allowed if the operator is `bob`, the kind of action is `*`, the number "
        "of uses is at most `3` and how long it lasts is at most `90 minutes`.",
        "f": "Connecting to a host, sending a web request or pushing to a git reference needs an "
        "operator's approval if the port is `443` and the host is `*.x`.",
    }


def test_every_fact_of_every_action_has_words_of_its_own() -> None:
    for each in ACTION_TYPES:
        said = [
            condition_words(Condition(field=field.name, test=Like(("v",))), allows=True)
            for field in fields_of((each.name,))
            if field.kind not in {FieldKind.LABEL, FieldKind.ARGUMENTS, FieldKind.YES_NO}
        ]
        assert len(set(said)) == len(said)
        assert all(Value("v") in sentence for sentence in said)


def test_every_type_of_action_has_words() -> None:
    assert len({of_actions((each.name,)) for each in ACTION_TYPES}) == len(ACTION_TYPES)
    assert of_actions(("file.read", "model.sign", "model.use", "file.write")) == (
        "using or signing a model or reading or changing a file"
    )


def test_times_are_said_as_they_count() -> None:
    assert moment(datetime(2027, 7, 1, tzinfo=UTC)) == "the end of 2027-06-30"
    assert moment(datetime(2027, 7, 1, 8, 30, tzinfo=UTC)) == "2027-07-01 08:30:00 UTC"
    assert [duration(each) for each in (0, 45, 60, 7200, 86_400, 90_000)] == [
        "0 seconds",
        "45 seconds",
        "1 minute",
        "2 hours",
        "1 day",
        "25 hours",
    ]
