import asyncio
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from ringfence.core.decisions import Obligation, ObligationKind, Place
from ringfence.egress.broker.budgets import Spending
from ringfence.egress.messages import CloseSession, Refused
from ringfence.ledger.events.egress_carried import EgressCarried
from ringfence.policy.egressing import Budgets
from ringfence.policy.values import Bound, Rate

AT = Place(file="a.yaml", line=1)


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def _limit(unit: str, amount: int, per: str) -> Obligation:
    return Obligation(kind=ObligationKind.LIMIT, unit=unit, amount=amount, per=per)


def test_requests_are_counted_within_their_time() -> None:
    clock = Clock()
    spending = Spending(clock=clock)
    granted = Budgets(requests=(Rate(amount=2, per="minute", at=AT), Rate(amount=3, per="session", at=AT)))
    assert [spending.request(granted) is None for _ in range(3)] == [True, True, False]
    clock.s = 60
    assert [spending.request(granted) is None for _ in range(2)] == [True, False]
    clock.s = 10**6
    assert spending.request(granted) is not None  # a session has no end


@pytest.mark.parametrize("which", ["sent", "received"])
def test_bytes_are_counted_to_their_bound(which: str) -> None:
    spending = Spending(clock=Clock())
    granted = Budgets(**{f"{which}_bytes": Bound(amount=10, at=AT)})
    setattr(spending, which, 9)
    assert spending.bytes(granted) is None
    setattr(spending, which, 10)
    spent = spending.bytes(granted)
    assert spent is not None
    assert spent.what == f"the session's 10 bytes {which} are used up"


@pytest.mark.parametrize("per", ["minute", "hour", "day", "session"])
def test_each_rules_calls_are_its_own(per: str) -> None:
    spending = Spending(clock=Clock())
    limit = [_limit("calls", 1, per)]
    assert spending.limits("a", limit) is None
    assert spending.limits("b", limit) is None
    assert spending.limits("a", limit) is not None


@pytest.mark.parametrize("obligation", [_limit("usd-micro", 250_000, "day"), _limit("bytes", 5, "hour")])
def test_what_nobody_can_count_is_refused(obligation: Obligation) -> None:
    spent = Spending(clock=Clock()).limits("a", [obligation])
    assert spent is not None
    assert "which nobody can count here" in spent.what
    assert ("0.25 USD for each day" in spent.what) == (obligation.unit == "usd-micro")


def test_other_obligations_are_somebody_elses() -> None:
    other = Obligation(kind=ObligationKind.RECORD_IN_FULL)
    assert Spending(clock=Clock()).limits("a", [other]) is None


@pytest.mark.parametrize("per", ["hour", "session"])
@pytest.mark.parametrize("is_of_rule", [True, False], ids=["a rule's", "all"])
def test_a_session_that_goes_on_has_used_up_what_it_had_before(
    tmp_path: Path, per: str, is_of_rule: bool
) -> None:
    rate = f", rate: 2/{per}" if is_of_rule else ""
    with server(tmp_path) as host:
        leads = ("api.example.com", host.port)
        one = f"{{name: one, host: api.example.com{rate}}}"
        text = policy(leads, folder=tmp_path, network="{host: api.example.com}", credentials=one)
        scene = Scene(tmp_path, text if is_of_rule else text.replace("1000000/minute", f"2/{per}"))
        scene.keep("bearer", "api.example.com")
        said = []

        async def act(scene: Scene) -> None:
            for session in ("s1", "s1", "s2"):
                await scene.open(session)
                connection = await scene.connection(session=session)
                for _ in range(3 if session == "s1" else 1):
                    token = scene.broker.core.sessions[session].given["one"]["token"]
                    asked = request(headers={"Authorization": f"Bearer {token}"})
                    head, _ = await scene.exchange(connection, asked)
                    said.append("" if not isinstance(head, Refused) else head.what.rpartition(" ")[2])

        scene.play(act)
        assert said == ["", "", "up", "up", "up", "up", ""]
        assert len(host.requests) == 3


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("sent: 300 B", "the session's 300 bytes sent are used up"),
        ("received: 4 B", "the session's 4 bytes received are used up"),
    ],
)
def test_bytes_are_recorded_while_they_are_carried_and_when_a_session_ends(
    tmp_path: Path, bound: str, said: str
) -> None:
    async def recorded(scene: Scene, sent: int, received: int) -> None:
        while True:
            events = [each for each in scene.recorded() if isinstance(each, EgressCarried)]
            found = sum(each.sent_bytes for each in events), sum(each.received_bytes for each in events)
            if found == (sent, received):
                return
            await asyncio.sleep(0.05)

    async def act(scene: Scene) -> None:
        await scene.open()
        connection, asked = await scene.connection(), request("/", "POST", b"x" * 150)
        budgets = scene.broker.core.sessions["s1"].budgets
        await scene.exchange(connection, asked)
        await recorded(scene, budgets.sent, 2)
        await scene.exchange(connection, asked)
        await scene.broker.daemon_asks(CloseSession(session="s1"), ())
        await recorded(scene, budgets.sent, 4)
        await scene.open()
        refused, _ = await scene.arrive()
        assert isinstance(refused, Refused)
        assert refused.what == said

    with server(tmp_path) as host:
        network = "{host: api.example.com, methods: [POST]}"
        text = policy(("api.example.com", host.port), folder=tmp_path, network=network, egress=bound)
        Scene(tmp_path, text).play(act)
