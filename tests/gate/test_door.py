"""The door: what is decided, recorded and let through; what is held, granted and counted."""

import dataclasses
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doors import STREAM, door_in
from ringfence.app.approving import Answer, Approving, approve, asks, deny, grants, revoke
from ringfence.core.action_types import Durability
from ringfence.core.actions import Action, GrantGive, HostConnect, HttpRequest, ListenerAsk, ModelSign
from ringfence.core.decisions import Effect, Mode
from ringfence.core.receipts import Receipt
from ringfence.gate.approvals import STREAM as APPROVALS
from ringfence.gate.door import Door, Waiting
from ringfence.gate.grants import Answered
from ringfence.gate.operators import NotAllowed, Operator
from ringfence.gate.refused import ActionRefused, Refused
from ringfence.gate.seals import ReceiptRefused
from ringfence.ledger.events.decision_made import DecisionMade

_SIGN = ModelSign(name="llama", path="/models/llama", signer="key:00")
_ASKS = """
version: 1
models:
  mode: enforce
  rules:
    - id: signing
      actions: [model.sign]
      match: {name: llama*}
      then: ask
      why: Signatures bind the company.
    - {id: never, actions: [model.sign], match: {name: evil*}, then: deny}
    - {id: fine, actions: [model.sign], match: {name: own*}, then: allow}
"""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def named(name: str) -> ModelSign:
    return dataclasses.replace(_SIGN, name=name)


def told(door: Door, stream: str = STREAM) -> list[tuple[str, bool | None]]:
    """Types of events in a stream, with whether a decision let something through."""
    return [
        (each.type, each.event.proceeds if isinstance(each.event, DecisionMade) else None)
        for each in door.ledger.read(stream=stream)
    ]


def at(door: Door, name: str = "olga", *groups: str) -> Approving:
    return Approving(door=door, operator=Operator(name=name, groups=groups), check_free=lambda: None)


def held(door: Door, action: Action = _SIGN) -> str:
    refused = door.pass_(action)
    assert isinstance(refused, Refused) and refused.ask is not None
    return refused.ask


def passes(door: Door, action: Action = _SIGN) -> bool:
    return isinstance(door.pass_(action), Receipt)


