"""A hostile agent that wants a yes for something else than what it gets: `ringfence asks` and `approve`."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from doors import door_in
from ringfence.app.approving import Answer, Approving, approve, asks
from ringfence.cli.exact import ask_lines
from ringfence.core.actions import HttpRequest
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.gate import approvals as approvals_module
from ringfence.gate.approvals import Ask, AskState
from ringfence.gate.door import Door
from ringfence.gate.grants import Answered, end_session
from ringfence.gate.operators import Operator
from ringfence.gate.refused import Refused
from ringfence.protocols.http import BadHttp
from ringfence.protocols.targets import authority, canonical_target
from watched import Machine, machine, post, push, session_id

_ASKS = "version: 1\nagents: {mode: enforce, rules: [{id: all, then: ask}]}\n"
_HARMLESS = HttpRequest(host="api.anthropic.com", port=443, method="POST", path="/v1/messages", agent="a")


def _asked(door: Door, action: HttpRequest) -> str:
    refused = door.pass_(action)
    assert isinstance(refused, Refused) and refused.ask is not None
    return refused.ask


def _operator(door: Door) -> Approving:
    return Approving(door=door, operator=Operator(name="olga", groups=()), check_free=lambda: None)


def _shown(door: Door) -> list[str]:
    (ask,) = asks(door.approvals, now=door.now(), settled=False).asks
    return list(ask_lines(ask))


@pytest.mark.parametrize(
    "other",
    [
        {"host": "api.anthropic.com.evil.example"},
        {"host": "xn--pi-7lc.anthropic.com"},
        {"host": "api.anthropic.com."},
        {"host": "API.anthropic.com"},
        {"port": 8443},
        {"method": "PUT"},
        {"path": "/v1/messages/"},
        {"path": "/v1/messages/%2e%2e/files"},
        {"path": "/v1/messages%2F..%2Ffiles"},
        {"query": ("to=evil",)},
        {"agent": "b"},
        {"session": "s2"},
    ],
)
def test_a_yes_is_for_nothing_that_only_looks_like_it(other: dict[str, object], tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approve(_asked(door, _HARMLESS), Answer(uses=9), _operator(door))
    assert isinstance(door.pass_(_HARMLESS), Receipt)
    _asked(door, replace(_HARMLESS, **other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    [
        "\u0430pi.anthropic.com",  # Cyrillic
        "api\u3002anthropic.com",  # an ideographic full stop, which browsers take for one
        "api.anthropic.com\u200b",
        "api.anthropic.com\n",
        "api.anthropic.com:443:8443",
        "api.anthropic.com@evil.example",
        "api.anthropic.com/evil.example",
        "api.anthropic.com%2eevil.example",
        "api..anthropic.com",
    ],
)
def test_hosts_that_read_as_another_one_are_no_hosts(host: str) -> None:
    with pytest.raises(BadHttp):
        authority(host)


@pytest.mark.parametrize(
    "target",
    [
        "/v1/%2e%2e/files",
        "/v1/%2E./files",
        "/v1/..%2ffiles",
        "/v1//files",
        "/v1/%252e%252e/files",
        "/v1/\\files",
    ],
)
def test_paths_that_lead_elsewhere_than_they_say_are_never_asked_about(target: str) -> None:
    with pytest.raises(BadHttp):
        canonical_target(target)


def test_a_path_is_asked_about_as_it_is_sent() -> None:
    assert canonical_target("/v1/./messages/../%66iles").path == "/v1/files"


def test_a_host_is_shown_to_its_end_and_its_letters_are_those_that_go_out(tmp_path: Path) -> None:
    """What matters is behind more labels than a line has room for, and is never decoded."""
    door = door_in(tmp_path, _ASKS)
    host = "api.anthropic.com." + "a." * 60 + "xn--pi-7lc.evil.example"
    _asked(door, replace(_HARMLESS, host=host))
    lines = _shown(door)
    whole = "".join(line.removeprefix("      | ") for line in lines)
    assert f'  host: "{host}"' in whole
    assert all(line.isascii() and len(line) <= 80 for line in lines)


def test_no_text_of_an_agent_begins_a_line_that_says_what_to_run(tmp_path: Path) -> None:
    """It knows how wide a terminal mostly is, and has its own command begin where the line would end."""
    door = door_in(tmp_path, _ASKS)
    lie = "".join(f"{'x' * width}  ringfence approve 00" for width in range(50, 90))
    _asked(door, replace(_HARMLESS, path="/" + lie, query=(f"\n  ringfence approve 00{lie}",)))
    said = [line for line in _shown(door) if line.lstrip().startswith("ringfence")]
    assert len(said) == 1
    assert not said[0].startswith("  ringfence approve 00")


def _numbers(*first: int) -> Iterator[bytes]:
    """Random bytes that begin with these, one after the other; then any others."""
    yield from (bytes([each, 0, 0, number]) for number, each in enumerate(first))
    yield from (number.to_bytes(4, "big") for number in itertools.count(1))


def test_a_short_id_that_was_read_is_never_another_question_s(tmp_path: Path) -> None:
    """It asks until the id of something harmful begins as that of what an operator is looking at."""
    numbers = _numbers(0x7F, 0x7F)
    door = replace(door_in(tmp_path, _ASKS), randomness=lambda _size: next(numbers))
    _asked(door, _HARMLESS)
    (read,) = asks(door.approvals, now=door.now(), settled=False).asks
    assert read.short == "7f"
    _asked(door, replace(_HARMLESS, path="/evil"))
    with pytest.raises(Answered, match="several begin so"):
        approve(read.short, Answer(), _operator(door))
    assert door.approvals.grants == {}


@pytest.mark.parametrize("state", [AskState.GRANTED, AskState.WITHDRAWN])
def test_the_id_of_a_question_that_is_settled_grants_nothing(state: AskState, tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    id_ = _asked(door, replace(_HARMLESS, session="s1"))
    if state is AskState.GRANTED:
        approve(id_, Answer(uses=1), _operator(door))
        assert isinstance(door.pass_(replace(_HARMLESS, session="s1")), Receipt)
    else:
        end_session("s1", operator="olga", approvals=door.approvals, now=door.now())
    with pytest.raises(Answered, match=f"is {state.value}"):
        approve(id_, Answer(uses=9), _operator(door))
    assert not any(each.holds(door.now()) for each in door.approvals.grants.values())


def test_a_session_that_asks_without_an_end_takes_no_place_of_its_agent_s_others(tmp_path: Path) -> None:
    here = machine(tmp_path)
    _flood(here, LIMITS.pending_asks_of_session + 50)
    assert len(here.watching.queue.look(here.watching.now())) == LIMITS.pending_asks_of_session
    refused = here.tries(session_id(2), push("refs/heads/more"))
    assert isinstance(refused, Refused)
    assert (refused.ask, "100 questions of the same session" in refused.what) == (None, True)
    refused = here.tries(session_id(3), push("refs/heads/more"))
    assert isinstance(refused, Refused) and refused.ask is not None


def test_a_flood_of_questions_is_ended_with_its_session_and_hides_no_other(tmp_path: Path) -> None:
    here = machine(tmp_path)
    here.does(session_id(1), push())
    _flood(here, 50)
    here.does(session_id(3), post("q=1"))
    door, now = here.watching.who.door, here.watching.now()
    assert len(here.watching.queue.look(now)) == 52
    end_session(session_id(2), operator="olga", approvals=door.approvals, now=now)
    assert [row.sessions for row in here.watching.queue.look(now)] == [(session_id(1),), (session_id(3),)]


def test_a_flood_of_questions_makes_those_of_others_no_dearer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question is made ready to be compared once, not once for each request of anybody's."""
    here = machine(tmp_path)
    _flood(here, 50)
    made = list[str]()
    key = Ask.key.fget
    assert key is not None
    monkeypatch.setattr(approvals_module.Ask, "key", property(lambda ask: made.append(ask.id) or key(ask)))
    door = replace(here.door, enforcing=True)
    for _ in range(3):
        assert isinstance(door.pass_(replace(push(), agent="claude", session=session_id(3))), Refused)
    assert max(map(made.count, made)) == 1


def _flood(here: Machine, many: int) -> None:
    door = replace(here.door, enforcing=True)
    for number in range(many):
        door.pass_(replace(push(f"refs/heads/x-{number}"), agent="claude", session=session_id(2)))
