"""A proposed rule allows what was asked, and nothing beside it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ringfence.app.watching.proposing import proposed
from ringfence.core.actions import (
    Action,
    Argument,
    CommandRun,
    CredentialUse,
    GitChange,
    HostConnect,
    ToolCall,
)
from ringfence.core.decisions import Effect
from ringfence.core.labels import Integrity, Label
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load
from ringfence.policy.rule import Tier
from ringfence.policy.telling import facts_of
from watched import get, post, push

_NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_ASKS = """
version: 1
agents:
  mode: enforce
  rules:
  - {id: asks, actions: [git.push, http.request, credential.use, host.connect], then: ask}
"""


def _decided(text: str, action: Action) -> Effect:
    """With the proposed text put into the document that asks."""
    rules, _, exceptions = text.removeprefix("version: 1\nagents:\n  rules:\n").partition("exceptions:\n")
    both = f"{_ASKS}{rules}exceptions:\n{exceptions}"
    policy = load([PolicyFile(tier=Tier.SYSTEM, name="it.yaml", data=both.encode())])
    return policy.decide(replace(action, agent="claude"), now=_NOW, enforcing=True).effect


def _text(action: Action) -> str | None:
    facts = facts_of(replace(action, agent="claude", session="0199"))
    return proposed(facts, ("asks",), asked_by="ann", now=_NOW)


@pytest.mark.parametrize(
    ("asked", "others"),
    [
        (
            push(),
            [push("refs/heads/other"), replace(push(), force=True), replace(push(), change=GitChange.DELETE)],
        ),
        (
            post("q=1"),
            [post("q=2"), post(), post("q=1", path="/x"), post("q=1", host="a.example"), get("/upload")],
        ),
        (post(path="/a*b?[c]"), [post(path="/axb?[c]"), post(path="/a*bx[c]")]),
        (
            CredentialUse(credential="key", host="a.example", method="GET", path="/"),
            [CredentialUse(credential="key", host="a.example", method="POST", path="/")],
        ),
        (HostConnect(host="a.example", port=443), [HostConnect(host="a.example", port=22)]),
    ],
)
def test_a_proposed_rule_is_for_what_was_asked_alone(asked: Action, others: list[Action]) -> None:
    text = _text(asked)
    assert text is not None
    assert _decided(text, asked) is Effect.ALLOW
    assert [_decided(text, each) for each in others] == [Effect.ASK] * len(others)
    assert (
        _decided(text, replace(asked, program="/bin/other") if hasattr(asked, "program") else asked)
        is Effect.ALLOW
    )


@pytest.mark.parametrize(
    "asked",
    [
        push("refs/heads/m\u0430in"),
        post("a=1", "b=2"),
        get("/items"),
        replace(push(), force=None),
        post("q=1", path="/api/GraphQL"),
        post("q=" + "x" * 1_000),
        CommandRun(program="/bin/sh", arguments=("-c", "x"), folder="/"),
        ToolCall(
            server="s",
            tool="t",
            arguments=(Argument(name="to", text="x", label=Label(integrity=Integrity.USER)),),
        ),
    ],
)
def test_what_no_rule_says_exactly_is_not_proposed(asked: Action) -> None:
    assert _text(asked) is None