def test_what_is_allowed_is_recorded_before_its_receipt_and_done_after(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    receipt = door.pass_(named("own-model"))
    assert isinstance(receipt, Receipt)
    recorded = door.ledger.event(receipt.stream, receipt.seq)
    assert recorded is not None and isinstance(recorded.event, DecisionMade)
    assert (recorded.event.action["name"], recorded.event.proceeds) == ("own-model", True)
    assert recorded.event.decision.reasons[0].rule == "fine"
    assert door.seals.redeem(receipt, ModelSign) == named("own-model")
    door.done(receipt, {"signature": "x.sig"})
    assert told(door) == [("policy.loaded/1", None), ("decision.made/1", True), ("effect.done/1", None)]


_AT_ONCE = """
version: 1
agents:
  mode: enforce
  rules:
    - {id: asked, actions: [http.request], match: {path: /asked}, then: ask}
    - {id: never, actions: [http.request], match: {path: /never}, then: deny}
    - {id: fine, actions: [http.request], then: allow}
"""


def test_what_only_reads_passes_at_once_and_is_recorded_just_so(tmp_path: Path) -> None:
    door = door_in(tmp_path, _AT_ONCE)
    get = HttpRequest(agent="a", session="s", host="example.com", port=443, method="GET", path="/")
    assert isinstance(door.pass_(get), Receipt)
    receipt = door.pass_at_once(get)
    assert isinstance(receipt, Receipt)
    assert door.seals.redeem(receipt, HttpRequest) == get
    first, second = (each.event for each in door.ledger.read(stream=STREAM, types=["decision.made"]))
    assert first == second
    assert isinstance(door.pass_at_once(dataclasses.replace(get, path="/never")), Refused)
    assert told(door)[1:] == [("decision.made/1", True)] * 2 + [("decision.made/1", False)]


def test_what_only_reads_is_decided_at_once_and_recorded_just_so(tmp_path: Path) -> None:
    door = door_in(tmp_path, _AT_ONCE)
    get = HttpRequest(agent="a", session="s", host="example.com", port=443, method="GET", path="/")
    for path in ("/", "/never", "/asked"):
        asked = dataclasses.replace(get, path=path)
        decision = door.decide(asked)
        assert door.decide_at_once(asked, decision)
    found = [each.event for each in door.ledger.read(stream=STREAM, types=["decision.made"])]
    assert found[::2] == found[1::2]
    assert [each.proceeds for each in found[::2]] == [True, False, False]


def test_what_waits_for_the_disk_is_not_decided_at_once(tmp_path: Path) -> None:
    door = door_in(tmp_path, _AT_ONCE)
    post = HttpRequest(agent="a", session="s", host="example.com", port=443, method="POST", path="/")
    decision = door.decide(post)
    before = told(door)
    assert not door.decide_at_once(post, decision)
    assert told(door) == before


def test_what_somebody_must_be_waited_for_does_not_pass_at_once(tmp_path: Path) -> None:
    door = door_in(tmp_path, _AT_ONCE)
    get = HttpRequest(agent="a", session="s", host="example.com", port=443, method="GET", path="/")
    assert isinstance(door.pass_(get), Receipt)
    before = told(door)
    for method, path in (("POST", "/"), ("GET", "/asked")):
        assert door.pass_at_once(dataclasses.replace(get, method=method, path=path)) is None
    assert told(door) == before


def test_what_is_denied_is_recorded_and_says_which_line(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(named("evil"))
    assert isinstance(refused, Refused)
    assert refused.what == (
        f"model.sign evil /models/llama key:00: denied by rule never ({tmp_path}/system.yaml:11)"
    )
    assert refused.ask is None
    assert told(door)[1:] == [("decision.made/1", False)]
    with pytest.raises(ActionRefused):
        raise refused.error()


def test_a_section_that_enforces_denies_what_no_rule_knows(tmp_path: Path) -> None:
    refused = door_in(tmp_path, _ASKS).pass_(named("stranger"))
    assert isinstance(refused, Refused)
    assert "section models, which has no rule for it" in refused.what


def test_without_a_document_everything_is_observed_and_let_through(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    decision = door.decide(_SIGN)
    assert (decision.effect, decision.mode) == (Effect.ALLOW, Mode.OBSERVE)
    assert passes(door)


def test_a_section_that_warns_lets_through_and_tells(tmp_path: Path) -> None:
    heard: list[Refused] = []
    door = door_in(tmp_path, _ASKS.replace("mode: enforce", "mode: warn"), told=heard)
    assert passes(door, named("evil"))
    assert [each.what.partition(" (")[0] for each in heard] == [
        "model.sign evil /models/llama key:00: denied by rule never"
    ]


def test_a_held_action_is_refused_with_a_hint_and_a_later_grant_serves_the_retry_once(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(_SIGN)
    assert isinstance(refused, Refused) and refused.ask is not None
    assert refused.what == (
        "model.sign llama /models/llama key:00: must be approved, says rule signing "
        f"({tmp_path}/system.yaml:6): Signatures bind the company."
    )
    assert refused.hint == f"to allow: ringfence approve {refused.ask[:2]}; then try again"
    approve(refused.ask[:2], Answer(), at(door))
    assert [passes(door), passes(door)] == [True, False]
    assert told(door, APPROVALS) == [
        ("ask.opened/1", None),
        ("grant.given/1", None),
        ("grant.used/1", None),
        ("ask.opened/1", None),
    ]


def test_asking_again_opens_no_second_question(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    assert held(door) == held(door)
    assert held(door, named("llama-2")) != held(door)
    assert len(asks(door.approvals, now=door.now(), settled=False).asks) == 2


def test_questions_and_grants_survive_a_restart(tmp_path: Path) -> None:
    first = door_in(tmp_path, _ASKS)
    ask = held(first)
    first.ledger.close()
    second = door_in(tmp_path)
    assert [each.id for each in asks(second.approvals, now=second.now(), settled=False).asks] == [ask]
    approve(ask, Answer(uses=2), at(second))
    second.ledger.close()
    third = door_in(tmp_path)
    assert [passes(third), passes(third), passes(third)] == [True, True, False]


def test_a_grant_is_for_the_fields_its_type_compares_and_no_others(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approve(held(door), Answer(uses=5), at(door))
    assert passes(door, dataclasses.replace(_SIGN, session="another"))
    for field, value in (("name", "llama-2"), ("path", "/models/x"), ("signer", "key:11"), ("agent", "x")):
        assert not passes(door, dataclasses.replace(_SIGN, **{field: value})), field


def test_a_grant_ends_with_its_time(tmp_path: Path) -> None:
    clock = Clock()
    door = door_in(tmp_path, _ASKS, clock=clock)
    approve(held(door), Answer(uses=None, lasts_s=3600), at(door))
    assert passes(door)
    clock.at += timedelta(seconds=3599)
    assert passes(door)
    clock.at += timedelta(seconds=1)
    assert not passes(door)


def test_a_clock_that_is_put_back_brings_no_grant_back_that_was_seen_to_end(tmp_path: Path) -> None:
    clock = Clock()
    door = door_in(tmp_path, _ASKS, clock=clock)
    approve(held(door), Answer(uses=None, lasts_s=3600), at(door))
    clock.at += timedelta(hours=2)
    assert not passes(door)  # and a new question is on record
    clock.at -= timedelta(hours=2)
    assert not passes(door)
    assert grants(door.approvals, now=door.now(), all_=True).grants[0].state == "over"
    approve(held(door), Answer(), at(door))
    assert passes(door)  # what is given now holds, although the record has seen later hours


def test_a_grant_that_is_taken_back_lets_nothing_through(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    grant, _ = approve(held(door), Answer(uses=9), at(door))
    assert passes(door)
    assert revoke(grant.id, "wrong one", at(door)).state == "revoked"
    assert not passes(door)
    with pytest.raises(Answered, match="taken back before"):
        revoke(grant.id, None, at(door))


def test_an_edit_elsewhere_leaves_a_grant_alone_and_an_edit_of_the_rule_ends_it(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approve(held(door), Answer(uses=9), at(door))
    moved = _ASKS.replace("models:", "# a line more\nsources:\n  deny: [evil.example/**]\nmodels:")
    door_in(tmp_path, moved)
    assert passes(door)
    door_in(tmp_path, moved.replace("llama*", "lla*"))
    assert not passes(door)


def test_a_rule_without_a_name_may_move_to_another_line(tmp_path: Path) -> None:
    unnamed = _ASKS.replace("    - id: signing\n      actions", "    - actions")
    door = door_in(tmp_path, unnamed)
    approve(held(door), Answer(uses=9), at(door))
    door_in(tmp_path, "# one\n# two\n" + unnamed)
    assert passes(door)


def test_a_denial_beats_a_grant(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    approve(held(door), Answer(uses=9), at(door))
    door_in(tmp_path, _ASKS.replace("evil*", "llama*"))
    refused = door.pass_(_SIGN)
    assert isinstance(refused, Refused) and "denied by rule never" in refused.what


def test_a_no_holds_for_the_retry_until_the_question_is_over_or_the_operator_thinks_again(
    tmp_path: Path,
) -> None:
    clock = Clock()
    door = door_in(tmp_path, _ASKS, clock=clock)
    ask = held(door)
    deny(ask, "not this one", at(door))
    refused = door.pass_(_SIGN)
    assert isinstance(refused, Refused) and refused.what.endswith("olga said no")
    assert len(asks(door.approvals, now=door.now(), settled=True).asks) == 1
    clock.at += timedelta(days=1)
    assert held(door) != ask
    deny(held(door), None, at(door))
    approve(asks(door.approvals, now=door.now(), settled=True).asks[-1].id, Answer(), at(door))
    assert passes(door)


def test_one_who_waits_goes_on_as_soon_as_somebody_approves(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    opened = threading.Event()
    waiting = dataclasses.replace(
        door, waiting=Waiting(sleep=lambda _seconds: (opened.set(), approved.wait(30))[0])
    )
    approved = threading.Event()
    came: list[object] = []
    thread = threading.Thread(target=lambda: came.append(waiting.pass_(_SIGN, wait_s=30)))
    thread.start()
    assert opened.wait(30)
    approve(asks(door.approvals, now=door.now(), settled=False).asks[0].id, Answer(), at(door))
    approved.set()
    thread.join(30)
    assert isinstance(came[0], Receipt)


def test_one_who_waits_is_refused_when_the_time_is_up_or_somebody_says_no(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    moments = iter([0.0, 1.0, 4.0, 5.0])
    slept: list[float] = []
    waiting = Waiting(monotonic=lambda: next(moments), sleep=slept.append, every_s=2.0)
    assert isinstance(dataclasses.replace(door, waiting=waiting).pass_(_SIGN, wait_s=5), Refused)
    assert slept == [2.0, 1.0]

    def say_no(_seconds: float) -> None:
        deny(asks(door.approvals, now=door.now(), settled=False).asks[0].id, None, at(door))

    refused = dataclasses.replace(door, waiting=Waiting(sleep=say_no)).pass_(_SIGN, wait_s=60)
    assert isinstance(refused, Refused) and refused.what.endswith("olga said no")


def test_a_policy_that_changes_while_one_waits_has_the_last_word(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)

    def allow(_seconds: float) -> None:
        door_in(tmp_path, _ASKS.replace("then: ask", "then: allow"))

    assert isinstance(
        dataclasses.replace(door, waiting=Waiting(sleep=allow)).pass_(_SIGN, wait_s=60), Receipt
    )


def test_who_stops_waiting_withdraws_the_question(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataclasses.replace(door, waiting=Waiting(sleep=interrupt)).pass_(_SIGN, wait_s=60)
    assert asks(door.approvals, now=door.now(), settled=False).asks == ()


def test_what_nobody_could_read_is_refused_and_opens_no_question(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    refused = door.pass_(dataclasses.replace(_SIGN, path="/" + "a" * 60_000))
    assert isinstance(refused, Refused) and "too long for anybody to read" in refused.what
    assert asks(door.approvals, now=door.now(), settled=True).asks == ()


def test_of_two_who_approve_the_second_is_told_who_was_first(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    ask = held(door)
    approve(ask, Answer(), at(door, "olga"))
    with pytest.raises(Answered, match="granted by olga already"):
        approve(ask, Answer(), at(door, "pete"))
    with pytest.raises(Answered, match="granted by olga already"):
        deny(ask, None, at(door, "pete"))
    assert len(grants(door.approvals, now=door.now(), all_=True).grants) == 1


def test_an_id_that_begins_several_names_none(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    ids = iter([b"\x7f\x00\x00\x00", b"\x7f\x00\x00\x01"])
    door = dataclasses.replace(door, randomness=lambda _size: next(ids))
    refused = [door.pass_(named(name)) for name in ("llama-1", "llama-2")]
    assert [each.hint.split()[4] for each in refused if isinstance(each, Refused)] == ["7f;", "7f000001;"]
    for id_ in ("7f", "7f0000", "7", "", "zz"):
        with pytest.raises(Answered, match=r"several begin so|there is none"):
            approve(id_, Answer(), at(door))


_OPERATORS = (
    _ASKS
    + """
operators:
  mode: enforce
  approve:
    - {who: [alice, "group:security"], what: [model.sign], up_to: {uses: 3, lasts: 8h}}
  four_eyes: [model.*]
  break_glass: {who: [bob], lasts: 1h}
  rules:
    - {id: not-mallory, actions: [grant.give], match: {operator: mallory}, then: deny}
"""
)


def test_only_those_whom_the_policy_names_approve_and_only_so_much(tmp_path: Path) -> None:
    door = door_in(tmp_path, _OPERATORS)
    ask = held(door)
    for who, answer in (
        (at(door, "carol"), Answer()),
        (at(door, "carol", "staff"), Answer()),
        (at(door, "alice"), Answer(uses=4)),
        (at(door, "alice"), Answer(uses=None)),
        (at(door, "alice"), Answer(lasts_s=8 * 3600 + 1)),
        (at(door, "mallory", "security"), Answer()),
    ):
        with pytest.raises(ActionRefused):
            approve(ask, answer, who)
    grant, _ = approve(ask, Answer(uses=3, lasts_s=8 * 3600), at(door, "dora", "staff", "security"))
    assert (grant.operator, grant.uses) == ("dora", 3)
    made = [each.event for each in door.ledger.read(types=["decision.made"])]
    given = [e for e in made if isinstance(e, DecisionMade) and e.action["action"] == "grant.give"]
    assert [each.proceeds for each in given] == [*[False] * 6, True]


def test_whoever_asks_for_too_much_hears_how_much_there_is(tmp_path: Path) -> None:
    door = door_in(tmp_path, _OPERATORS)
    ask = held(door)
    for who, answer, hint in (
        (at(door, "alice"), Answer(uses=30), "alice may approve up to 3 uses, 8 hours"),
        (at(door, "dora", "security"), Answer(lasts_s=None), "dora may approve up to 3 uses, 8 hours"),
        (at(door, "carol"), Answer(), "ringfence policy explain says what would turn it"),
        (at(door, "mallory", "security"), Answer(), "ringfence policy explain says what would turn it"),
    ):
        with pytest.raises(ActionRefused) as refused:
            approve(ask, answer, who)
        assert refused.value.hint == hint


def test_an_approval_does_not_pass_the_door_as_any_action_does(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    action = GrantGive(operator="eve", asked_by="eve", action_type="model.sign", uses=None, lasts_s=None)
    with pytest.raises(TypeError):
        door.pass_(action)
    assert told(door) == []


def test_four_eyes_are_two_people(tmp_path: Path) -> None:
    door = door_in(tmp_path, _OPERATORS, asker="alice")
    ask = held(door)
    with pytest.raises(NotAllowed, match="takes four eyes, and you asked for it yourself"):
        approve(ask, Answer(), at(door, "alice"))
    assert approve(ask, Answer(), at(door, "dora", "security"))[0].operator == "dora"


def test_breaking_the_glass_passes_the_rules_for_operators_on_the_record(tmp_path: Path) -> None:
    door = door_in(tmp_path, _OPERATORS, asker="bob")
    ask = held(door)
    emergency = Answer(lasts_s=99_999, note="production is down", in_emergency=True)
    with pytest.raises(NotAllowed, match="does not let you break the glass"):
        approve(ask, emergency, at(door, "alice"))
    grant, _ = approve(ask, emergency, at(door, "bob"))
    assert grant.expires_at is not None and grant.expires_at - grant.given_at < timedelta(hours=1, seconds=9)
    (used,) = [each.event for each in door.ledger.read(types=["break_glass.used"])]
    assert (used.operator, used.grant, used.why.text) == ("bob", grant.id, "production is down")
    assert passes(door)


def test_what_was_done_without_a_receipt_is_not_recorded_as_done(tmp_path: Path) -> None:
    door = door_in(tmp_path, _ASKS)
    receipt = door.pass_(named("own"))
    assert isinstance(receipt, Receipt)
    with pytest.raises(ReceiptRefused):
        door.done(dataclasses.replace(receipt, seq=receipt.seq + 1))
    with pytest.raises(ReceiptRefused):
        door.failed(dataclasses.replace(receipt, seal=bytes(32)), "x")


def test_decisions_of_many_threads_are_each_recorded(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    came: list[object] = []

    def act(number: int) -> None:
        came.extend(
            door.pass_(ListenerAsk(address="127.0.0.1", port=1000 + number * 50 + each)) for each in range(50)
        )

    threads = [threading.Thread(target=act, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    places = {(each.stream, each.seq) for each in came if isinstance(each, Receipt)}
    assert len(places) == 400 == sum(kind == "decision.made/1" for kind, _ in told(door))


def test_an_untold_label_of_where_a_value_came_from_asks_no_second_time(tmp_path: Path) -> None:
    from ringfence.core.actions import Argument, ToolCall
    from ringfence.core.labels import Integrity, Label

    door = door_in(
        tmp_path,
        "version: 1\nagents:\n  mode: enforce\n  rules:\n    - {actions: [tool.call], then: ask}\n",
    )

    def call(source: str, integrity: Integrity = Integrity.USER, text: str = "a@b.c") -> ToolCall:
        label = Label(integrity=integrity, sources=(source,))
        return ToolCall(server="mail", tool="send", arguments=(Argument(name="to", text=text, label=label),))

    approve(held(door, call("event 1")), Answer(uses=9), at(door))
    assert passes(door, call("event 2"))
    assert not passes(door, call("event 2", Integrity.UNTRUSTED))
    assert not passes(door, call("event 2", text="e@b.c"))


def test_host_and_port_are_what_a_grant_for_a_connection_is_for(tmp_path: Path) -> None:
    door = door_in(
        tmp_path,
        "version: 1\nagents:\n  mode: enforce\n  rules:\n    - {actions: [host.connect], then: ask}\n",
    )
    action = HostConnect(host="example.com", port=443)
    approve(held(door, action), Answer(uses=9), at(door))
    assert passes(door, dataclasses.replace(action, program="/usr/bin/curl"))
    assert not passes(door, dataclasses.replace(action, host="example.com.evil.net"))


_NETWORK = """
version: 1
agents:
  mode: observe
  rules:
    - {actions: [http.request], match: {host: open.test}, then: allow}
    - {id: asks, actions: [http.request], match: {host: held.test}, then: ask, mode: warn}
"""


def request(host: str, method: str = "GET", **more: object) -> HttpRequest:
    return HttpRequest(host=host, port=443, method=method, path="/", **more)


def test_a_door_of_boxes_enforces_what_the_policy_only_observes(tmp_path: Path) -> None:
    heard: list[Refused] = []
    lax = door_in(tmp_path, _NETWORK, told=heard)
    strict = dataclasses.replace(lax, enforcing=True)
    hosts = ("open.test", "held.test", "other.test")
    assert [passes(lax, request(each)) for each in hosts] == [True, True, True]
    assert [each.decision.reasons[0].rule for each in heard] == ["asks"]
    assert [passes(strict, request(each)) for each in hosts] == [True, False, False]
    assert len(heard) == 1
    assert [lax.decide(request(each)).may_proceed for each in hosts] == [True, True, True]
    assert [strict.decide(request(each)).may_proceed for each in hosts] == [True, False, False]
    refused = strict.pass_(request("other.test", query=("page=1", "token=x")))
    assert isinstance(refused, Refused)
    assert refused.what == (
        "GET other.test/?page=1&token=[cut]: denied by section agents, which has no rule for it"
    )


def test_a_grant_for_a_request_is_for_its_parameters_and_operations_too(tmp_path: Path) -> None:
    door = dataclasses.replace(door_in(tmp_path, _NETWORK), enforcing=True)
    action = request("held.test", query=("page=1",), operations=("mutation.addStar",))
    approve(held(door, action), Answer(uses=9), at(door))
    assert passes(door, dataclasses.replace(action, program="/usr/bin/curl"))
    assert not passes(door, dataclasses.replace(action, query=("page=2",)))
    assert not passes(door, dataclasses.replace(action, query=None))
    assert not passes(door, dataclasses.replace(action, operations=("mutation.addStar", "mutation.x")))


def test_only_what_changes_something_must_be_on_the_disk_before(tmp_path: Path) -> None:
    door = door_in(tmp_path)
    asked: list[Durability] = []

    class Watched:
        def append(self, event: object, *, stream: str, durability: Durability, **more: object) -> object:
            asked.append(durability)
            return door.ledger.append(event, stream=stream, durability=durability, **more)

    watched = dataclasses.replace(door, ledger=Watched())
    for method in ("GET", "HEAD", "OPTIONS", "POST", "get", "TRACE"):
        receipt = watched.pass_(request("open.test", method))
        assert isinstance(receipt, Receipt)
        watched.done(receipt)
    reading, changing = [Durability.WRITTEN] * 2, [Durability.FSYNC] * 2
    assert asked == [*reading * 3, *changing * 3]


def test_a_connection_that_nobody_reads_takes_a_grant_of_its_own(tmp_path: Path) -> None:
    door = door_in(
        tmp_path,
        "version: 1\nagents:\n  mode: enforce\n  rules:\n"
        "    - {actions: [host.connect], match: {raw: true}, then: ask}\n"
        "    - {actions: [host.connect], match: {raw: false}, then: ask}\n",
    )
    action = HostConnect(host="example.com", port=443)
    approve(held(door, action), Answer(uses=9), at(door))
    assert passes(door, action)
    assert not passes(door, dataclasses.replace(action, raw=True))
