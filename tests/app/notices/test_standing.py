"""How the telling goes, as another process reads it: only as long as whoever wrote it lives."""

from pathlib import Path

from ringfence.app.notices.standing import Board, How, Standing, read_board

_ON = Standing(who="desktop", how=How.ON)
_OFF = Standing(who="webhook h:443", how=How.FAILED, why="it answers 503")
_ENDED = Standing(who="notices", how=How.FAILED, why="what tells has ended; see the daemon's log")


def _board(path: Path) -> Board:
    made = Board.at(path)
    assert made is not None
    return made


def test_what_is_shown_is_read_and_what_was_longer_before_leaves_nothing(tmp_path: Path) -> None:
    board = _board(tmp_path / "board")
    board.show((_OFF, _ON))
    assert read_board(tmp_path / "board") == (_OFF, _ON)
    board.show(iter((_ON,)))
    assert read_board(tmp_path / "board") == (_ON,)
    assert (tmp_path / "board").stat().st_mode & 0o777 == 0o600


def test_of_two_writers_one_has_it(tmp_path: Path) -> None:
    board = _board(tmp_path / "board")
    assert Board.at(tmp_path / "board") is None
    board.close()
    assert Board.at(tmp_path / "board") is not None


def test_what_nobody_holds_has_ended(tmp_path: Path) -> None:
    assert read_board(tmp_path / "board") == ()
    board = _board(tmp_path / "board")
    board.show((_ON,))
    board.close()
    assert read_board(tmp_path / "board") == (_ENDED,)


def test_what_is_no_board_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "board"
    board = _board(path)
    for data in (b"", b"[", b"{}", b'[{"who": 1}]', b'[{"who": "x", "how": "up", "why": null}]', b"\xff"):
        path.write_bytes(data)
        assert read_board(path) == ()
    board.close()
    (tmp_path / "link").symlink_to(path)
    assert read_board(tmp_path / "link") == ()
