"""Logins found in a home, and taken in with consent."""

import json
from pathlib import Path

from ringfence.app.vault.adopting import Offer, Places, adopt, halves, offers
from ringfence.app.vault.keeping import Keeper
from vaults import TOKEN, keeper_in, put

_CLAUDE = {"claudeAiOauth": {"refreshToken": "sk-ant-ort01-BBBB2222"}}


def _home(folder: Path) -> dict[str, str]:
    """A home with logins; its files."""
    files = {
        ".claude/.credentials.json": json.dumps(_CLAUDE),
        ".config/gh/hosts.yml": "github.com:\n  user: ann\nghe.example.org:\n  oauth_token: gho_BBBB2222\n",
        ".netrc": "machine git.example.org login ann password correct-horse\n",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return files


def _places(folder: Path, **environment: str) -> Places:
    kept = {("gh:github.com", ""): TOKEN}
    return Places(
        home=folder, environment=environment, keyring=lambda service, name: kept.get((service, name))
    )


def _adopted(keeper: Keeper, places: Places, *wanted: str) -> dict[str, str | None]:
    def asked(offer: Offer) -> bool:
        return offer.found.name in wanted

    taken = adopt(keeper, offers(keeper, places), wanted=asked)
    return {each.name: each.skipped for each in taken.values}


def test_everything_is_found_and_said_where(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _home(home)
    found = offers(
        keeper_in(tmp_path), _places(home, GH_TOKEN="gho_AAAA1111", PATH="/bin", OPENAI_API_KEY="")
    )
    assert [(each.where.removeprefix(f"{home}/"), each.found.name) for each in found] == [
        ("environment", "GH_TOKEN"),
        (".claude/.credentials.json", "claude-code"),
        (".config/gh/hosts.yml", "gh/ghe.example.org"),
        ("keyring, gh:github.com", "gh/github.com"),
        (".netrc", "netrc/git.example.org"),
    ]
    assert TOKEN not in repr(found) and "correct-horse" not in repr(found)


def test_what_is_wanted_is_taken_and_all_files_stay(tmp_path: Path) -> None:
    home = tmp_path / "home"
    files = _home(home)
    keeper = keeper_in(tmp_path)
    went = _adopted(keeper, _places(home), "gh/github.com", "claude-code")
    assert went == {
        "claude-code": None,
        "gh/ghe.example.org": "not asked for",
        "gh/github.com": None,
        "netrc/git.example.org": "not asked for",
    }
    assert [each.name for each in keeper.entries()] == ["claude-code", "gh/github.com"]
    credential = keeper.vault.credential("gh/github.com", recorded=keeper.recorded())
    assert credential.authentication.token.reveal().decode() == TOKEN
    assert {path: (home / path).read_text() for path in files} == files


def test_nobody_is_asked_twice_about_the_same(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _home(home)
    keeper = keeper_in(tmp_path)
    put(keeper, name="claude-code")
    asked: list[str] = []
    adopt(keeper, offers(keeper, _places(home)), wanted=lambda each: bool(asked.append(each.found.name)))
    assert asked == ["gh/ghe.example.org", "gh/github.com", "netrc/git.example.org"]


def test_variables_say_where_programs_keep_their_files(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".credentials.json").write_text(json.dumps(_CLAUDE))
    found = offers(keeper_in(tmp_path), _places(tmp_path / "home", CLAUDE_CONFIG_DIR=str(other)))
    assert [each.where for each in found] == [str(other / ".credentials.json")]


def test_what_is_no_credential_is_left_and_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine git.example.org login ann password short\n")
    keeper = keeper_in(tmp_path)
    taken = adopt(keeper, offers(keeper, _places(home)), wanted=lambda _each: True)
    (went,) = taken.values
    assert went.skipped is not None and "fewer than 8" in went.skipped
    assert not taken.complete and keeper.entries() == ()


def test_a_login_that_is_only_half_written_is_said_and_nothing_of_it_is_taken(tmp_path: Path) -> None:
    """Wherever it breaks off; the others are taken all the same."""
    home = tmp_path / "home"
    _home(home)
    whole = json.dumps(_CLAUDE)
    for length in range(len(whole)):
        (home / ".claude/.credentials.json").write_text(whole[:length])
        assert [(each.file, each.name) for each in halves(_places(home))] == [
            (f"{home}/.claude/.credentials.json", "Claude Code")
        ]
    keeper = keeper_in(tmp_path)
    taken = adopt(
        keeper, offers(keeper, _places(home)), wanted=lambda _each: True, halves=halves(_places(home))
    )
    assert {each.name: each.skipped is None for each in taken.values} == {
        "gh/ghe.example.org": True,
        "gh/github.com": True,
        "netrc/git.example.org": True,
        "Claude Code": False,
    }
    assert not taken.complete
    assert "claude-code" not in {each.name for each in keeper.entries()}
    (home / ".claude/.credentials.json").write_text(whole)
    assert halves(_places(home)) == ()
