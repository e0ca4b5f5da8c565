"""A hostile program in a home that is kept: what it plants there, and takes along, for whoever comes next."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from egress.upstream_servers import Handler
from real.running import PATIENCE_S, USERS, Place, appears, left, place, until
from real.world import Host, host, lead
from ringfence.app.running import homes
from ringfence.sandbox import home_copies, home_files, kept_homes

_KEPT = "version: 1\nagents: {profiles: {sh: {sandbox: {home: kept}}}}\n"
_TOKEN = "tok-0123456789abcdefghijklmnopqrstuvwxyz"
_LOGIN = {"accessToken": _TOKEN, "expiresAt": 4_102_444_800_000, "scopes": ["user:inference"]}
_FILE = ".claude/.credentials.json"
_FOLLOWING = os.O_PATH | os.O_CLOEXEC


class _Api(Handler):
    """Keeps what came as a token."""

    came: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:  # noqa: N802
        self.came.append(self.headers.get("Authorization"))
        self.answer(b"{}")


def _follows_links() -> None:
    home_files._PATH = _FOLLOWING | os.O_DIRECTORY
    home_copies._PATH = _FOLLOWING


def _leaves_logins() -> None:
    homes.remove_login_files = lambda home: None


def _login(here: Place) -> None:
    folder = here.own(here.home / ".claude", make=True)
    path = folder / ".credentials.json"
    path.write_text(json.dumps({"claudeAiOauth": _LOGIN}))
    path.chmod(0o600)
    here.own(path)
    assert here.ringfence("vault", "adopt", "--yes").exit == 0


def _give(here: Place, api: Host, *, credential: bool) -> None:
    credentials = "{name: claude-code, host: api.anthropic.com}" if credential else ""
    kept = "    sh: {sandbox: {home: kept}}"
    lead(here, api, network="{host: api.anthropic.com}", credentials=credentials, more=kept)


def _home(here: Place) -> Path:
    (found,) = (here.home / ".local/state/ringfence/homes").iterdir()
    return found / "home"


@pytest.mark.parametrize("is_defended", [True, False])
@pytest.mark.parametrize("user", USERS)
def test_a_session_without_the_login_finds_nothing_of_one_that_had_it(user: str, is_defended: bool) -> None:
    before = () if is_defended else (_leaves_logins,)
    with place(user) as here, host("api.anthropic.com", _Api) as api:
        _login(here)
        _give(here, api, credential=True)
        assert "claudeAiOauth" in here.sh(f"cat ~/{_FILE}", before=before).out
        assert (_home(here) / _FILE).exists() != is_defended
        _give(here, api, credential=False)
        assert (here.sh(f"cat ~/{_FILE}", before=before).exit == 0) != is_defended


@pytest.mark.parametrize("is_defended", [True, False])
def test_what_a_killed_supervisor_left_of_a_login_the_next_session_does_not_find(is_defended: bool) -> None:
    with place() as here, host("api.anthropic.com", _Api) as api:
        _login(here)
        _give(here, api, credential=True)
        process = here.start("run", "--", "sh", "-c", "echo > begun; exec sleep 1000")
        appears(here.tree / "begun")
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_S)
        until(lambda: not any("sleep" in each for each in left(str(here.tree))), "the end of the box")
        assert (_home(here) / _FILE).exists()
        _give(here, api, credential=False)
        found = here.sh(f"cat ~/{_FILE}", before=() if is_defended else (_leaves_logins,))
        assert (found.exit == 0) != is_defended


def test_a_session_beside_has_a_login_of_its_own_and_none_of_the_other_s() -> None:
    with place() as here, host("api.anthropic.com", _Api) as api:
        _login(here)
        _give(here, api, credential=True)
        process = here.start("run", "--", "sh", "-c", f"cp ~/{_FILE} first; echo > begun; exec sleep 1000")
        appears(here.tree / "begun")
        assert here.sh(f"cp ~/{_FILE} second").exit == 0
        assert (here.tree / "first").read_text() != (here.tree / "second").read_text()
        _give(here, api, credential=False)
        assert here.sh(f"cat ~/{_FILE}").exit == 1, "the copy is without it"
        here.ringfence("kill", "--all")
        process.communicate(timeout=PATIENCE_S)


def test_a_placeholder_that_a_program_kept_is_worth_nothing_to_the_next_session() -> None:
    _Api.came.clear()
    ask = """
        token=$(sed 's/.*"accessToken": *"\\([^"]*\\)".*/\\1/' $1)
        curl -sS -o /dev/null -H "Authorization: Bearer $token" https://api.anthropic.com/v1/models
    """
    with place() as here, host("api.anthropic.com", _Api) as api:
        _login(here)
        _give(here, api, credential=True)
        here.write("ask", ask)
        assert here.sh(f"cp ~/{_FILE} ~/stolen; sh ./ask ~/stolen").exit == 0
        assert _Api.came == [f"Bearer {_TOKEN}"], "in its own session it is worth something"
        here.sh("sh ./ask ~/stolen")
        assert _Api.came.count(f"Bearer {_TOKEN}") == 1


@pytest.mark.parametrize("is_defended", [True, False])
@pytest.mark.parametrize("user", USERS)
def test_a_planted_link_does_not_lead_files_of_logins_out_of_the_home(user: str, is_defended: bool) -> None:
    before = () if is_defended else (_follows_links, _leaves_logins)
    with place(user) as here, host("api.anthropic.com", _Api) as api:
        _login(here)
        _give(here, api, credential=True)
        outside = here.own(here.home / "outside", make=True)
        here.sh(f"rm -rf ~/.claude; ln -s {outside} ~/.claude")
        done = here.sh("true", before=before)
        assert [each.name for each in outside.iterdir()] == ([] if is_defended else [".credentials.json"])
        assert done.exit == (125 if is_defended else 0), done
        if is_defended:
            assert f"ringfence forget --homes {_home(here).parent.name}" in done.err
            assert (
                len(here.document("run", "--report")["sessions"]) == 1
            )  # the one that could not start is gone
            assert here.ringfence("forget", "--homes", "--yes", "sh").exit == 0
            assert here.sh("true").exit == 0


@pytest.mark.parametrize("is_defended", [True, False])
@pytest.mark.parametrize("user", USERS)
def test_a_copy_holds_nothing_of_what_planted_links_lead_to(user: str, is_defended: bool) -> None:
    with place(user) as here:
        here.policy(_KEPT)
        secret = here.own(here.home / "secret", make=True)
        (secret / "key").write_text("of the host\n")
        here.own(secret / "key")
        plant = f"ln -s {secret} ~/a; ln -s {secret}/key ~/b; echo > begun; exec sleep 1000"
        process = here.start("run", "--", "sh", "-c", plant)
        appears(here.tree / "begun")
        found = here.sh("cat ~/a/key ~/b", before=() if is_defended else (_follows_links,))
        assert found.out == ("" if is_defended else "of the host\n" * 2)
        here.ringfence("kill", "--all")
        process.communicate(timeout=PATIENCE_S)


def test_what_is_exchanged_while_it_is_copied_is_one_or_the_other() -> None:
    exchange = """
