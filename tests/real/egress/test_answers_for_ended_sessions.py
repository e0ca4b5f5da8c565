"""An operator answers for a session that has ended: what that means is said, and nobody else has it."""

import pytest

from real.running import USERS, Place, place, until
from real.world import Host, host, lead

_CURL = ("curl", "-sS", "-w", "%{http_code}", "-o", "/dev/null", "https://api.example.com/x", "-m")
_ASKS, _WAITS = (*_CURL, "2"), (*_CURL, "60")
_RULE = """  rules:
    - {id: asks, actions: [http.request], match: {host: api.example.com}, then: ask}
"""


def _lead(here: Place, api: Host) -> None:
    lead(here, api, network="{host: api.example.com}", more=_RULE)


def _asked(here: Place) -> tuple[str, str]:
    """A question whose session has ended meanwhile, and that session's name."""
    assert here.run(*_ASKS).exit == 28  # curl waits no longer
    (ask,) = here.document("asks")["asks"]
    return ask["id"], here.session()


@pytest.mark.parametrize("user", USERS[:1])
def test_a_yes_is_for_whoever_goes_on_with_the_session_and_for_no_other(user: str) -> None:
    with place(user) as here, host("api.example.com") as api:
        _lead(here, api)
        ask, session = _asked(here)
        done = here.ringfence("approve", ask)
        said = "its session has ended: the yes is for whoever goes on: ringfence run --resume"
        assert (done.exit, done.err.splitlines()[-1]) == (0, f"ringfence: warning: {said} {session}")
        assert here.run(*_ASKS).exit == 28  # another session, and a question of its own
        resumed = here.ringfence("run", "--resume", session)
        assert (resumed.exit, resumed.out) == (0, "200"), resumed


def test_the_yes_for_one_that_runs_says_nothing_of_an_end() -> None:
    with place() as here, host("api.example.com") as api:
        _lead(here, api)
        running = here.start("run", "--", *_WAITS)
        (ask,) = until(lambda: here.document("asks")["asks"], "a question")
        done = here.ringfence("approve", ask["id"])
        assert (done.exit, "its session has ended" in done.err) == (0, False)
        out, _ = running.communicate(timeout=60)
        assert out == b"200"


def test_the_question_of_a_session_that_was_killed_cannot_be_answered() -> None:
    with place() as here, host("api.example.com") as api:
        _lead(here, api)
        running = here.start("run", "--", *_WAITS)
        (ask,) = until(lambda: here.document("asks")["asks"], "a question")
        assert here.ringfence("kill", "--all").exit == 0
        running.communicate(timeout=60)
        done = here.ringfence("approve", ask["id"])
        assert (done.exit, done.err.splitlines()[-2]) == (
            1,
            f"ringfence: error: question {ask['id']} is withdrawn already",
        )
        assert here.document("grants", "--all")["grants"] == []


def test_a_grant_whose_time_is_over_lets_nothing_more_through() -> None:
    with place() as here, host("api.example.com") as api:
        _lead(here, api)
        ask, session = _asked(here)
        assert here.ringfence("approve", ask, "--uses", "100", "--for", "1s").exit == 0
        until(lambda: not here.document("grants")["grants"], "its end")
        resumed = here.ringfence("run", "--resume", session)
        assert (resumed.exit, resumed.out) == (28, "000"), resumed
        (over,) = here.document("grants", "--all")["grants"]
        assert (over["state"], over["used"]) == ("over", 0)
