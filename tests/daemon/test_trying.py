"""What a proxy lacks on this machine, as `ringfence daemon status` says it."""

import argparse
import errno
import json
from pathlib import Path

import pytest

from ringfence.cli import daemon
from ringfence.daemon import confining
from ringfence.daemon.control import listen
from ringfence.daemon.starting import FOLDER
from ringfence.daemon.trying import proxy_lacks
from ringfence.sandbox.linux import landlock

_NO_LANDLOCK = "Landlock: function not implemented"


@pytest.fixture
def no_landlock(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """As on a kernel that has none; what a proxy lacks there, after what it lacks here."""
    here = proxy_lacks()
    assert here is not None

    def none() -> None:
        raise OSError(errno.ENOSYS, "not in this kernel")

    monkeypatch.setattr(landlock, "restrict_to_nothing", none)
    return (*(each for each in here if not each.startswith("Landlock")), _NO_LANDLOCK)


def _status(monkeypatch: pytest.MonkeyPatch, folder: Path, *, how: str = "text") -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    control = listen(_daemons(folder))
    try:
        daemon.run(argparse.Namespace(what="status", format=how))
    finally:
        control.close()


def _daemons(folder: Path) -> Path:
    return folder / "ringfence" / FOLDER / "0123456789abcdef"


def test_a_layer_that_this_machine_does_not_give_is_named(no_landlock: tuple[str, ...]) -> None:
    assert proxy_lacks() == no_landlock


def test_the_status_says_what_proxies_lack(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    no_landlock: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    _status(monkeypatch, tmp_path)
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == [f"  on this machine its proxies lack {each}" for each in no_landlock]
    _status(monkeypatch, tmp_path, how="json")
    assert json.loads(capsys.readouterr().out)["proxies_lack"] == list(no_landlock)


def test_where_no_proxy_could_serve_nothing_is_known_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(confining, "load_allowing", lambda *_, **__: None)
    _status(monkeypatch, tmp_path)
    said = capsys.readouterr()
    assert said.out.splitlines()[1:] == []
    assert said.err == "ringfence: warning: what its proxies lack on this machine could not be found out\n"


def test_where_no_daemon_runs_nothing_is_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    daemon.run(argparse.Namespace(what="status", format="json"))
    assert json.loads(capsys.readouterr().out)["proxies_lack"] is None
