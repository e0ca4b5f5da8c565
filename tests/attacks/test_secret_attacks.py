"""Secrets that whoever acts puts wherever an action has room for text: none comes out at the other side."""

import base64
import hashlib
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doors import door_in
from ringfence.app.approving import Answer, Approving, approve, asks, deny, grants
from ringfence.app.documents import document
from ringfence.cli.exact import ask_lines
from ringfence.core.actions import (
    Action,
    AgentRun,
    Argument,
    CommandRun,
    CredentialUse,
    FileWrite,
    HttpRequest,
    ModelPull,
    ToolCall,
)
from ringfence.core.labels import Integrity, Label
from ringfence.core.receipts import Receipt
from ringfence.gate import hiding
from ringfence.gate.door import Door
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused

_POLICY = """
version: 1
agents:
  mode: enforce
  rules: [{match: {agent: "asks**"}, then: ask}, {match: {agent: "never**"}, then: deny}]
models: {mode: enforce, rules: [{match: {agent: "asks**"}, then: ask}]}
sources: {mode: enforce, rules: [{match: {agent: "asks**"}, then: ask}]}
licenses: {mode: enforce, rules: [{match: {agent: "asks**"}, then: ask}]}
"""
_BASE62 = string.digits + string.ascii_letters


def _random(seed: int, chars: int, alphabet: str = _BASE62) -> str:
    """As random as keys are, and the same for the same seed."""
    digests = (hashlib.sha512(f"{seed} {each}".encode()).digest() for each in range(4))
    return "".join(alphabet[byte % len(alphabet)] for digest in digests for byte in digest)[:chars]


_SEEDS = st.integers(0, 2**64)
_KEYS = st.one_of(
    _SEEDS.map(lambda seed: "sk-" + _random(seed, 48)),
    _SEEDS.map(lambda seed: "sk-ant-api03-" + _random(seed, 93, _BASE62 + "-_") + "AA"),
    _SEEDS.map(lambda seed: "sk-proj-" + _random(seed, 60, _BASE62 + "-_")),
    _SEEDS.map(lambda seed: "ghp_" + _random(seed, 36)),
    _SEEDS.map(lambda seed: "github_pat_" + _random(seed, 22) + "_" + _random(seed + 1, 59)),
    _SEEDS.map(lambda seed: "glpat-" + _random(seed, 20, _BASE62 + "-_")),
    _SEEDS.map(lambda seed: "AKIA" + _random(seed, 16, string.ascii_uppercase + "234567")),
    _SEEDS.map(lambda seed: "AIza" + _random(seed, 35, _BASE62 + "-_")),
    _SEEDS.map(lambda seed: "hf_" + _random(seed, 34, string.ascii_letters)),
    _SEEDS.map(lambda seed: "xoxb-12345678901-" + _random(seed, 24)),
    _SEEDS.map(lambda seed: "eyJhbGciOiJIUzI1NiJ9.eyJ" + _random(seed, 40) + "." + _random(seed + 1, 43)),
)
_PASSWORDS = _SEEDS.map(lambda seed: "pW" + _random(seed, 14))

_COMMANDS = (
    ("--password", "{}"),
    ("--password={}",),
    ("--api-key", "{}", "--verbose"),
    ("-u", "ann:{}"),
    ("-H", "Authorization: Bearer {}"),
    ("-H", "Authorization: Token {}"),
    ("sh", "-c", "DB_PASSWORD='{}' run"),
    ("https://ann:{}@example.com/v1",),
    ("postgresql://ann:{}@127.0.0.1/db",),
    ("https://example.com/v1?a=1&access_token={}",),
    ('{{"user": "ann", "password": "{}"}}',),
)
_HTTP = ("/v1?key={}", "/v1?x=1&access_token={}&y=2", "/get/https://ann:{}@example.com/")
_CALLS = (
    ("password", "{}"),
    ("options.api_key", "{}"),
    ("url", "https://ann:{}@example.com/v1"),
    ("headers", '{{"Authorization":"Bearer {}"}}'),
    ("headers", '[{{"name":"X-Api-Key","value":"{}"}}]'),
    ("env", '{{"a":[{{"DB_PASSWORD":"{}"}}]}}'),
    ("command", '["mysql","--password","{}"]'),
    ("text", "log in with password={} please"),
)
_ANYWHERE = ("{}", "see {} there", "/home/ann/{}/x", "x={}", "https://{}@example.com/")


def _filled(forms: tuple[str, ...], secret: str) -> tuple[str, ...]:
    return tuple(form.format(secret) for form in forms)


