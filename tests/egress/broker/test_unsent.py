"""What a program would have asked of a host that is not granted is recorded for whoever learns from it."""

from pathlib import Path

from broker_scene import Scene, policy
from ringfence.egress.messages import OpenSession, Refused, SessionOpened, Unsent
from ringfence.ledger.events.decision_made import DecisionMade

_GRANTED = "{host: api.example.com}"


async def _open(scene: Scene, session: str = "s1", *, learns: bool) -> None:
    asked = OpenSession(session=session, agent="claude", folder=str(scene.folder / "tree"), learns=learns)
    answer, _ = await scene.broker.daemon_asks(asked, ())
    assert isinstance(answer, SessionOpened), answer


def _unsent(target: str = "/x?q=1", *, host: str = "other.example.com", session: str = "s1") -> Unsent:
    return Unsent(session=session, host=host, port=443, method="POST", target=target)


def _recorded(scene: Scene, session: str = "s1") -> list[tuple[object, ...]]:
    return [
        (
            each.action["host"],
            each.action["method"],
            each.action["path"],
            list(each.action["query"]),
            each.proceeds,
        )  # type: ignore[call-overload]
        for each in scene.recorded(f"session/{session}")
        if isinstance(each, DecisionMade)
    ]


def _told(tmp_path: Path, *messages: Unsent, learns: bool = True) -> tuple[Scene, list[object]]:
    scene = Scene(tmp_path, policy(("api.example.com", 1), folder=tmp_path, network=_GRANTED))
    answers: list[object] = []

    async def act(scene: Scene) -> None:
        await _open(scene, learns=learns)
        answers.extend([(await scene.proxy.ask(each))[0] for each in messages])

    scene.play(act)
    return scene, answers


def test_a_request_is_recorded_as_denied_once(tmp_path: Path) -> None:
    scene, answers = _told(tmp_path, _unsent(), _unsent(), _unsent("/y"))
    assert all(isinstance(each, Refused) for each in answers)
    assert _recorded(scene) == [
        ("other.example.com", "POST", "/x", ["q=1"], False),
        ("other.example.com", "POST", "/y", [], False),
    ]


def test_nothing_is_recorded_of_a_session_that_nobody_learns_from(tmp_path: Path) -> None:
    scene, _ = _told(tmp_path, _unsent(), learns=False)
    assert _recorded(scene) == []


def test_what_is_granted_or_no_request_is_not_recorded(tmp_path: Path) -> None:
    odd = (
        _unsent(host="api.example.com"),
        _unsent(host="Other.example.com"),
        _unsent("x"),
        _unsent(session="s2"),
    )
    scene, _ = _told(tmp_path, *odd)
    assert _recorded(scene) == []


def test_no_more_are_recorded_than_are_told_apart(tmp_path: Path) -> None:
    scene = Scene(tmp_path, policy(("api.example.com", 1), folder=tmp_path, network=_GRANTED))

    async def act(scene: Scene) -> None:
        await _open(scene, learns=True)
        known = scene.broker.core.sessions["s1"].unsent
        assert known is not None
        known |= {("", number, "", "") for number in range(4_096)}
        await scene.proxy.ask(_unsent())

    scene.play(act)
    assert _recorded(scene) == []
