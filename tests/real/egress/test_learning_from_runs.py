"""What a run was refused becomes a policy by which the same run passes, and no wider one."""

from pathlib import Path

import pytest

from real.running import USERS, Place, place
from real.world import host, lead

_SCRIPT = """
    curl -sf https://api.example.com/v1/one && curl --http1.1 -sf https://api.example.com/v1/two &&
    curl -sf 'https://api.example.com/v1/three?page=2' && curl -sf -d x=1 https://api.example.com/v2/jobs
"""


def _taken_over(here: Place, proposal: str) -> None:
    """The proposal's profile beside what the user has; a place's policy leads names to its hosts."""
    path = here.home / ".config/ringfence/ringfence.yaml"
    text = path.read_text()
    profile = proposal[proposal.index("  profiles:\n") + len("  profiles:\n") :]
    here.policy(f"{text.rstrip()}\n{profile}")


@pytest.mark.parametrize("user", USERS)
def test_the_same_run_passes_by_what_was_proposed(user: str) -> None:
    with place(user) as here, host("api.example.com") as api:
        lead(here, api, network="")
        refused = here.ringfence("run", "--learn", "--", "sh", "-c", _SCRIPT.replace("&&", ";"))
        assert refused.exit != 0
        assert "none of it is in force" in refused.err
        proposal = here.ringfence("policy", "learn", here.session())
        assert proposal.exit == 0, proposal
        assert proposal.out.strip() in refused.err
        assert '"methods": ["GET"]' in proposal.out or 'methods: ["GET"]' in proposal.out
        (here.tree / "learned.yaml").write_text(proposal.out)
        here.own(here.tree / "learned.yaml")
        checked = here.ringfence("policy", "check", "learned.yaml")
        assert checked.exit == 0, checked
        assert here.sh(_SCRIPT).exit != 0, "nothing of it was in force"
        _taken_over(here, proposal.out)
        done = here.sh(_SCRIPT)
        assert done.exit == 0, (done, proposal.out)
        done = here.sh(
            "curl -s -o /dev/null -w '%{http_code} ' https://api.example.com/v3 "
            "https://api.example.com/ -d x=1 https://api.example.com/v1/one"
        )
        assert "200" not in done.out, done


def test_there_is_something_to_learn_where_no_policy_is(tmp_path: Path) -> None:
    with place() as here:
        here.needs_ringfence()
        done = here.ringfence("run", "--learn", "--", "curl", "-s", "https://api.example.com/x")
        assert 'host: "api.example.com"' in done.err, done
        assert '/x"' in done.err


def test_a_known_agent_keeps_what_is_built_in_of_it() -> None:
    with place() as here, host("api.anthropic.com") as model, host("more.example.com") as more:
        here.needs_ringfence()
        lead(here, model, more, network="")
        script = "curl -sf https://api.anthropic.com/v1/models && curl -sf https://more.example.com/x"
        refused = here.ringfence("run", "--learn", "--agent", "claude", "--", "sh", "-c", script)
        assert refused.exit != 0
        proposal = here.ringfence("policy", "learn", here.session()).out
        assert "api.anthropic.com" not in proposal
        _taken_over(here, proposal)
        done = here.ringfence("run", "--agent", "claude", "--", "sh", "-c", script)
        assert done.exit == 0, (done, proposal)


def test_a_session_that_nobody_has_is_said_to_be_none() -> None:
    with place() as here:
        done = here.ringfence("policy", "learn", "0000")
        assert (done.exit != 0, done.out) == (True, "")
        assert "no session is called so" in done.err