def _call(name: str, text: str, source: str = "event 1") -> ToolCall:
    label = Label(integrity=Integrity.USER, sources=(source,), writers=frozenset({source}))
    argument = Argument(name=name, text=text, label=label)
    return ToolCall(agent="asks", server="mail", tool="send", arguments=(argument,), context=label)


def _http(path: str) -> HttpRequest:
    return HttpRequest(agent="asks", host="example.com", port=443, method="GET", path=path)


def _pull(source: str, name: str = "m") -> ModelPull:
    return ModelPull(agent="asks", name=name, formats=(), source=source)


def _command(*arguments: str, program: str = "/usr/bin/x") -> CommandRun:
    return CommandRun(agent="asks", program=program, arguments=arguments, folder="/")


def _named(form: int, secret: str) -> Action:
    """A secret that only its place gives away."""
    actions: list[Action] = [
        *(_command(*_filled(each, secret)) for each in _COMMANDS),
        *(_http(path.format(secret)) for path in _HTTP),
        *(_call(*_filled(each, secret)) for each in _CALLS),
        _call("text", "hello", f"https://ann:{secret}@example.com/"),
        _pull(f"ann:{secret}@example.com/m"),
        _pull(f"https://ann:{secret}@example.com/m"),
    ]
    return actions[form % len(actions)]


def _known(form: int, text: str) -> Action:
    """A secret that is known by its own looks."""
    actions: list[Action] = [
        _command("x", text),
        _command(program=text),
        _http(text),
        _call("text", text),
        _call(text, "x"),
        _call("text", "x", text),
        _pull(text),
        _pull("example.com", text),
        CredentialUse(agent="asks", credential=text, host="example.com", method="GET", path="/"),
        FileWrite(agent="asks", path=text),
        AgentRun(agent="asks", tool_servers=("x", text)),
        AgentRun(agent=f"asks {text}"),
        AgentRun(agent=f"never {text}"),
    ]
    return actions[form % len(actions)]


def _outcome(door: Door, action: Action, secret: str) -> Iterator[str]:
    """All that is said while the action is asked about, refused, granted, done and undone."""
    refused = door.pass_(action)
    assert isinstance(refused, Refused)
    yield from (refused.what, refused.hint)
    if refused.ask is None:
        return
    at = Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)
    said = f"because of https://ann:{secret}@example.com"
    deny(refused.ask, said, at)
    again = door.pass_(action)
    assert isinstance(again, Refused)
    yield from (again.what, again.hint)
    approve(refused.ask, Answer(note=said), at)
    asked = asks(door.approvals, now=door.now(), settled=True)
    yield document("ringfence.asks/1", asked)
    yield document("ringfence.grants/1", grants(door.approvals, now=door.now(), all_=True))
    yield from ask_lines(asked.asks[-1])
    receipt = door.pass_(action)
    assert isinstance(receipt, Receipt)
    assert receipt.action == action
    door.done(receipt, {"told": said, "more": [{"x": said}]})
    door.failed(receipt, said)


def _traces(folder: Path, action: Action, secret: str) -> list[str]:
    """Where it is found afterwards."""
    door = door_in(folder, _POLICY)
    told = list(_outcome(door, action, secret))
    told += [str(each.event) for each in door.ledger.read()]
    door.ledger.close()
    files = [path for path in folder.rglob("*") if path.is_file()]
    needles = (secret.encode(), base64.b64encode(secret.encode()))
    return [each for each in told if secret in each] + [
        str(path) for path in files if any(needle in path.read_bytes() for needle in needles)
    ]


_MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_MANY
@given(form=st.integers(0, 1_000), secret=_PASSWORDS | _KEYS)
def test_a_secret_in_its_place_reaches_no_event_no_question_no_hint_and_no_error(
    tmp_path: Path, form: int, secret: str
) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    assert _traces(folder, _named(form, secret), secret) == []


@_MANY
@given(form=st.integers(0, 1_000), around=st.sampled_from(_ANYWHERE), secret=_KEYS)
def test_a_key_that_is_known_by_its_looks_reaches_none_whatever_field_it_stands_in(
    tmp_path: Path, form: int, around: str, secret: str
) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    assert _traces(folder, _known(form, around.format(secret)), secret) == []


def test_without_the_defence_it_stands_in_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hiding, "redact", lambda arguments, **_: tuple(arguments))
    monkeypatch.setattr(hiding, "redact_name", lambda text, **_: text)
    found = _traces(tmp_path, _command("--password", "hunter2"), "hunter2")
    assert any("ledger.sqlite" in each for each in found)
    assert len(found) > 5
