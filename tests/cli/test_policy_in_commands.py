"""What a policy does to commands that have an effect: they go ahead, are refused, or say what is wrong."""

import http.server
import os
import pickle
import subprocess
import threading
from pathlib import Path

import pytest

import forked
from signing_models import key as private
from signing_models import model, private_pem

_DENIES = """
version: 1
models: {mode: enforce, rules: [{id: no-signing, actions: [model.sign], then: deny, why: Ask release.}]}
runtimes: {mode: enforce, rules: [{actions: [listener.ask], then: deny}]}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".config" / "ringfence").mkdir(parents=True)
    return tmp_path / "home"


def policy(home: Path, text: str) -> Path:
    path = home / ".config" / "ringfence" / "ringfence.yaml"
    path.write_text(text)
    return path


def ringfence(home: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment}
    return forked.ringfence(*arguments, env=variables, cwd=home)


def test_signing_goes_as_far_as_the_policy_lets_it(home: Path) -> None:
    folder, key = model(home / "model"), private_pem(home / "key.pem", private())
    document = policy(home, _DENIES)
    denied = ringfence(home, "sign", str(folder), "--key", str(key))
    assert (denied.returncode, (folder / "model.sig").exists()) == (1, False)
    assert f"denied by rule no-signing ({document}:3): Ask release." in denied.stderr
    policy(home, _DENIES.replace("enforce", "warn"))
    warned = ringfence(home, "sign", str(folder), "--key", str(key))
    assert (warned.returncode, (folder / "model.sig").exists()) == (0, True)
    assert warned.stderr.startswith("ringfence: warning: model.sign model ")
    assert "it goes ahead, as the policy only warns" in warned.stderr


def test_a_broken_policy_is_told_of_and_the_last_good_one_holds(home: Path) -> None:
    folder, key = model(home / "model"), private_pem(home / "key.pem", private())
    policy(home, _DENIES)
    assert ringfence(home, "sign", str(folder), "--key", str(key)).returncode == 1
    document = policy(home, "version: 1\nmodells: {}\n")
    held = ringfence(home, "sign", str(folder), "--key", str(key))
    assert held.returncode == 1
    assert held.stderr.startswith(f"ringfence: warning: {document}:2:1: ")
    assert "; the last good policy stays in force\n" in held.stderr
    assert "denied by rule no-signing" in held.stderr


def test_without_any_good_policy_nothing_is_signed(home: Path) -> None:
    folder, key = model(home / "model"), private_pem(home / "key.pem", private())
    document = policy(home, "version: 1\nmodells: {}\n")
    done = ringfence(home, "sign", str(folder), "--key", str(key))
    assert (done.returncode, (folder / "model.sig").exists()) == (1, False)
    assert done.stderr.startswith(f"ringfence: error: {document}:2:1: ")


class _Server(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


def test_a_port_that_the_policy_says_no_to_hears_nothing_of_a_scan(home: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        policy(home, _DENIES)
        (home / "empty").mkdir()
        done = ringfence(home, "scan", "empty")
        assert (done.returncode, _Server.asked) == (0, 0)
        assert "the policy does not let it be asked" in done.stdout.replace("\n", " ")
        (home / "no-folder").write_text("")
        done = ringfence(home, "scan", "empty", XDG_STATE_HOME=str(home / "no-folder"))
        assert (done.returncode, _Server.asked) == (0, 0)
        assert "no state folder can be made" in " ".join(done.stdout.split())
        policy(home, "version: 1\n")
        assert ringfence(home, "scan", "empty").returncode == 0
        assert _Server.asked > 0
    finally:
        server.shutdown()
        server.server_close()


def test_inspect_tells_of_a_policy_only_where_there_is_something_to_tell(home: Path) -> None:
    (home / "one.pkl").write_bytes(pickle.dumps([0.5]))
    assert "policy" not in ringfence(home, "inspect", "one.pkl").stdout
    policy(home, "version: 1\nlicenses: {experiment: {review: ['llama*']}}\n")
    shown = " ".join(ringfence(home, "inspect", "one.pkl").stdout.split())
    assert "review licenses:2: Using or downloading a model needs an operator's approval if" in shown
