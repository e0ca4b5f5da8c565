"""What tests of several rooms share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ringfence.app.demo import build

# Machines are noisy: nothing is judged by the clock. A run of CI says something of the change alone; the
# fuzzers, and runs at home, look for what is new.
settings.register_profile("ringfence", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("ringfence")


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests record goes to no ledger of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo home, built once. Only for reading: a test that changes it builds its own.

    One file is 2.2 GB with a hole for data, which a plain copy of the tree would fill.
    """
    return build(tmp_path_factory.mktemp("demo") / "home").path
