from pathlib import Path

import pytest

from ringfence.app.feeds import read
from ringfence.core.errors import UsageError


def test_feeds_are_read_together_and_none_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text(f"{'a' * 64} worm\n")
    (tmp_path / "approved.json").write_text(
        '{"schema": "ringfence.approved/1", "models": [{"name": "acme/chat"}]}'
    )
    found = read([tmp_path / "bad", tmp_path / "approved.json"])
    assert found.bad_digests == {"a" * 64: "worm"}
    assert [each.name for each in found.approved] == ["acme/chat"]
    assert not read([]).bad_digests


def test_a_feed_that_cannot_be_read_whole_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text(f"{'a' * 64} worm\nnonsense\n")
    with pytest.raises(UsageError, match="no feed \\(a sha256 that is none\\)"):
        read([tmp_path / "bad"])
    with pytest.raises(UsageError, match="there is no such file"):
        read([tmp_path / "none"])
