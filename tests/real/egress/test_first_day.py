"""A first ordinary day of an agent whose user has written no policy: what an operator is asked."""

import subprocess
from pathlib import Path

import pytest

from real.git_host import git_host
from real.package_servers import OpenIndex, OpenRegistry
from real.running import USERS, Place, place, until
from real.scripted_model import Model
from real.world import host, lead_only

_KEY = "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyz"
_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_PIP = "env PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl) /usr/bin/python3 -m pip"
_MOST_ASKS = 3
_SETTINGS = {
    ".npmrc": "registry=https://npm.example.com/\n",
    ".config/pip/pip.conf": "[global]\nindex-url = https://pip.example.com/simple\n",
    ".config/gh/hosts.yml": f"github.com:\n    oauth_token: {_TOKEN}\n",
}
_DAY = f"""
    set -e
    think() {{
        curl -sSf -o /dev/null -H "x-api-key: $ANTHROPIC_API_KEY" -d '{{"messages": []}}' \\
            https://api.anthropic.com/v1/messages
    }}
    work() {{ think; echo "$1" >> file.txt; git commit -q -a -m "$1"; think; git push -q origin agent/day; }}
    think
    git fetch -q origin
    git clone -q https://github.com/org/repo.git second
    git switch -q -c agent/day
    npm install --loglevel=error --no-audit --no-fund one
    {_PIP} install -q --no-cache-dir --disable-pip-version-check --root-user-action ignore --target there one
    for part in one two three four; do work $part; git fetch -q origin; done
    git log --format=%s origin/agent/day
"""


@pytest.mark.parametrize("user", USERS[-1:])
def test_an_operator_is_asked_at_most_three_times(
    user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "org/repo.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    with (
        place(user, repository=True) as here,
        host("github.com", git_host(tmp_path, token=_TOKEN)) as git,
        host("npm.example.com", OpenRegistry) as npm,
        host("pip.example.com", OpenIndex) as pip,
        host("api.anthropic.com", Model) as model,
    ):
        lead_only(here, git, npm, pip, model)
        for name, text in _SETTINGS.items():
            here.write_at_home(name, text)
        here.git("bundle", "create", "-q", "../home/bundle", "main")
        subprocess.run(["git", "fetch", "-q", here.home / "bundle", "main:main"], cwd=bare, check=True)
        here.git("remote", "add", "origin", "git@github.com:org/repo.git")
        command = ("run", "--adopt", "--agent", "claude", "--", "sh", "-c", _DAY)
        running = here.start(*command, environment={"ANTHROPIC_API_KEY": _KEY})
        _answer_all(here, running)
        out, err = running.communicate(timeout=60)
        assert (running.returncode, out.decode().split()[-5:]) == (
            0,
            ["four", "three", "two", "one", "one"],
        ), err
        asked = here.document("asks", "--stats")["asked"]
        assert asked <= _MOST_ASKS
        with capsys.disabled():
            print(f"\na first day of git, npm, pip and one model: {asked} questions")


def _answer_all(here: Place, running: "subprocess.Popen[bytes]") -> None:
    """An operator who trusts the agent with what it asks for, for today."""

    def waiting() -> list[str]:
        return (
            ["over"] if running.poll() is not None else [each["id"] for each in here.document("asks")["asks"]]
        )

    while (ids := until(waiting, "a question")) != ["over"]:
        for each in ids:
            here.free("approve", each, "--uses", "20", "--for", "8h")
