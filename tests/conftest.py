"""What tests of several rooms share."""

import contextlib
import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from doors import doors_closed
from one_process import pytest_runtest_makereport  # noqa: F401 - pytest finds it here
from ringfence.app.demo import build
from ringfence.ledger import file_ledger

# Machines are noisy: nothing is judged by the clock. A run of CI says something of the change alone; the
# fuzzers, and runs at home, look for what is new.
settings.register_profile("ringfence", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("ringfence")

# What runs in the background of a shell, or under nohup, ignores signals, and so would all that it starts.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

_STAYING = 16  # the shared door, and what libraries open when they are first used

_XDG = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}


def pytest_configure() -> None:
    """Nothing that is collected is garbage: it is not searched, neither now nor when a test makes some."""
    gc.disable()


def pytest_collection_finish() -> None:
    """See `pytest_configure`."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests read no policy of whoever runs them, look at nothing in that home, and record into no ledger
    there; nor do programs that they start.
    """
    home = tmp_path_factory.mktemp("own") / "home"
    home.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name, below in _XDG.items():
            patch.setenv(name, str(home / below))
        patch.delenv("RINGFENCE_LEDGER", raising=False)
        yield


@pytest.fixture(autouse=True)
def _doors_of_a_test() -> Iterator[None]:
    with doors_closed():
        yield


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    """A module leaves no descriptors behind: thousands of tests share a process, and `select` takes 1,024."""
    before = _descriptors()
    with doors_closed():
        yield
    for ledger in tuple(file_ledger._LEDGERS):  # a command that ran in this process keeps its own to the end
        ledger.close()
    if len(_descriptors()) > len(before) + _STAYING:
        gc.collect()  # exceptions that were raised keep what their frames had, in circles
    left = {fd: leads for fd, leads in _descriptors().items() if before.get(fd) != leads}
    assert len(left) <= _STAYING, f"the module leaves these open: {left}"


def _descriptors() -> dict[str, str]:
    """This process's, and where they lead."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
    return found


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo home, built once. Only for reading: a test that changes it builds its own.

    One file is 2.2 GB with a hole for data, which a plain copy of the tree would fill.
    """
    return build(tmp_path_factory.mktemp("demo") / "home").path