import os
os.chdir(os.environ["HOME"])
while True:
    os.symlink(SECRET, "link"); os.rename("link", "a")
    open("file", "w").write("own"); os.rename("file", "a")
    open("BEGUN", "a")
"""
    with place() as here:
        here.policy(_KEPT)
        secret = here.home / "secret"
        secret.write_text("of the host\n")
        here.own(secret)
        script = exchange.replace("SECRET", repr(str(secret))).replace("BEGUN", str(here.tree / "begun"))
        here.write("exchange.py", script)
        process = here.start("run", "--", "sh", "-c", "exec python3 exchange.py")
        until((here.tree / "begun").exists, "the exchange")
        for _ in range(5):
            assert here.sh("cat ~/a").out in ("", "own")
        here.ringfence("kill", "--all")
        process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("user", USERS)
def test_a_home_that_was_closed_and_filled_with_what_waits_is_had_all_the_same(user: str) -> None:
    close = """
        rm -f ~/.gitconfig; mkfifo ~/.gitconfig ~/pipe ~/.netrc; mkdir -p ~/.config/x; chmod 0 ~/.config/x
        truncate -s 8G ~/hole; echo kept > ~/state; chmod 0 ~
    """
    with place(user) as here:
        here.policy(_KEPT)
        assert here.sh(close).exit == 0
        process = here.start("run", "--", "sh", "-c", "cat ~/state > begun; exec sleep 1000")
        assert appears(here.tree / "begun") == "kept\n"
        beside = here.sh("echo ~/*")
        assert (beside.exit, "too large to copy" in beside.err) == (0, True)
        here.ringfence("kill", "--all")
        process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("user", USERS)
def test_a_box_finds_no_other_home_that_is_kept(user: str) -> None:
    with place(user) as here:
        here.policy(_KEPT.replace("sh:", '"*":'))
        here.sh("echo kept > ~/mark-of-the-tree")
        other = here.own(here.tree / "other", make=True)
        search = "ls ~/.local/state/ringfence; find / -name 'mark-of-*' -not -path '/proc/*' 2>/dev/null"
        assert here.sh(search, folder=other).out == ""


def _knows_paths_alone() -> None:
    kept_homes.tree_id = lambda _tree: ""


@pytest.mark.parametrize("is_defended", [True, False])
@pytest.mark.parametrize("user", USERS)
def test_what_a_repository_planted_is_not_there_for_another_one_at_its_path(
    user: str, is_defended: bool
) -> None:
    before = () if is_defended else (_knows_paths_alone,)
    with place(user) as here:
        here.policy(_KEPT)
        here.sh("echo hook > ~/.settings", before=before)
        kept = _home(here).parent.name
        shutil.rmtree(here.tree)
        here.own(here.tree, make=True)
        done = here.sh("cat ~/.settings", before=before)
        assert (done.out == "hook\n") != is_defended
        told = "another folder was here when sh last had a home: it has a new one; the old one stays until "
        assert (f"{told}ringfence forget --homes {kept}" in done.err) == is_defended
        assert here.sh("echo own > ~/.settings", before=before).err == "", "it is told once"
        assert here.ringfence("forget", "--homes", "--yes", kept).exit == 0
        assert (here.sh("cat ~/.settings", before=before).out == "own\n") == is_defended


def test_a_session_whose_home_cannot_be_had_is_forgotten_again() -> None:
    with place() as here:
        here.policy(_KEPT)
        assert here.sh("true").exit == 0
        homes = _home(here).parent.parent
        homes.rename(homes.with_name("gone"))
        homes.symlink_to("gone")
        assert here.sh("true").exit == 125
        assert len(here.document("run", "--report")["sessions"]) == 1
