"""Claude Code and Codex in a box: they start, and one works with a model that says what is written down."""

from pathlib import Path

import pytest

from real.node_programs import CLAUDE, CODEX, MODULES, needs_programs
from real.running import USERS, Place, place

_MODEL = Path(__file__).resolve().parents[1] / "scripted_model.py"


def _give(here: Place, agent: str, program: Path) -> None:
    """Lets the agent read where it is installed."""
    needs_programs(agent, program)
    files = f'{{read: ["**", "{MODULES}/**"], write: ["**"]}}'
    here.policy(f"version: 1\nagents:\n  profiles:\n    {agent}: {{files: {files}}}\n")


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(("agent", "program"), [("claude", CLAUDE), ("codex", CODEX)])
def test_an_agent_starts(user: str, agent: str, program: Path) -> None:
    with place(user) as here:
        _give(here, agent, program)
        here.needs_ringfence()  # known agents have a way out
        done = here.run(str(program), "--version")
        assert (done.exit, agent in done.out.lower()) == (0, True), done
        report = here.report()
        assert (report["agent"], report["refused"]) == (agent, [])


@pytest.mark.parametrize("user", USERS)
def test_claude_code_works_in_the_tree_and_is_refused_what_acts_outside(user: str) -> None:
    with place(user, repository=True) as here:
        here.needs_ringfence()
        _give(here, "claude", CLAUDE)
        here.write("model.py", _MODEL.read_text())
        agent = (str(CLAUDE), "-p", "do it", "--dangerously-skip-permissions")
        command = ("/usr/bin/python3", "model.py", *agent)
        done = here.ringfence("run", "--agent", "claude", "--", *command)
        assert (done.exit, done.out) == (0, "all is done\n"), done
        assert (here.tree / "made").read_text() == "made by the agent\n"
        assert here.names() == [".git", "file.txt", "made", "model.py"]
        assert not (here.home / ".claude").exists(), "its state is the session's"
        name = here.session()
        again = here.ringfence("run", "--resume", name, "--", "sh", "-c", "ls -A ~")
        assert ".claude" in again.out.split()
