"""`ringfence vault`, as people use it: in processes of its own, with pipes and with a terminal."""

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import forked
from ringfence.app.documents import SCHEMA_FOLDER
from vaults import PEM, TOKEN

_OTHER = "ghp_9ZC7e42F292c6912E7710c838347Ae178Zzz"
_SET = ("set", "github", "--host", "api.github.com")


class Home:
    """A home, and ringfence run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".local" / "state" / "ringfence"
        self.environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def vault(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        return forked.ringfence("vault", *arguments, env=self.environment, cwd=self.folder, given=given)

    def at_terminal(self, *arguments: str, answers: list[bytes]) -> tuple[int, bytes]:
        """Exit status and all that the terminal shows; an answer is typed at each colon without echo."""
        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(
                sys.executable,
                [sys.executable, "-m", "ringfence.cli.main", "vault", *arguments],
                self.environment,
            )
        shown, waiting = b"", list(answers)
        while select.select([screen], [], [], 60)[0]:
            try:
                part = os.read(screen, 4096)
            except OSError:  # nobody has it open any more
                break
            if not part:
                break
            shown += part
            if waiting and shown.endswith(b": "):
                os.write(screen, waiting.pop(0) + b"\n")
        os.close(screen)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def outcome(done: "subprocess.CompletedProcess[str]") -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def test_a_token_from_a_pipe_is_kept_rotated_and_removed(home: Home) -> None:
    assert outcome(home.vault("list")) == (
        0,
        "there is no vault yet: ringfence vault set NAME --host HOST\n",
        "",
    )
    assert outcome(home.vault(*_SET, given=f"{TOKEN}\n")) == (0, "github: kept, for api.github.com\n", "")
    assert outcome(home.vault("rotate", "github", given=_OTHER)) == (0, "github: rotated\n", "")
    listed = home.vault("list").stdout
    assert listed.startswith("github  bearer  for api.github.com\n    made 20")
    assert listed.endswith(", used: unknown\n\nkey: a file of the state folder\n")
    assert outcome(home.vault("rm", "github")) == (0, "github: removed\n", "")
    assert home.vault("list").stdout == "nothing is kept\n\nkey: a file of the state folder\n"


def test_the_list_as_a_document_fits_its_schema(home: Home) -> None:
    home.vault("set", "a", "--kind", "basic", "--part", "user=ann", "--host", "h.example", given="password 1")
    document = json.loads(home.vault("list", "--json").stdout)
    schema = json.loads((SCHEMA_FOLDER / "vault-list-1.json").read_text())
    jsonschema.validate(document, schema)
    (one,) = document["credentials"]
    assert {name: one[name] for name in ("name", "kind", "parts", "hosts", "used_at")} == {
        "name": "a",
        "kind": "basic",
        "parts": [{"name": "user", "value": "ann"}],
        "hosts": ["h.example"],
        "used_at": None,
    }
    assert (document["key"], document["generation"], document["complete"]) == ("file", 1, True)


def test_a_file_is_taken_in_and_told_without_a_value(home: Home) -> None:
    (home.folder / ".env").write_text(f"GITHUB_TOKEN={TOKEN}\nOUR_PASSWORD=hunter2hunter2\n")
    done = home.vault("import", ".env")
    assert outcome(done) == (
        1,
        (
            ".env:1: GITHUB_TOKEN: taken, bearer for api.github.com\n"
            ".env:2: OUR_PASSWORD: left: nobody knows where it is used: name --host, or set it alone\n"
            "The files still hold what was taken: remove it from them.\n"
        ),
        "",
    )
    document = json.loads(home.vault("import", ".env", "--host", "our.example.com", "--json").stdout)
    jsonschema.validate(document, json.loads((SCHEMA_FOLDER / "vault-import-1.json").read_text()))
    assert [each["skipped"] for each in document["values"]] == ["there is one of that name already", None]


def test_a_kind_with_several_secrets_takes_an_object(home: Home) -> None:
    wanted = ("set", "idp", "--kind", "oauth", "--host", "api.example.com")
    parts = ("--part", "token_url=https://auth.example.com/token", "--part", "client_id=app")
    secrets = json.dumps({"refresh_token": "refresh-0123456789", "client_secret": "client-0123456789"})
    assert home.vault(*wanted, *parts, given=secrets).returncode == 0
    done = home.vault("rotate", "idp", given='{"token": "refresh-9876543210"}')
    assert outcome(done) == (
        2,
        "",
        (
            "ringfence: error: standard input holds no such object\n"
            "ringfence: hint: a JSON object with: refresh_token, client_secret\n"
        ),
    )


def test_a_key_in_pem_is_kept(home: Home) -> None:
    parts = ("--part", "app_id=1", "--part", "installation=2", "--host", "api.github.com")
    assert home.vault("set", "app", "--kind", "github-app", *parts, given=PEM).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "github", TOKEN, "--host", "api.github.com"),
        ("set", TOKEN, "--host", "api.github.com"),
        ("set", "github", "--host", "api.github.com", "--part", f"token={TOKEN}"),
        ("set", "github", "--host", "api.github.com", "--part", TOKEN),
        ("set", "github", "--host", "api.github.com", "--part", f"{TOKEN}=x"),
        ("set", "github", "--host", TOKEN),
        ("set", "github", "--host", "api.github.com", "--path", TOKEN),
        ("set", "github", "--host", "api.github.com", "--method", TOKEN),
        ("set", "github", "--host", "api.github.com", "--kind", TOKEN),
        ("rotate", "github", TOKEN),
        ("rm", TOKEN),
        ("rotate", TOKEN),
    ],
)
def test_a_value_in_an_argument_is_refused_and_not_repeated(home: Home, arguments: tuple[str, ...]) -> None:
    done = home.vault(*arguments, given=_OTHER)
    assert done.returncode == 2
    assert done.stderr.startswith("ringfence: error: ")
    assert TOKEN not in done.stdout + done.stderr and _OTHER not in done.stdout + done.stderr
    assert not (home.state / "vault").exists()


@pytest.mark.parametrize(
    "given", ["", "\n", "short", "two\nlines-of-it", "bad\x1b[31mtoken", "x" * 2_000_000]
)
def test_a_value_that_does_not_do_is_refused_and_not_repeated(home: Home, given: str) -> None:
    done = home.vault(*_SET, given=given)
    assert done.returncode == 2
    assert not given.strip() or given.strip() not in done.stdout + done.stderr
    assert not (home.state / "vault").exists()


def test_at_a_terminal_values_are_asked_for_and_not_shown(home: Home) -> None:
    status, shown = home.at_terminal(*_SET, answers=[TOKEN.encode()])
    assert (status, shown) == (0, b"the token: \r\ngithub: kept, for api.github.com\r\n")


def test_a_passphrase_is_asked_for_twice_when_new_and_once_to_open(home: Home) -> None:
    home.vault(*_SET, given=TOKEN)
    words = b"several strange words"
    status, shown = home.at_terminal("key", "passphrase", answers=[words, b"some other words here"])
    assert (status, b"these were two passphrases" in shown) == (3, True)
    status, shown = home.at_terminal("key", "passphrase", answers=[words, words])
    assert (status, words in shown) == (0, False)
    assert shown.endswith(b"encrypted anew; key: your passphrase\r\n")
    status, shown = home.at_terminal("list", answers=[words])
    assert (status, b"key: your passphrase" in shown, words in shown) == (0, True, False)
    status, shown = home.at_terminal("list", answers=[b"not the words of it"])
    assert (status, b"the passphrase is another" in shown) == (3, True)
    assert outcome(home.vault("list")) == (
        3,
        "",
        (
            "ringfence: error: the vault's passphrase is asked for, and nobody is there\n"
            "ringfence: hint: use --passphrase-file\n"
        ),
    )
    (home.folder / "words").write_bytes(words + b"\n")
    assert home.vault("key", "file", "--passphrase-file", "words").returncode == 0
    assert home.vault("list").stdout.endswith("key: a file of the state folder\n")


def test_a_vault_that_was_cut_says_what_to_do_and_that_does_it(home: Home) -> None:
    home.vault(*_SET, given=TOKEN)
    vault = home.state / "vault"
    vault.write_bytes(vault.read_bytes()[:100])
    done = home.vault("list")
    assert outcome(done) == (
        3,
        "",
        (
            f"ringfence: error: {vault}: the vault was cut or changed\n"
            "ringfence: hint: ringfence vault restore puts the copy back, or a file that you kept\n"
        ),
    )
    assert outcome(home.vault("restore")) == (0, "restored: github\n", "")
    assert home.vault("list").returncode == 0


def test_the_policy_can_refuse_and_the_exit_status_says_so(home: Home) -> None:
    config = home.folder / ".config" / "ringfence"
    config.mkdir(parents=True)
    rules = "version: 1\nagents: {mode: enforce, rules: [{id: no, actions: credential.keep, then: deny}]}\n"
    (config / "ringfence.yaml").write_text(rules)
    done = home.vault(*_SET, given=TOKEN)
    assert done.returncode == 1
    assert done.stderr.startswith("ringfence: error: credential.keep")
    assert TOKEN not in done.stderr


def _with_logins(home: Home) -> None:
    (home.folder / ".netrc").write_text("machine git.example.org login ann password correct-horse\n")
    (home.folder / ".npmrc").write_text(f"//npm.example.org/:_authToken={TOKEN}\n")


def test_without_a_yes_logins_are_only_said(home: Home) -> None:
    _with_logins(home)
    ran = home.vault("adopt")
    assert ran.returncode == 0
    assert ran.stderr.endswith("nobody can be asked here: they are only listed; --yes takes them in\n")
    assert ran.stdout == (
        f"{home.folder}/.npmrc:1: npm/npm.example.org: left: not asked for\n"
        f"{home.folder}/.netrc:1: netrc/git.example.org: left: not asked for\n"
    )
    assert home.vault("list").stdout.startswith("there is no vault yet")


def test_with_a_yes_to_all_logins_are_taken_and_no_value_is_shown(home: Home) -> None:
    _with_logins(home)
    ran = home.vault("adopt", "--yes", "--format", "json")
    shown = json.loads(ran.stdout)
    jsonschema.validate(shown, json.loads((SCHEMA_FOLDER / "vault-import-1.json").read_text()))
    assert [(each["name"], each["skipped"]) for each in shown["values"]] == [
        ("npm/npm.example.org", None),
        ("netrc/git.example.org", None),
    ]
    assert TOKEN not in ran.stdout + ran.stderr and "correct-horse" not in ran.stdout + ran.stderr
    again = home.vault("adopt", "--yes")
    assert "netrc/git.example.org: left: there is one of that name already" in again.stdout


def test_at_a_terminal_each_login_is_asked_about(home: Home) -> None:
    _with_logins(home)
    code, shown = home.at_terminal("adopt", answers=[b"n", b"y"])
    assert code == 0
    assert b"npm/npm.example.org, bearer for npm.example.org: take it in? [y/N]: " in shown
    assert b"stay as they are" in shown
    listed = home.vault("list").stdout
    assert "netrc/git.example.org" in listed and "npm/" not in listed
